using System.Runtime.CompilerServices;
using Muster.Scenes.Evaluation;
using Muster.Scenes.Export;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes;

/// <summary>
/// The sample of the README: a room whose surfaces are known, as DROID-SLAM would save it. With <c>RECORD=1</c> it is
/// made anew.
/// </summary>
public sealed class SampleTests : IDisposable
{
    private const int Keyframes = 10,
        Tracked = 19;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sample_is_what_the_renderer_makes()
    {
        var sample = Environment.GetEnvironmentVariable("RECORD") == "1" ? Sample() : _folder["room"];
        Make(sample);
        using TensorFile ours = TensorFile.Open(sample),
            kept = TensorFile.Open(Sample());
        foreach (var (name, tensor) in ours.Tensors)
        {
            Assert.Equal(tensor.Shape, kept.Get(name).Shape);
            // Other processors may round another way.
            Assert.Equal(
                tensor.ToDoubles(),
                kept.Get(name).ToDoubles(),
                EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) <= (name == "images" ? 1 : 1e-5))
            );
        }
        foreach (var name in (string[])["names.txt", "groundtruth.txt"])
            Assert.Equal(File.ReadAllText(Path.Combine(sample, name)), File.ReadAllText(Path.Combine(Sample(), name)));
    }

    [Fact]
    public void What_the_README_does_with_it_comes_out_right()
    {
        using var scene = Reconstruction.Open(Sample());
        var names = ImageNames.Read(Path.Combine(Sample(), "names.txt"));
        var truth = TrajectoryFile.Read(Path.Combine(Sample(), "groundtruth.txt"));
        var times = Timestamps.Read(null, null, names, Tracked, Tracked - 1);
        var options = new ExportOptions
        {
            Filter = ExportPreset.Default with { Threshold = 0.03, Count = 2, Subsample = 1 },
            Scale = ScaleFit.Of(scene, times, truth, Association.Default),
        };
        var report = new SceneExport(scene, times, names, options, _folder["out"]).Run(null, CancellationToken.None);

        Assert.Equal(("filename", 1, Tracked), (report.Timestamps, report.Stride, report.TrackedFrames));
        Assert.InRange(report.Points, 40_000, 61_440);
        Assert.All(
            Export.WorkedExampleTests.Points(_folder["out/points.ply"]),
            point => Assert.True(SyntheticScene.Distance(point.Position) < 0.01)
        );
        var errors = AbsoluteError.Of(
            MatchedPoses.Of(
                truth,
                TrajectoryFile.Read(_folder["out/trajectory.tum"]),
                Association.Default,
                AlignmentMode.Sim3
            )
        );
        Assert.InRange(ErrorStatistics.Of(errors.Translation).Rmse, 0.001, 0.01);
    }

    private static void Make(string folder)
    {
        var room = new SyntheticScene(Keyframes, 64, 96);
        var metres = room.WriteReconstruction(folder);
        var (path, chance) = (new SyntheticScene(Tracked, 64, 96).CameraToWorld, new Chance(1));
        // What a tracker finds: a few millimetres off, in units of its own.
        using (var file = File.Create(Path.Combine(folder, "traj_est.npy")))
            NpyFile.Write<float>(
                file,
                SyntheticScene.Rows(
                    path.Select(pose => new Pose((1 / metres) * (pose.Position + chance.Vector(0.005)), pose.Rotation))
                ),
                Tracked,
                7
            );
        var times = Enumerable.Range(0, Tracked).Select(i => 1_700_000_000 + (i / 15.0)).ToArray();
        File.WriteAllLines(Path.Combine(folder, "names.txt"), times.Select(time => $"{time:F6}.png"));
        using var truth = new StreamWriter(Path.Combine(folder, "groundtruth.txt")) { NewLine = "\n" };
        TrajectoryWriter.Tum(truth, new Trajectory(times, path));
    }

    private static string Sample([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "samples", "room"));
}
