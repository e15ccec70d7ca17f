namespace Muster.Runs;

/// <summary>How far each index of an array is, by the records of the run.</summary>
public static class PointStates
{
    public static IReadOnlyList<PointState> Of(Run run, RunFacts facts) =>
        [
            .. (run.Plan.Array?.Indices ?? []).Select(index =>
            {
                var exit = facts.Records.GetValueOrDefault($"main.{index}.exit");
                var code = exit?.Number("code");
                var word =
                    code == 0 ? "succeeded"
                    : exit is not null ? (exit["reason"] is { } reason and not "exited" ? reason : "failed")
                    : !run.State.IsLive ? "not run"
                    : facts.Records.ContainsKey($"main.{index}.started") ? "running"
                    : "waiting";
                return new PointState(index, word, code);
            }),
        ];
}

/// <param name="Word">succeeded, failed, running, waiting, not run, or the reason of an end: cancelled, timed-out …</param>
public sealed record PointState(int Index, string Word, int? Code)
{
    /// <summary>It is over, or will never begin, and did not succeed.</summary>
    public bool Failed => Word is not ("succeeded" or "running" or "waiting");
}
