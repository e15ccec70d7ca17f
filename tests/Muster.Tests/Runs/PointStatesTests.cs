using Muster.Sites.Schedulers;

namespace Muster.Runs;

public sealed class PointStatesTests
{
    [Fact]
    public void What_a_silent_host_has_done_is_not_known_and_has_not_failed()
    {
        var run = new Run
        {
            Plan = Plans.Nothing() with { Array = new("0-1", [0, 1], null) },
            Created = DateTimeOffset.UnixEpoch,
            State = new RunState.Ended(Outcome.Failed, 1, DateTimeOffset.UnixEpoch, new("test", "ended")),
        };
        var exit = new StatusRecord(
            "main.0.exit",
            new Dictionary<string, string> { ["code"] = "1", ["reason"] = "exited" }
        );
        var facts = new RunFacts { Records = new Dictionary<string, StatusRecord> { [exit.Name] = exit } };

        Assert.Equal(["failed", "not run"], PointStates.Of(run, facts).Select(point => point.Word));
        var heard = PointStates.Of(run, facts with { Silent = ["node2"] });
        Assert.Equal([true, false], heard.Select(point => point.Failed));
        Assert.Equal("unknown", heard[1].Word);
    }
}
