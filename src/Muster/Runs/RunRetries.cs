using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>
/// Decides whether a run that has ended is launched again; <see cref="Retrier"/> has the site do so.
/// </summary>
/// <remarks>
/// The next attempt has a number. It is recorded here first, then on the site by the one launcher that holds the lock,
/// and only then launched, by the protocol of any launch: however many look at the same end, and however often, that
/// number is launched once. The records of the attempt before are set aside there.
/// </remarks>
internal static class RunRetries
{
    /// <summary>The site has not begun an attempt that is recorded here.</summary>
    public static bool IsDue(Run run, RunFacts facts) =>
        run.State.IsLive && !run.CancelWished && run.Attempts.Count > facts.Retry;

    /// <summary>Also what others have launched again.</summary>
    public static Run Learn(Run run, RunFacts facts)
    {
        if (run.Attempts.Count >= facts.Retry)
            return run;
        List<Attempt> attempts = [.. run.Attempts];
        while (attempts.Count < facts.Retry)
        {
            var record = facts.Records.GetValueOrDefault($"retry.{attempts.Count + 1}");
            attempts.Add(
                new(
                    PlannedRetry.Possible.FirstOrDefault(one => one.Word() == record?["after"], Outcome.Lost),
                    record?.Time ?? DateTimeOffset.UnixEpoch,
                    record?["text"] ?? "",
                    Math.Max(0, (record?.Number("begun") ?? 0) - Attempt.Begun(attempts) - 1)
                )
            );
        }
        return run with { Attempts = attempts };
    }

    /// <summary>A run whose next attempt is recorded, and not yet begun on the site.</summary>
    public static Run Waiting(Run run, RunFacts facts, SchedulerWord? word, DateTimeOffset now)
    {
        var seen = run with { SeenAt = now, UnreachableSince = null, VanishedSince = null, Ports = [] };
        if (run.State is RunState.Ended)
            return seen;
        if (facts.CancelKnown)
            return seen with
            {
                State = new RunState.Ended(
                    Outcome.Cancelled,
                    null,
                    now,
                    new("launcher", "it was cancelled before its next attempt")
                )
                {
                    Handle = run.Handle,
                },
            };
        var handle = run.Handle ?? new("");
        // Its scheduler has begun it again by itself: that was no end.
        RunState? state = word switch
        {
            SchedulerWord.Waiting(var why) => new RunState.Queued(handle, why),
            SchedulerWord.Running(var where, var since) => new RunState.Running(handle, where, since ?? now),
            _ => null,
        };
        return state is null ? seen : seen with { State = state, Attempts = [.. run.Attempts.SkipLast(1)] };
    }

    /// <summary>What an end makes of the run: an attempt of it, where another follows.</summary>
    public static Run After(Run run, RunState.Ended end, RunFacts facts)
    {
        var restarts = facts
            .Ending(".started")
            .Concat(facts.Ending(".exit"))
            .Max(record => record.Number("attempt") ?? 0 as int?);
        if (
            run.Plan.Retry is not { } retry
            || !retry.On.Contains(end.Outcome)
            || run.CancelWished
            || facts.CancelKnown
            || run.Plan.Deadline <= end.At
            // Nothing was started: the scheduler has refused it, or a line of setup has failed.
            || end is { Outcome: Outcome.Failed, Code: null or 78 }
            || Attempt.Begun(run.Attempts) + (restarts ?? 0) >= retry.Times
        )
            return run with { State = end };
        IReadOnlyList<Attempt> attempts =
        [
            .. run.Attempts,
            new(end.Outcome, end.At, $"{end.Evidence.Source}: {end.Evidence.Text}", restarts ?? 0),
        ];
        var memory = retry.MemoryAfter(attempts) is { } megabytes ? $" with {megabytes} MB of memory" : "";
        return run with
        {
            Attempts = attempts,
            VanishedSince = null,
            State = new RunState.Queued(
                end.Handle ?? new(""),
                $"retry {Attempt.Begun(attempts)} of {retry.Times}{memory}, as it ended: {end.Outcome.Word()} "
                    + $"({end.Evidence.Text})"
            ),
        };
    }
}
