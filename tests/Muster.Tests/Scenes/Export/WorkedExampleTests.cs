using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>Every number of the worked example, from every container.</summary>
public sealed class WorkedExampleTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("reconstruction.pth")]
    [InlineData("reconstruction_newlayout.pth")]
    [InlineData("arrays")]
    public void Every_container_holds_the_arrays_of_the_text_files(string container)
    {
        using var file = TensorFile.Open(WorkedExample.Put(_folder, container));
        Assert.Equal(WorkedExample.Numbers("poses_w2c.txt"), file.Get("poses").ToDoubles(), Near(1e-9));
        Assert.Equal(WorkedExample.Numbers("tstamps.txt"), file.Get("tstamps").ToDoubles());
        Assert.Equal(WorkedExample.Numbers("disps_full.txt"), file.Get("disps").ToDoubles(), Near(1e-9));
        Assert.Equal(
            Enumerable.Repeat(WorkedExample.Numbers("intrinsics_eighth.txt"), 7).SelectMany(row => row),
            file.Get("intrinsics").ToDoubles()
        );
        Assert.Equal([7, 3, 8, 16], file.Get("images").Shape);
        Assert.Equal(ElementType.UInt8, file.Get("images").Type);
        var images = file.Get("images").ToDoubles();
        for (var i = 0; i < images.Length; i++)
        {
            var (k, channel, y, x) = (i / 384, i / 128 % 3, i / 16 % 8, i % 16);
            Assert.Equal(
                channel switch
                {
                    0 => (10 * k) + x,
                    1 => (20 * y) + (5 * k),
                    _ => (7 * x) + (11 * y) + (13 * k),
                } % 256,
                images[i]
            );
        }
    }

    [Theory]
    [InlineData(0.05, "expected_counts_t0.05.txt")]
    [InlineData(0.005, "expected_counts_t0.005.txt")]
    public void The_counts_are_the_expected_ones(double threshold, string expected)
    {
        using var scene = Reconstruction.Open(WorkedExample.Put(_folder, "reconstruction.pth"));
        var grid = WorkingGrid.Load(scene, ExportPreset.Default, null, CancellationToken.None);
        Assert.Equal((4, 8, new Pinhole(7, 7, 4, 2)), (grid.Height, grid.Width, grid.Camera));
        Assert.Equal(0.40092717, grid.Mean, 1e-8);
        var votes = Votes.Count(grid, scene.WorldToCamera, threshold, symmetric: false, null, CancellationToken.None);
        Assert.Equal(WorkedExample.Numbers(expected), votes.SelectMany(plane => plane).Select(count => (double)count));
    }

    [Theory]
    [InlineData("reconstruction.pth", PlyFormat.Binary, false)]
    [InlineData("reconstruction_newlayout.pth", PlyFormat.Ascii, false)]
    [InlineData("arrays", PlyFormat.Binary, true)]
    public void The_cloud_is_the_expected_one(string container, PlyFormat format, bool doubles)
    {
        var report = Export(container, WorkedExample.Options with { Ply = format, PlyDoubles = doubles });

        Assert.Equal([88, 26, 24, 86, 0, 0, 0], report.Votes);
        Assert.Equal([14, 12, 21, 17, 21, 18, 0], report.PointsByKeyframe);
        Assert.Equal(103, report.Points);
        Near(new(0.081115, -0.045065, 2.020279), report.Centroid!.Value, 1e-6);
        Near(new(-0.902500, -0.359462, 1.774375), report.Bounds!.Min, 1e-6);
        Near(new(1.031977, 0.308462, 2.257994), report.Bounds.Max, 1e-6);
        var cloud = Points(_folder["out/points.ply"]);
        var expected = Points(
            _folder.Put("expected.ply", System.Text.Encoding.ASCII.GetBytes(WorkedExample.Text("expected_cloud.ply")))
        );
        Assert.Equal(expected.Count, cloud.Count);
        foreach (var (ours, theirs) in cloud.Zip(expected))
        {
            Near(theirs.Position, ours.Position, 2e-6);
            Assert.Equal((theirs.Red, theirs.Green, theirs.Blue), (ours.Red, ours.Green, ours.Blue));
            Assert.Equal(2 + (0.25 * ours.Position.X), ours.Position.Z, 1e-6);
        }
        Assert.Equal(new(50, 40, 4), (cloud[0].Red, cloud[0].Green, cloud[0].Blue));
        Near(new(1.031977, 0.304568, 2.257994), cloud[^1].Position, 1e-6);
        Assert.Equal((215, 145, 62), (cloud[^1].Red, cloud[^1].Green, cloud[^1].Blue));
    }

    [Fact]
    public void The_ratio_alone_removes_what_it_should()
    {
        var without = Export(
            "reconstruction.pth",
            WorkedExample.Options with
            {
                Filter = WorkedExample.Options.Filter with { Ratio = 0 },
            }
        );
        Assert.Equal([15, 13, 22, 17, 21, 22, 0], without.PointsByKeyframe);
    }

    [Fact]
    public void The_pixel_reckoned_by_hand_is_met()
    {
        using var scene = Reconstruction.Open(WorkedExample.Put(_folder, "reconstruction.pth"));
        var grid = WorkingGrid.Load(scene, ExportPreset.Default, null, CancellationToken.None);
        var d = grid.Disparities[3][8 + 5];
        Assert.Equal(0.46962982, d, 1e-7);
        var ray = new Vec3(1.0 / 7, -1.0 / 7, 1);
        Near(new(0.553794, -0.312467, 2.138449), scene.WorldToCamera[3].Inverse.Apply((1 / d) * ray), 1e-6);
        foreach (
            var (j, u, v, depth) in ((int, double, double, double)[])
                [
                    (2, 5.4995, 0.9675, 2.11845),
                    (1, 5.6569, 0.9066, 2.12845),
                    (0, 5.8128, 0.9772, 2.13845),
                    (6, 20.4604, 4.6692, -0.81943),
                ]
        )
        {
            var seen = (scene.WorldToCamera[j] * scene.WorldToCamera[3].Inverse).Apply((1 / d) * ray);
            Assert.Equal(u, (7 * seen.X / seen.Z) + 4, 1e-4);
            Assert.Equal(v, (7 * seen.Y / seen.Z) + 2, 1e-4);
            Assert.Equal(depth, seen.Z, 1e-5);
        }
    }

    [Fact]
    public void The_key_frames_are_written_as_expected()
    {
        Export("reconstruction.pth", WorkedExample.Options);
        var lines = File.ReadAllLines(_folder["out/keyframes.tum"]);
        var expected = WorkedExample
            .Text("expected_keyframes_tum.txt")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            expected.Skip(1).Select(line => line.Split(' ')[0]),
            lines.Skip(1).Select(line => line.Split(' ')[0])
        );
        var (ours, theirs) = (
            TrajectoryFile.Read(_folder["out/keyframes.tum"]),
            TrajectoryFile.Read(_folder.Put("t.tum", System.Text.Encoding.ASCII.GetBytes(string.Join('\n', expected))))
        );
        foreach (var (one, other) in ours.Poses.Zip(theirs.Poses))
        {
            Near(other.Position, one.Position, 1e-7);
            Near(
                new(other.Rotation.X, other.Rotation.Y, other.Rotation.Z),
                new(one.Rotation.X, one.Rotation.Y, one.Rotation.Z),
                1e-7
            );
        }
    }

    [Fact]
    public void At_the_default_threshold_the_cloud_is_empty_and_says_why()
    {
        var report = Export("reconstruction.pth", new());
        Assert.Equal(0, report.Points);
        Assert.Equal([179, 45, 0, 0, 0, 0, 0], report.Votes);
        Assert.Equal([607, 608], report.Warnings.Select(warning => warning.Code));
    }

    private ExportReport Export(string container, ExportOptions options)
    {
        using var scene = Reconstruction.Open(WorkedExample.Put(_folder, container));
        var times = Timestamps.Read(null, 2, ImageNames.Read(WorkedExample.NamesFile), null, 19);
        return new SceneExport(scene, times, ImageNames.Read(WorkedExample.NamesFile), options, _folder["out"]).Run(
            null,
            CancellationToken.None
        );
    }

    internal static List<ScenePoint> Points(string path)
    {
        using var cloud = PlyCloud.Open(path);
        return [.. cloud.Read(CancellationToken.None).SelectMany(batch => batch.ToArray())];
    }

    private static void Near(Vec3 expected, Vec3 actual, double within) =>
        Assert.True(
            expected - actual is var off
                && Math.Max(Math.Abs(off.X), Math.Max(Math.Abs(off.Y), Math.Abs(off.Z))) <= within,
            $"{expected} is not {actual}"
        );

    private static EqualityComparer<double> Near(double within) =>
        EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) <= within);
}
