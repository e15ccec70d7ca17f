using Muster.Faults;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Evaluation;

public sealed class SuiteEvaluationTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Published_means_are_those_of_their_rows()
    {
        foreach (var suite in PublishedSuite.All.Where(suite => suite.Errors.Count > 0))
            Assert.Equal(
                suite.Mean!.Value,
                suite.Errors.Average(error => error.Rmse),
                suite.Name == "tartanair" ? 0.0051 : 0.00056
            );
    }

    [Fact]
    public void The_median_of_the_runs_decides()
    {
        Put("ref/desk.txt", Truth, 0);
        Put("out/desk/1/trajectory.tum", Truth, 0.010);
        Put("out/desk/2/trajectory.tum", Truth, 0.2);
        Put("out/desk/3/trajectory.tum", Truth, 0.015);
        var result = Judge("tum");
        var desk = result.Sequences.Single(sequence => sequence.Sequence == "desk");
        Assert.Equal((3, true), (desk.Runs, desk.Passed));
        Assert.Equal(0.018, desk.Published);
        Assert.Equal(0.032, desk.Allowed!.Value, 1e-12);
        Assert.InRange(desk.Rmse!.Value, 0.008, 0.02);
        Assert.False(result.Passed);
        Assert.Null(result.Mean);
        Assert.All(
            result.Sequences.Where(sequence => sequence != desk),
            sequence => Assert.StartsWith($"no {sequence.Sequence}.tum", sequence.Fault, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void All_within_what_is_allowed_pass_and_one_beyond_it_does_not()
    {
        foreach (var (name, _) in PublishedSuite.Get("tum").Errors)
        {
            Put($"ref/{name}/groundtruth.txt", Truth, 0);
            Put($"out/{name}.tum", Truth, 0.005);
        }
        Assert.True(Judge("tum").Passed);
        Put("out/xyz.tum", Truth, 0.08);
        var result = Judge("tum");
        Assert.False(result.Passed);
        Assert.Equal(
            ["xyz"],
            result.Sequences.Where(sequence => !sequence.Passed).Select(sequence => sequence.Sequence)
        );
    }

    [Fact]
    public void A_score_adds_up_what_each_sequence_stays_under_eight_centimetres()
    {
        foreach (var name in (string[])["cables", "table"])
        {
            Put($"ref/{name}.txt", Truth, 0);
            Put($"out/{name}.tum", Truth, 0);
        }
        var result = Judge("eth3d");
        Assert.Equal(16, result.Score!.Value, 1e-3);
        Assert.Equal(4, result.ScoreTight!.Value, 1e-3);
        Assert.False(result.Passed);
    }

    [Fact]
    public void TartanAir_wants_lists_of_equal_length()
    {
        Put("ref/MH000.txt", Truth, 0);
        Put("out/MH000.tum", Truth with { Times = Truth.Times[1..], Poses = Truth.Poses[1..] }, 0);
        Put("ref/MH001.txt", Truth, 0);
        Put("out/MH001.tum", Truth, 0);
        var result = Judge("tartanair");
        Assert.Contains("49 poses beside 50", result.Sequences[0].Fault, StringComparison.Ordinal);
        Assert.Equal(0, result.Sequences[1].Rmse!.Value, 1e-6);
    }

    [Fact]
    public void Nothing_to_judge_is_told()
    {
        Assert.Contains(
            "no folder",
            Assert.Throws<UserException>(() => Judge("tum")).Message,
            StringComparison.Ordinal
        );
        Directory.CreateDirectory(_folder["out"]);
        Assert.Contains(
            "no result",
            Assert.Throws<UserException>(() => Judge("tum")).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(ExitCodes.Usage, Assert.Throws<UserException>(() => Judge("kitti")).ExitCode);
    }

    private static Trajectory Truth { get; } = new Chance(7).Trajectory(50);

    private SuiteResult Judge(string suite) =>
        SuiteEvaluation.Run(PublishedSuite.Get(suite), _folder["out"], _folder["ref"], Association.Default);

    private void Put(string name, Trajectory trajectory, double noise)
    {
        var chance = new Chance(11);
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        using var file = new StreamWriter(_folder[name]);
        TrajectoryWriter.Tum(
            file,
            trajectory with
            {
                Poses = Array.ConvertAll(
                    trajectory.Poses,
                    pose => pose with { Position = pose.Position + chance.Vector(noise) }
                ),
            }
        );
    }
}
