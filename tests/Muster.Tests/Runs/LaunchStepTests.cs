using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>Each step of the protocol by itself; that they are right together, <c>Launching/</c> explores.</summary>
public sealed class LaunchStepTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly RunState Planned = new RunState.Planned();
    private static readonly RunState Staging = new RunState.Staging();
    private static readonly RunState Launched = new RunState.Launched(new("7"));
    private static readonly RunState Running = new RunState.Running(new("7"), "c1", Now);
    private static readonly RunState Ended = new RunState.Ended(Outcome.Succeeded, 0, Now, new("exit record", "0"));

    [Fact]
    public void What_comes_next_follows_from_the_state_and_the_wish()
    {
        (RunState State, LaunchProtocol.Act Wanted, LaunchProtocol.Act Unwanted)[] all =
        [
            (Planned, LaunchProtocol.Act.Deliver, LaunchProtocol.Act.EndHere),
            (Staging, LaunchProtocol.Act.Deliver, LaunchProtocol.Act.AskCancel),
            (Launched, LaunchProtocol.Act.Watch, LaunchProtocol.Act.AskCancel),
            (Running, LaunchProtocol.Act.Watch, LaunchProtocol.Act.AskCancel),
            (Ended, LaunchProtocol.Act.Nothing, LaunchProtocol.Act.Nothing),
        ];
        foreach (var (state, wanted, unwanted) in all)
        {
            Assert.Equal(wanted, LaunchProtocol.Next(In(state)));
            Assert.Equal(unwanted, LaunchProtocol.Next(In(state) with { CancelWished = true }));
        }
    }

    [Fact]
    public void A_launch_is_believed_while_it_was_on_its_way_and_changes_nothing_later()
    {
        var answer = new LaunchAnswer.Launched(new("8"));
        foreach (var state in new[] { Planned, Staging })
        {
            var run = LaunchProtocol.After(In(state), answer, Now);
            Assert.Equal((new RunState.Launched(new("8")), Now), (run.State, run.SeenAt!.Value));
        }
        foreach (var state in new[] { Launched, Running, Ended })
            Assert.Equal(In(state), LaunchProtocol.After(In(state), answer, Now));
    }

    [Fact]
    public void What_was_cancelled_or_rejected_before_its_launch_has_ended()
    {
        foreach (var state in new[] { Planned, Staging })
        {
            var cancelled = LaunchProtocol.After(In(state), new LaunchAnswer.Cancelled(), Now);
            Assert.True(cancelled.CancelWished);
            Assert.Equal(Outcome.Cancelled, Assert.IsType<RunState.Ended>(cancelled.State).Outcome);
            var end = Assert.IsType<RunState.Ended>(
                LaunchProtocol.After(In(state), new LaunchAnswer.Refused("no such partition"), Now).State
            );
            Assert.Equal((Outcome.Failed, "it rejected the job: no such partition"), (end.Outcome, end.Evidence.Text));
        }
        Assert.Equal(Running, LaunchProtocol.After(In(Running), new LaunchAnswer.Cancelled(), Now).State);
        Assert.Equal(Ended, LaunchProtocol.After(In(Ended), new LaunchAnswer.Refused("x"), Now).State);
    }

    [Fact]
    public void Without_an_answer_something_may_have_left_this_machine()
    {
        Assert.Equal(Staging, LaunchProtocol.After(In(Planned), null, Now).State);
        foreach (var state in new[] { Staging, Launched, Running, Ended })
            Assert.Equal(state, LaunchProtocol.After(In(state), null, Now).State);
    }

    private static readonly RunPlan Plan = Plans.Nothing();

    private static Run In(RunState state) =>
        new()
        {
            Plan = Plan,
            Created = Now,
            State = state,
        };
}
