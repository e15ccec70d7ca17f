using Muster.Sites.Schedulers;

namespace Muster.Runs.Measures;

/// <summary>One run, or one index of an array, beside others.</summary>
public sealed record Compared(Run Run, int? Index, IReadOnlyDictionary<string, string> Parameters, Measured? Measured)
{
    public string Label => Index is { } index ? $"{Run.Plan.Name}.{index}" : Run.Plan.Name;

    /// <summary>How far an index is, where that was asked.</summary>
    public PointState? Point { get; init; }

    public string Word =>
        Point?.Word
        // of an index that was not asked about, only the success of all is known
        ?? (
            Index is null || Run.State is RunState.Ended { Outcome: Outcome.Succeeded }
                ? Run.State.Word
                : PointState.Unknown
        );

    /// <summary>How long it has run; of an index, once it is over.</summary>
    public TimeSpan? Time(DateTimeOffset now) =>
        Run.State switch
        {
            _ when Index is not null => Point?.Took,
            RunState.Running running => now - running.Since,
            RunState.Ended { Started: { } started } end => end.At - started,
            _ => null,
        };

    /// <summary>The runs, each array as its indices.</summary>
    public static IReadOnlyList<Compared> Of(IEnumerable<Run> runs, Func<RunId, RunMeasures> measures) =>
        [
            .. runs.SelectMany(run =>
            {
                var metrics = measures(run.Id).Metrics(run.Plan);
                var points = run.Plan.Points.ToDictionary(point => point.Index);
                IEnumerable<int?> indices = run.Plan.Array is null
                    ? [null]
                    : run.Plan.Array.Indices.Select(index => (int?)index);
                var byIndex = metrics.ToLookup(one => one.Index);
                return indices.Select(index => new Compared(
                    run,
                    index,
                    Runs.Measures.Parameters.Of(run.Plan, index is { } at ? points.GetValueOrDefault(at) : null),
                    byIndex[index].FirstOrDefault()
                ));
            }),
        ];

    /// <summary>The names of metrics that some have, those first that most have.</summary>
    public static IReadOnlyList<string> MetricsOf(IEnumerable<Compared> all) =>
        [
            .. all.SelectMany(one => one.Measured?.Series ?? [])
                .GroupBy(series => series.Name)
                .OrderByDescending(group => group.Count())
                .ThenBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => group.Key),
        ];
}
