using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>
/// What to do next so that a run is launched once or not at all, and a request to cancel is kept. It decides;
/// <see cref="Submit.Submission"/> and <see cref="RunKeeper"/> act.
/// </summary>
/// <remarks>
/// Every act may be repeated: the site's launcher starts a run once however often it is asked, a starter claims the run
/// before it begins,
/// and a request to cancel lies where launchers and starters look. Whatever was lost, asking again is right.
/// </remarks>
public static class LaunchProtocol
{
    public enum Act
    {
        /// <summary>Nothing has left this machine: the end can be written here.</summary>
        EndHere,

        /// <summary>Bring everything to the site and launch it, in one go.</summary>
        Deliver,

        /// <summary>Leave the request to cancel on the site, and stop what is there.</summary>
        AskCancel,

        /// <summary>Launched, and wanted: see how it goes.</summary>
        Watch,

        /// <summary>It has ended.</summary>
        Nothing,
    }

    public static Act Next(Run run) =>
        run switch
        {
            { State: RunState.Ended } => Act.Nothing,
            { CancelWished: true, State: RunState.Planned } => Act.EndHere,
            { CancelWished: true } => Act.AskCancel,
            { State: RunState.Planned or RunState.Staging } => Act.Deliver,
            _ => Act.Watch,
        };

    /// <summary>What a launcher's answer, or a lost one (null), makes of the run.</summary>
    public static Run After(Run run, LaunchAnswer? answer, DateTimeOffset now) =>
        (run.State, answer) switch
        {
            (RunState.Ended, _) => run,
            (RunState.Planned or RunState.Staging, LaunchAnswer.Launched(var handle)) => run with
            {
                State = new RunState.Launched(handle),
                SeenAt = now,
            },
            (RunState.Planned or RunState.Staging, LaunchAnswer.Cancelled) => run with
            {
                State = new RunState.Ended(
                    Outcome.Cancelled,
                    null,
                    now,
                    new("launcher", "it was cancelled before the launch")
                ),
                CancelWished = true,
            },
            (RunState.Planned or RunState.Staging, LaunchAnswer.Refused(var said)) => run with
            {
                State = new RunState.Ended(Outcome.Failed, null, now, new("scheduler", $"it rejected the job: {said}")),
            },
            (RunState.Planned, _) => run with { State = new RunState.Staging() },
            _ => run,
        };
}
