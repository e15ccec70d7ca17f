using Muster.Faults;
using Muster.Scenes.Drawing;
using Muster.Scenes.Evaluation;
using Muster.Scenes.Formats.Colmap;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>What an export writes besides the cloud.</summary>
public sealed class ExportFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ImageNames _names = ImageNames.Read(WorkedExample.NamesFile);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ColmapForm.Text)]
    [InlineData(ColmapForm.Binary)]
    public void A_COLMAP_model_holds_the_cameras_and_the_cloud(ColmapForm form)
    {
        Export(WorkedExample.Options with { Colmap = form, Scale = 2 });
        var model = ColmapReader.Open(_folder["out/colmap"]);
        var camera = Assert.Single(model.Cameras);
        Assert.Equal((1u, "PINHOLE", 16, 8), (camera.Id, camera.Model, camera.Width, camera.Height));
        Assert.Equal([14, 14, 8.5, 4.5], camera.Parameters);
        using var scene = Reconstruction.Open(_folder["reconstruction.pth"]);
        Assert.Equal(7, model.Images.Count);
        foreach (var (image, pose) in model.Images.Zip(scene.WorldToCamera))
        {
            Assert.True((image.WorldToCamera.Position - (2 * pose.Position)).Length < 1e-8);
            Assert.True((image.WorldToCamera.Rotation.Inverse * pose.Rotation).Angle < 1e-8);
            Assert.True(File.Exists(_folder[$"out/images/{image.Name}"]));
        }
        var cloud = WorkedExampleTests.Points(_folder["out/points.ply"]);
        Assert.Equal(
            cloud.Select(point => (point.Red, point.Green, point.Blue)),
            model.Points().Select(point => (point.Red, point.Green, point.Blue))
        );
        Assert.All(
            model.Points().Zip(cloud),
            pair => Assert.True((pair.First.Position - pair.Second.Position).Length < 1e-6)
        );
    }

    [Fact]
    public void The_text_is_as_the_worked_example_has_it()
    {
        Export(WorkedExample.Options with { Colmap = ColmapForm.Text });
        var lines = File.ReadAllText(_folder["out/colmap/images.txt"]).Split('\n');
        var at = Array.FindIndex(lines, line => line.StartsWith("4 ", StringComparison.Ordinal));
        // What is stored is a unit quaternion to eight digits only; ours is one to all.
        double[] expected =
        [
            4,
            0.999625027,
            -0.004999375,
            -0.024996875,
            0.009998750,
            -0.147885501,
            -0.023315845,
            -0.037232365,
            1,
        ];
        Assert.Equal(
            expected,
            lines[at]
                .Split(' ')[..9]
                .Select(word => double.Parse(word, System.Globalization.CultureInfo.InvariantCulture)),
            EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) < 1e-8)
        );
        Assert.Equal("", lines[at + 1]);
        Assert.Contains(
            "1 PINHOLE 16 8 14 14 8.5 4.5",
            File.ReadAllText(_folder["out/colmap/cameras.txt"]),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Images_and_depths_are_those_of_the_key_frames()
    {
        var report = Export(
            WorkedExample.Options with
            {
                Images = true,
                DepthMaps = true,
                Keyframes = 2..4,
                Scale = 3,
            }
        );
        Assert.Contains("images/", report.Files);
        var disparities = WorkedExample.Numbers("disps_full.txt");
        var times = WorkedExample.Numbers("tstamps.txt");
        Assert.Equal(2, Directory.GetFiles(_folder["out/images"]).Length);
        foreach (var k in (int[])[2, 3])
        {
            var name = Path.GetFileNameWithoutExtension(_names.Names[(int)times[k] * 2]);
            var image = PngReader.Read(_folder[$"out/images/{name}.png"]);
            for (var y = 0; y < 8; y++)
            for (var x = 0; x < 16; x++)
                Assert.Equal(
                    new Ink((byte)((7 * x) + (11 * y) + (13 * k)), (byte)((20 * y) + (5 * k)), (byte)((10 * k) + x)),
                    image[x, y]
                );
            using var depth = TensorFile.Open(_folder[$"out/depth/{name}.npy"]);
            Assert.Equal([8, 16], depth.Get(name).Shape);
            Assert.Equal(
                disparities.Skip(128 * k).Take(128).Select(d => 3 / d),
                depth.Get(name).ToDoubles(),
                EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) < 1e-5 * a)
            );
        }
    }

    [Fact]
    public void Files_of_key_frames_never_share_a_name()
    {
        Assert.Equal(
            ["a", "a-keyframe1", "000009", "c"],
            FrameNames.Of([0, 0, 9, 1], 2, new(["a.png", "b.png", "c.png"]))
        );
        Assert.Equal(["000004", "000004-keyframe1"], FrameNames.Of([4, 4], 1, null));
    }

    [Fact]
    public void The_scale_that_fits_is_found()
    {
        using var scene = Reconstruction.Open(WorkedExample.Put(_folder, "reconstruction.pth"));
        var timestamps = Timestamps.Read("index", 2, null, null, 19);
        var move = new Similarity(2.5, new Chance(1).Rotation().ToMatrix(), new(1, 2, 3));
        var truth = new Trajectory(scene.Times, [.. scene.WorldToCamera.Select(pose => move.Apply(pose.Inverse))]);
        Assert.Equal(2.5, ScaleFit.Of(scene, timestamps, truth, Association.Default), 1e-9);
    }

    [Fact]
    public void KITTI_has_a_matrix_a_line_and_a_folder_that_cannot_be_written_is_told()
    {
        Export(WorkedExample.Options with { Kitti = true, CamerasPly = true });
        using var scene = Reconstruction.Open(_folder["reconstruction.pth"]);
        var back = TrajectoryFile.Read(_folder["out/trajectory.kitti"]);
        Assert.All(
            back.Poses.Zip(scene.WorldToCamera),
            pair => Assert.True((pair.First * pair.Second).Position.Length < 1e-7)
        );
        Assert.Equal(56, WorkedExampleTests.Points(_folder["out/cameras.ply"]).Count);
        _folder.Put("file", [1]);
        Assert.Throws<UserException>(() => Export(WorkedExample.Options, "file/out"));
    }

    private ExportReport Export(ExportOptions options, string to = "out")
    {
        using var scene = Reconstruction.Open(WorkedExample.Put(_folder, "reconstruction.pth"));
        return new SceneExport(scene, Timestamps.Read(null, 2, _names, null, 19), _names, options, _folder[to]).Run(
            null,
            CancellationToken.None
        );
    }
}
