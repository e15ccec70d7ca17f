using Muster.Sites.Notices;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Notices;

/// <summary>Something about a run that a person is told once.</summary>
/// <param name="Event">What it is, for programs; a run has each once in an attempt.</param>
public sealed record RunNotice(string Event, string Title, string Text, Run Run)
{
    public const string Started = "started";
    public const string Ended = "ended";

    /// <summary>
    /// What is due of a run as it is now: its start or its end, where that is wanted and was not told.
    /// </summary>
    public static RunNotice? Due(Run run, NoticeSettings settings) =>
        Of(run, settings) is { } found
        && (run.Plan.Notify || settings.On.Contains(found.Kind))
        && !run.Told.Contains(found.Notice.Event)
            ? found.Notice
            : null;

    private static (NoticeKind Kind, RunNotice Notice)? Of(Run run, NoticeSettings settings)
    {
        var where = Place(run.Plan);
        switch (run.State)
        {
            case RunState.Running(_, _, var since) when since - run.Created >= settings.LongWait:
                return (
                    NoticeKind.Start,
                    new(
                        Started,
                        $"{run.Plan.Name} has started",
                        $"on {where}, {Minutes(since - run.Created)} after it was submitted",
                        run
                    )
                );
            case RunState.Ended end:
                var code = end.Code is > 0 and var number ? $" with code {number}" : "";
                var took = end.Started is { } start ? $", after {Minutes(end.At - start)}" : "";
                return (
                    end.Outcome is Outcome.Succeeded or Outcome.Cancelled ? NoticeKind.End : NoticeKind.Failure,
                    new(Ended, $"{run.Plan.Name} {end.Word}{code}", $"on {where}{took}: {end.Evidence.Text}", run)
                );
            default:
                return null;
        }
    }

    internal static string Place(RunPlan plan) =>
        plan.Host is { } host && host != plan.Site ? $"{plan.Site}:{host}" : plan.Site;

    private static string Minutes(TimeSpan time) =>
        time < TimeSpan.FromMinutes(2) ? $"{(int)time.TotalSeconds} s"
        : time < TimeSpan.FromHours(2) ? $"{(int)time.TotalMinutes} min"
        : $"{(int)time.TotalHours} h {time.Minutes} min";
}
