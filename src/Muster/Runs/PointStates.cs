using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>How far each index of an array is, by the records of the run.</summary>
public static class PointStates
{
    /// <summary>As the site says it now.</summary>
    public static async Task<IReadOnlyList<PointState>> AskAsync(
        OpenSite site,
        Run run,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        var facts = await new RunPlaces(site, run.Plan).LookAsync(patience, ct) ?? new();
        // Of a run that never began there may be no folder.
        if (!facts.Present && run.State is RunState.Ended { Started: not null })
            throw new UserException(
                $"the folder of {run.Plan.Name} is no longer on {run.Plan.Site}, so how far each index came is not known",
                $"`muster show {run.Plan.Name}` shows how it ended."
            );
        return Of(run, facts);
    }

    public static IReadOnlyList<PointState> Of(Run run, RunFacts facts) =>
        [
            .. (run.Plan.Array?.Indices ?? []).Select(index =>
            {
                var started = facts.Records.GetValueOrDefault($"main.{index}.started");
                var exit = facts.Records.GetValueOrDefault($"main.{index}.exit");
                var code = exit?.Number("code");
                var word =
                    code == 0 ? "succeeded"
                    : exit is not null ? (exit["reason"] is { } reason and not "exited" ? reason : "failed")
                    : facts.Silent.Count > 0 ? PointState.Unknown
                    : !run.State.IsLive ? "not run"
                    : started is not null ? "running"
                    : "waiting";
                return new PointState(index, word, code) { Took = exit?.Time - started?.Time };
            }),
        ];
}

/// <param name="Word">succeeded, failed, running, waiting, not run, unknown where a host is silent, or the reason of an
/// end: cancelled, timed-out …</param>
public sealed record PointState(int Index, string Word, int? Code)
{
    internal const string Unknown = "unknown";

    public TimeSpan? Took { get; init; }

    /// <summary>It is over, or will never begin, and did not succeed.</summary>
    public bool Failed => Word is not ("succeeded" or "running" or "waiting" or Unknown);
}
