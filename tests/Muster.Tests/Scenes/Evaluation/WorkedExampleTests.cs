using System.Text.Json;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Evaluation;

/// <summary>Every number of the worked example, to eight digits.</summary>
public sealed class WorkedExampleTests
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Recorded", "droid-slam", "eval");
    private static Trajectory Reference { get; } = TrajectoryFile.Read(Path.Combine(Folder, "gt_tum.txt"));
    private static Trajectory Estimate { get; } = TrajectoryFile.Read(Path.Combine(Folder, "est_tum.txt"));
    private static JsonElement Expected { get; } =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json"))).RootElement;

    public static TheoryData<string> Cases => ["greedy_0.02", "nearest_0.01"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Poses_are_paired_as_expected(string name)
    {
        var pairs = ModeOf(name)
            .Pair(Reference, Estimate)
            .Select(pair => (Reference.Times[pair.Reference], Estimate.Times[pair.Estimate]));
        Assert.Equal(
            Expected
                .GetProperty(name)
                .GetProperty("pairs")
                .EnumerateArray()
                .Select(pair => (pair[0].GetDouble(), pair[1].GetDouble())),
            pairs
        );
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Absolute_errors_are_the_expected_ones(string name)
    {
        var expected = Expected.GetProperty(name);
        Same(expected.GetProperty("ate_no_alignment"), AbsoluteError.Of(Matched(name, AlignmentMode.None)).Translation);
        foreach (
            var (mode, key) in ((AlignmentMode, string)[])[(AlignmentMode.Se3, "se3"), (AlignmentMode.Sim3, "sim3")]
        )
        {
            var (poses, wanted) = (Matched(name, mode), expected.GetProperty(key));
            Same(wanted.GetProperty("scale").GetDouble(), poses.Alignment.Scale);
            var r = poses.Alignment.Rotation;
            Same(
                [.. wanted.GetProperty("rotation_row_major").EnumerateArray().Select(one => one.GetDouble())],
                [r.M11, r.M12, r.M13, r.M21, r.M22, r.M23, r.M31, r.M32, r.M33]
            );
            Same(
                [.. wanted.GetProperty("translation").EnumerateArray().Select(one => one.GetDouble())],
                [poses.Alignment.Translation.X, poses.Alignment.Translation.Y, poses.Alignment.Translation.Z]
            );
            var errors = AbsoluteError.Of(poses);
            Same(
                [.. wanted.GetProperty("per_pose_m").EnumerateArray().Select(one => one.GetDouble())],
                errors.Translation
            );
            Same(wanted.GetProperty("ate_translation_m"), errors.Translation);
            Same(wanted.GetProperty("ape_rotation_deg"), errors.Degrees);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Relative_errors_are_the_expected_ones(string name)
    {
        foreach (
            var (mode, key) in ((AlignmentMode, string)[])[(AlignmentMode.Se3, "se3"), (AlignmentMode.Sim3, "sim3")]
        )
        {
            var (poses, wanted) = (Matched(name, mode), Expected.GetProperty(name).GetProperty(key));
            foreach (var convention in (RelativeConvention[])[RelativeConvention.Evo, RelativeConvention.Tum])
            {
                var errors = RelativeError.Of(poses, Delta.OneFrame, convention);
                Same(
                    wanted.GetProperty($"rpe_delta1frame_{convention.ToString().ToLowerInvariant()}_translation_m"),
                    errors.Translation
                );
                Same(
                    wanted.GetProperty($"rpe_delta1frame_{convention.ToString().ToLowerInvariant()}_rotation_deg"),
                    errors.Degrees
                );
            }
            Same(
                wanted.GetProperty("rpe_delta2frames_evo_all_pairs_translation_m"),
                RelativeError.Of(poses, new(2, DeltaUnit.Frames, AllPairs: true), RelativeConvention.Evo).Translation
            );
            Same(
                wanted.GetProperty("rpe_delta2frames_evo_consecutive_translation_m"),
                RelativeError.Of(poses, new(2, DeltaUnit.Frames, AllPairs: false), RelativeConvention.Evo).Translation
            );
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TartanAirs_own_way_is_met(string name)
    {
        var poses = Matched(name, AlignmentMode.None);
        var (scale, rmse) = AbsoluteError.TartanAir(
            [.. poses.Estimate.Select(pose => pose.Position)],
            [.. poses.Reference.Select(pose => pose.Position)]
        );
        Same(Expected.GetProperty(name).GetProperty("tartanair_scaled").GetProperty("scale").GetDouble(), scale);
        Same(Expected.GetProperty(name).GetProperty("tartanair_scaled").GetProperty("ate_rmse_m").GetDouble(), rmse);
    }

    [Fact]
    public void Two_poses_and_a_straight_line_are_told()
    {
        var two = new Trajectory([0, 1], [Pose.None, Pose.None]);
        Assert.Equal(
            SceneFault.TooFewPairs,
            Assert
                .Throws<SceneException>(() => MatchedPoses.Of(two, two, Association.Default, AlignmentMode.Sim3))
                .Fault
        );
        var line = new Trajectory(
            [.. Enumerable.Range(0, 50).Select(i => (double)i)],
            [.. Enumerable.Range(0, 50).Select(i => new Pose(i * new Vec3(0.1, 0.7, -0.3), Rotation.None))]
        );
        Assert.Equal(
            SceneFault.NoAlignment,
            Assert
                .Throws<SceneException>(() => MatchedPoses.Of(line, line, Association.Default, AlignmentMode.Sim3))
                .Fault
        );
        var still = line with { Poses = [.. line.Poses.Select(_ => new Pose(new(1.1, 2.2, 3.3), Rotation.None))] };
        Assert.Equal(
            SceneFault.NoAlignment,
            Assert
                .Throws<SceneException>(() => MatchedPoses.Of(still, line, Association.Default, AlignmentMode.Sim3))
                .Fault
        );
    }

    private static Association ModeOf(string name) =>
        name.StartsWith('g') ? new(AssociationMode.Greedy, 0.02) : new(AssociationMode.Nearest, 0.01);

    private static MatchedPoses Matched(string name, AlignmentMode mode) =>
        MatchedPoses.Of(Reference, Estimate, ModeOf(name), mode);

    private static void Same(JsonElement expected, double[] errors)
    {
        var ours = ErrorStatistics.Of(errors);
        Assert.Equal(expected.GetProperty("n").GetInt32(), ours.Count);
        Same(
            [
                .. ((string[])["rmse", "mean", "median", "std", "min", "max", "sse"]).Select(key =>
                    expected.GetProperty(key).GetDouble()
                ),
            ],
            [ours.Rmse, ours.Mean, ours.Median, ours.Std, ours.Min, ours.Max, ours.Sse]
        );
    }

    private static void Same(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        foreach (var (one, other) in expected.Zip(actual))
            Same(one, other);
    }

    private static void Same(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-8 * Math.Abs(expected), $"{actual:R} is not {expected:R}");
}
