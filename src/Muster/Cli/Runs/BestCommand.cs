using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Configuration;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Measures;

namespace Muster.Cli.Runs;

internal static class BestCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static Command Create()
    {
        var selectors = AttachCommand.RunsArgument();
        var metric = new Option<string?>("--metric", "-m") { Description = "Metric to rank by.", HelpName = "METRIC" };
        var least = new Option<bool>("--min") { Description = "The least value is the best." };
        var most = new Option<bool>("--max") { Description = "The greatest value is the best." };
        var last = new Option<bool>("--last")
        {
            Description = "Rank by the last value instead of the best on the way.",
        };
        var top = new Option<int>("--top")
        {
            Description = "How many to show (10).",
            HelpName = "N",
            DefaultValueFactory = _ => 10,
        };
        var cached = new Option<bool>("--cached")
        {
            Description = "Use what is known locally, without contacting any site.",
        };
        var command = new Command(
            "best",
            """
            Show which points of a sweep, or which runs, have the best value of a metric.

              muster best sweep --metric val_loss --min
              muster best sweep --metric accuracy --max --top 3
              muster best train-1 train-2 train-3 -m loss

            Metrics come from TensorBoard event files, metrics.json, metrics.jsonl, metrics.csv, and lines such as
            `muster: metric loss=0.3 step=10` in the log. Points that were done again or added count with their sweep.
            """
        )
        {
            selectors,
            metric,
            least,
            most,
            last,
            top,
            cached,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                if (parsed.GetValue(least) && parsed.GetValue(most))
                    throw UserException.Misuse("--min and --max exclude each other", "Leave one out.");
                if (parsed.GetValue(top) < 1)
                    throw UserException.Misuse($"--top {parsed.GetValue(top)} shows nothing", "Pass at least 1.");
                IReadOnlyList<Run> runs = WithTheirSweeps(
                    app.Store,
                    RunSelector.GetAll(app.Store, parsed.GetValue(selectors)!)
                );
                if (!parsed.GetValue(cached))
                {
                    runs = await app.Keeper.RefreshAsync(runs, Patience, Patience, ct);
                    await app.MeasureAsync(runs, Patience, ct);
                }
                var all = Newest(Compared.Of(runs, app.Measures.Find));
                var name = MetricName(parsed.GetValue(metric), all, runs);
                var isLess = parsed.GetValue(least) || (!parsed.GetValue(most) && MetricSeries.LessIsBetter(name));
                var ranked = all.Select(one => (One: one, Point: PointOf(one.Measured?.Find(name))))
                    .Where(pair => pair.Point is { } point && !double.IsNaN(point.Value))
                    .OrderBy(pair => isLess ? pair.Point!.Value : -pair.Point!.Value)
                    .ThenBy(pair => pair.Point!.Step)
                    .Take(parsed.GetValue(top))
                    .Select(pair => (pair.One, Point: pair.Point!))
                    .ToList();
                Show(app, name, isLess, ranked);

                MetricPoint? PointOf(MetricSeries? series) =>
                    parsed.GetValue(last) ? series?.Last : series?.Best(isLess);
            }
        );
        return command;
    }

    /// <summary>With those that did points of the same sweep again, or added some.</summary>
    private static IReadOnlyList<Run> WithTheirSweeps(RunStore store, IReadOnlyList<Run> runs) =>
        [
            .. runs.Concat(runs.Where(run => run.Plan.Points.Count > 0).SelectMany(run => store.WholeSweep(run.Plan)))
                .DistinctBy(run => run.Id),
        ];

    /// <summary>Of a point that was done again, the newest that has measured something counts.</summary>
    private static IReadOnlyList<Compared> Newest(IReadOnlyList<Compared> all) =>
        [
            .. all.Where(one => one.Measured is not null)
                .GroupBy(one =>
                    one.Run.Plan.Points.Count > 0 && one.Index is { } index
                        ? (one.Run.Plan.SweepOf ?? one.Run.Id, index)
                        : (one.Run.Id, one.Index ?? -1)
                )
                .Select(group => group.MaxBy(one => one.Run.Created)!),
        ];

    private static string MetricName(string? asked, IReadOnlyList<Compared> all, IReadOnlyList<Run> runs)
    {
        var known = Compared.MetricsOf(all);
        var what = runs is [var only] ? only.Plan.Name : "these runs";
        if (known.Count == 0)
            throw new UserException(
                $"{what} {(runs.Count == 1 ? "has" : "have")} measured nothing so far",
                "Print a line such as `muster: metric loss=0.3 step=10`, or write metrics.json, metrics.jsonl, "
                    + "metrics.csv or TensorBoard events to $MUSTER_OUT."
            );
        if (asked is null)
            return known.Count == 1
                ? known[0]
                : throw UserException.Misuse(
                    $"{what} {(runs.Count == 1 ? "has" : "have")} several metrics",
                    $"Choose one with --metric: {string.Join(", ", known.Take(12))}"
                );
        return known.Contains(asked)
            ? asked
            : throw new UserException(
                $"{what} {(runs.Count == 1 ? "has" : "have")} no metric '{ConfigFile.Flat(asked)}'"
                    + Nearest.DidYouMean(asked, known),
                $"There are: {string.Join(", ", known.Take(12))}"
            );
    }

    private static void Show(App app, string metric, bool isLess, List<(Compared One, MetricPoint Point)> ranked)
    {
        if (app.Json)
        {
            var entries = ranked.Select(pair => new BestEntryView(
                pair.One.Run.Id.ToString(),
                pair.One.Run.Plan.Name,
                pair.One.Index,
                pair.One.Parameters,
                pair.Point.Value,
                pair.Point.Step
            ));
            app.Screen.Data(
                JsonSerializer.Serialize(new BestView(1, metric, isLess, [.. entries]), RunAnswers.Plain.BestView)
            );
            return;
        }
        if (app.Screen.Quiet)
        {
            foreach (var (one, _) in ranked)
                app.Screen.Data(one.Index is { } index ? $"{one.Run.Id} {index}" : one.Run.Id.ToString());
            return;
        }
        var differing = Parameters.Differing([.. ranked.Select(pair => pair.One.Parameters)]);
        app.Screen.Table(
            [metric.ToUpperInvariant(), "STEP", "RUN", .. differing.Select(name => name.ToUpperInvariant())],
            [
                .. ranked.Select(pair =>
                    (IReadOnlyList<string>)
                        [
                            pair.Point.Value.ToString("R", CultureInfo.InvariantCulture),
                            $"{pair.Point.Step}",
                            pair.One.Label,
                            .. differing.Select(name => pair.One.Parameters.GetValueOrDefault(name) ?? "-"),
                        ]
                ),
            ]
        );
    }
}
