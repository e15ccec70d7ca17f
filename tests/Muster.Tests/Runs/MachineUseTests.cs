using Muster.Runs.Machines;
using Muster.Sites.Clouds.Keeping;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>When a machine that was made for a run is needed no longer.</summary>
public sealed class MachineUseTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void While_a_run_may_still_be_on_it_it_is_needed()
    {
        foreach (
            var state in (RunState[])
                [
                    new RunState.Planned(),
                    new RunState.Staging(),
                    new RunState.Launched(new("1")),
                    new RunState.Running(new("1"), "m", Noon),
                ]
        )
            Assert.Null(MachineUse.Over(Machine(), [Run(state)], Noon.AddDays(3)));
    }

    [Fact]
    public void Results_that_nobody_has_fetched_hold_it_for_twelve_hours()
    {
        var run = Run(Ended(Noon));
        Assert.Null(MachineUse.Over(Machine(), [run], Noon.AddHours(11.9)));
        Assert.Contains(
            "nobody fetched its results",
            MachineUse.Over(Machine(), [run], Noon.AddHours(12)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void With_its_results_fetched_it_goes_at_once_or_after_the_time_that_was_asked_for()
    {
        var run = Run(Ended(Noon)) with { FetchedAt = Noon.AddMinutes(1) };
        Assert.Equal("its run has ended", MachineUse.Over(Machine(), [run], Noon.AddMinutes(1)));
        var kept = run with { Plan = run.Plan with { Keep = TimeSpan.FromMinutes(30) } };
        Assert.Null(MachineUse.Over(Machine(), [kept], Noon.AddMinutes(30)));
        Assert.NotNull(MachineUse.Over(Machine(), [kept], Noon.AddMinutes(31)));
    }

    [Fact]
    public void Of_several_runs_the_last_need_decides()
    {
        var done = Run(Ended(Noon)) with { FetchedAt = Noon };
        Assert.Null(MachineUse.Over(Machine(), [done, Run(Ended(Noon.AddHours(1)))], Noon.AddHours(12.5)));
        Assert.NotNull(MachineUse.Over(Machine(), [done, done], Noon));
    }

    [Fact]
    public void A_run_that_never_started_leaves_nothing_to_wait_for()
    {
        var refused = Run(new RunState.Ended(Outcome.Failed, null, Noon, new("delivery", "no room")));
        Assert.Equal("its run has ended", MachineUse.Over(Machine(), [refused], Noon));
    }

    [Fact]
    public void Without_any_run_it_goes_once_no_submission_can_be_under_way()
    {
        Assert.Null(MachineUse.Over(Machine(), [], Noon.AddSeconds(59)));
        Assert.NotNull(MachineUse.Over(Machine(), [], Noon.AddSeconds(60)));
    }

    private static RunState.Ended Ended(DateTimeOffset at) =>
        new(Outcome.Succeeded, 0, at, new("exit record", "exited with 0")) { Started = at.AddMinutes(-5) };

    private static Run Run(RunState state) =>
        new()
        {
            Plan = new()
            {
                Id = RunId.New(TimeProvider.System),
                Name = "train",
                Site = "burst",
                Command = ["true"],
                WorkingFolder = "/",
            },
            Created = Noon,
            State = state,
        };

    private static MachineRecord Machine() =>
        new()
        {
            Request = new()
            {
                Id = Guid.CreateVersion7(),
                Type = "cx22",
                Image = "ubuntu-24.04",
                Places = ["fsn1"],
                Life = TimeSpan.FromHours(24),
                PublicKey = "",
                Purpose = "run train",
            },
            Site = "burst",
            Fleet = "4be1c02a77d9",
            Created = Noon,
            NextAt = Noon,
            Until = Noon.AddHours(24),
        };
}
