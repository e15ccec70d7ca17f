namespace Muster.Runs.Measures;

/// <summary>What runs were given, read from their commands and plans.</summary>
public sealed class ParametersTests
{
    [Fact]
    public void Options_of_the_command_are_parameters_and_those_that_differ_are_told()
    {
        var one = Of(null, "python", "train.py", "--lr", "0.1", "--wd=-1", "model.depth=3", "--fast", "-n", "-2");
        var other = Of(null, "python", "train.py", "--lr", "0.2", "--wd=-1", "model.depth=3", "-n", "-2");

        Assert.Equal(
            ("0.1", "-1", "3", "yes", "-2"),
            (one["lr"], one["wd"], one["model.depth"], one["fast"], one["n"])
        );
        Assert.Equal("python train.py", one["command"]);
        Assert.Equal(["lr", "fast"], Parameters.Differing([one, other]));
    }

    [Fact]
    public void A_point_of_a_sweep_says_what_its_command_leaves_open()
    {
        var point = new SweepPoint(0, new Dictionary<string, string> { ["lr"] = "0.5" });

        Assert.Equal("0.5", Of(point, "train", "--lr", "{lr}")["lr"]);
    }

    private static IReadOnlyDictionary<string, string> Of(SweepPoint? point, params string[] command) =>
        Parameters.Of(
            new()
            {
                Id = RunId.New(TimeProvider.System),
                Name = "x",
                Site = "s",
                Command = command,
                WorkingFolder = "/",
            },
            point
        );
}
