using Muster.Sites.Schedulers;

namespace Muster.Runs.Launching;

/// <summary>
/// Every state that one run can come to: a submitter, somebody who cancels, somebody who looks, two launchers and a
/// scheduler, each stopped,
/// unheard or repeated at any step.
/// </summary>
/// <remarks>
/// The client's side is the real code; the site's side, <see cref="SiteSteps"/>, is a model of launch.sh, supervise.sh
/// and scheduler.sh, in which any number of switches and every order can be tried. <see cref="LaunchReplayTests"/> has
/// the scripts replay it step by step, so the two cannot drift apart.
/// </remarks>
public sealed class LaunchProtocolTests
{
    internal static readonly Lazy<Exploration> Explored = new(Exploration.Run);

    [Fact]
    public void The_exploration_sees_every_kind_of_end()
    {
        var ends = Explored
            .Value.States.Where(state => state.Local is Phase.Ended)
            .Select(state => state.Outcome)
            .Distinct()
            .Order();
        Assert.Equal([Outcome.Succeeded, Outcome.Failed, Outcome.Cancelled], ends);
        Assert.Contains(
            Explored.Value.States,
            state => state.Executions == 1 && state.Job1 != JobStep.None && state.Job2 != JobStep.None
        );
    }

    [Fact]
    public void The_command_is_never_executed_twice() => Never(state => state.Executions > 1);

    [Fact]
    public void A_run_that_is_said_to_have_ended_does_not_execute() =>
        Never(state =>
            state.Local is Phase.Ended && (state.Job1 is JobStep.Executing || state.Job2 is JobStep.Executing)
        );

    [Fact]
    public void A_run_that_was_ended_here_has_left_nothing_there() =>
        Never(state => state.EndedHere && (state.Staged || state.Executions > 0 || state.Job1 is not JobStep.None));

    [Fact]
    public void A_command_that_ended_well_is_not_told_otherwise() =>
        Never(state =>
            state.Local is Phase.Ended && state.Exit == ExitRecord.Zero && state.Outcome is not Outcome.Succeeded
        );

    [Fact]
    public void What_did_not_execute_is_not_said_to_have_succeeded() =>
        Never(state =>
            state.Local is Phase.Ended && state.Outcome is Outcome.Succeeded && state.Exit != ExitRecord.Zero
        );

    [Fact]
    public void Once_faults_stop_every_run_comes_to_a_told_end()
    {
        var explored = Explored.Value;
        var lost = explored.WithoutGoodEnd();
        Assert.True(lost is null, lost is { } state ? explored.Story(state) : null);
    }

    private static void Never(Func<Moment, bool> wrong)
    {
        var explored = Explored.Value;
        foreach (var state in explored.States)
        {
            if (wrong(state))
                Assert.Fail(explored.Story(state));
        }
    }
}
