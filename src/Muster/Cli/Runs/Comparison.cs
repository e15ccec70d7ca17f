using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Measures;

namespace Muster.Cli.Runs;

/// <summary>Runs beside each other: what they were given, what they measured, and how their code differs.</summary>
/// <param name="All">Each array as its indices.</param>
/// <param name="Notes">What could not be asked.</param>
internal sealed record Comparison(
    IReadOnlyList<Compared> All,
    IReadOnlyList<CodeChangeView> Code,
    IReadOnlyList<string> Notes
)
{
    /// <summary>The parameters that are not the same in all of them.</summary>
    public IReadOnlyList<string> Differing => Parameters.Differing([.. All.Select(one => one.Parameters)]);

    /// <summary>As far as it is known here, without asking any site.</summary>
    public static async Task<Comparison> KnownAsync(App app, IReadOnlyList<Run> runs, CancellationToken ct) =>
        new(Compared.Of(runs, app.Measures.Find), await CodeChanges.OfAsync(runs, ct), []);

    public static async Task<Comparison> AskAsync(
        App app,
        IReadOnlyList<Run> runs,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        runs = await app.Keeper.RefreshAsync(runs, patience, patience, ct);
        var silent = await app.AskMeasuresAsync(runs, patience, ct);
        var known = await KnownAsync(app, runs, ct);
        var asked = await Task.WhenAll(
            runs.Where(run => run.Plan.Array is not null).Select(run => PointsAsync(app, run, patience, ct))
        );
        var points = asked
            .SelectMany(one => one.Points.Select(point => (one.Id, Point: point)))
            .ToDictionary(pair => (pair.Id, pair.Point.Index), pair => pair.Point);
        return known with
        {
            All =
            [
                .. known.All.Select(one =>
                    one.Index is { } at ? one with { Point = points.GetValueOrDefault((one.Run.Id, at)) } : one
                ),
            ],
            Notes = [.. silent, .. asked.Select(one => one.Fault).OfType<string>()],
        };
    }

    public ComparisonView View(IReadOnlyList<string> metrics, DateTimeOffset now) =>
        new(
            1,
            [
                .. All.Select(one => new ComparedView(
                    one.Run.Id.ToString(),
                    one.Run.Plan.Name,
                    one.Index,
                    one.Word,
                    one.Time(now)?.TotalSeconds,
                    one.Parameters,
                    [.. metrics.Select(name => one.Measured?.Find(name)).OfType<MetricSeries>().Select(ViewOf)],
                    one.Run.Plan.Commit
                )),
            ],
            Differing,
            Code
        );

    private static ComparedMetricView ViewOf(MetricSeries series) =>
        new(
            series.Name,
            MetricSeries.LessIsBetter(series.Name),
            PointOfMetric.Of(series.Last)!,
            PointOfMetric.Of(series.Least),
            PointOfMetric.Of(series.Most),
            [.. series.Points.Select(point => new PointOfMetric(point.Value, point.Step))]
        );

    /// <summary>How far each index is; one whose site is silent stays as it was.</summary>
    private static async Task<(RunId Id, IReadOnlyList<PointState> Points, string? Fault)> PointsAsync(
        App app,
        Run run,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        try
        {
            return (run.Id, await PointStates.AskAsync(app.OpenSite(run.Plan.Site), run, patience, ct), null);
        }
        catch (UserException fault)
        {
            return (run.Id, [], fault.Message);
        }
    }
}
