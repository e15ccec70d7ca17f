using System.CommandLine;
using System.Text;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Configuration;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Measures;
using Muster.Snapshots;

namespace Muster.Cli.Runs;

internal static class CompareCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private const int MostMetrics = 4;
    private const int MostCurves = 8;
    private const int MostFiles = 12;

    public static Command Create()
    {
        var selectors = AttachCommand.RunsArgument();
        var metric = new Option<string[]>("--metric", "-m")
        {
            Description = "Metrics to show; the first is drawn.",
            HelpName = "METRIC",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        var svg = new Option<string?>("--svg") { Description = "Draw the metrics into this file.", HelpName = "FILE" };
        var cached = new Option<bool>("--cached")
        {
            Description = "Use what is known locally, without contacting any site.",
        };
        var command = new Command(
            "compare",
            """
            Compare runs, or the points of a sweep: parameters that differ, metrics, time, code, environment.

              muster compare train-1 train-2 train-3
              muster compare sweep --metric val_loss       its points beside each other
              muster compare a b --svg curves.svg          the curves as a picture

            Behind the last value of a metric stands the best one on the way, where it is another.
            """
        )
        {
            selectors,
            metric,
            svg,
            cached,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var runs = RunSelector.GetAll(app.Store, parsed.GetValue(selectors)!);
                if (runs is [{ Plan.Array: null } only])
                    throw UserException.Misuse(
                        $"{only.Plan.Name} alone cannot be compared",
                        $"Name another run, too: muster compare {only.Plan.Name} RUN"
                    );
                if (!parsed.GetValue(cached))
                {
                    runs = await app.Keeper.RefreshAsync(runs, Patience, Patience, ct);
                    await app.MeasureAsync(runs, Patience, ct);
                }
                var all = Compared.Of(runs, app.Measures.Find);
                if (!parsed.GetValue(cached))
                    all = await WithPointsAsync(app, all, ct);
                var known = Compared.MetricsOf(all);
                var asked = parsed.GetValue(metric) ?? [];
                if (asked.FirstOrDefault(name => !known.Contains(name)) is { } missing)
                    throw new UserException(
                        $"none of these has a metric '{ConfigFile.Flat(missing)}'{Nearest.DidYouMean(missing, known)}",
                        known.Count == 0
                            ? "They have measured nothing so far."
                            : $"There are: {string.Join(", ", known.Take(12))}"
                    );
                var metrics = asked.Length > 0 ? asked : known;
                var changes = await ChangesAsync(runs, ct);
                if (app.Json)
                    Tell(app, all, metrics, changes);
                else
                    Show(app, all, [.. metrics.Take(asked.Length > 0 ? asked.Length : MostMetrics)], changes);
                if (parsed.GetValue(svg) is { } file)
                {
                    if (metrics.Count == 0)
                        throw new UserException(
                            "there is nothing to draw: these runs have measured nothing so far",
                            "`muster compare --help` tells where metrics are read from."
                        );
                    await WriteAsync(file, MetricSvg.Of(all, metrics), ct);
                    app.Screen.Note("drawn", file);
                }
            }
        );
        return command;
    }

    /// <summary>With how far each index is; one whose site is silent stays as it was.</summary>
    private static async Task<IReadOnlyList<Compared>> WithPointsAsync(
        App app,
        IReadOnlyList<Compared> all,
        CancellationToken ct
    )
    {
        var arrays = all.Where(one => one.Index is not null).Select(one => one.Run).DistinctBy(run => run.Id);
        var asked = await Task.WhenAll(arrays.Select(AskAsync));
        foreach (var silent in asked.Where(one => one.Fault is not null))
            app.Screen.Note("note", silent.Fault!, Tint.Yellow);
        var points = asked
            .SelectMany(one => one.Points.Select(point => (one.Id, Point: point)))
            .ToDictionary(pair => (pair.Id, pair.Point.Index), pair => pair.Point);
        return
        [
            .. all.Select(one =>
                one.Index is { } at ? one with { Point = points.GetValueOrDefault((one.Run.Id, at)) } : one
            ),
        ];

        async Task<(RunId Id, IReadOnlyList<PointState> Points, string? Fault)> AskAsync(Run run)
        {
            try
            {
                var site = app.OpenSite(run.Plan.Site);
                return (run.Id, await PointStates.AskAsync(site, run, Patience, ct), null);
            }
            catch (UserException fault)
            {
                return (run.Id, [], fault.Message);
            }
        }
    }

    private static async Task WriteAsync(string file, string text, CancellationToken ct)
    {
        try
        {
            await File.WriteAllTextAsync(file, text, ct);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{file} cannot be written: {fault.Message}", "Choose another file.", fault);
        }
    }

    private static void Tell(
        App app,
        IReadOnlyList<Compared> all,
        IReadOnlyList<string> metrics,
        IReadOnlyList<CodeChangeView> changes
    )
    {
        var now = app.Clock.GetUtcNow();
        var views = all.Select(one => new ComparedView(
            one.Run.Id.ToString(),
            one.Run.Plan.Name,
            one.Index,
            one.Word,
            one.Time(now)?.TotalSeconds,
            one.Parameters,
            [
                .. metrics
                    .Select(name => one.Measured?.Find(name))
                    .OfType<MetricSeries>()
                    .Select(series => new ComparedMetricView(
                        series.Name,
                        PointOfMetric.Of(series.Last)!,
                        PointOfMetric.Of(series.Least),
                        PointOfMetric.Of(series.Most),
                        [.. series.Points.Select(point => new PointOfMetric(point.Value, point.Step))]
                    )),
            ],
            one.Run.Plan.Commit
        ));
        app.Screen.Data(
            JsonSerializer.Serialize(
                new ComparisonView(1, [.. views], Differing(all), changes),
                RunAnswers.Plain.ComparisonView
            )
        );
    }

    private static IReadOnlyList<string> Differing(IReadOnlyList<Compared> all) =>
        Parameters.Differing([.. all.Select(one => one.Parameters)]);

    private static void Show(
        App app,
        IReadOnlyList<Compared> all,
        IReadOnlyList<string> metrics,
        IReadOnlyList<CodeChangeView> changes
    )
    {
        var now = app.Clock.GetUtcNow();
        var differing = Differing(all);
        app.Screen.Table(
            [
                "RUN",
                "STATE",
                "TIME",
                .. metrics.Select(name => name.ToUpperInvariant()),
                .. differing.Select(name => name.ToUpperInvariant()),
            ],
            [
                .. all.Select(one =>
                    (IReadOnlyList<string>)
                        [
                            one.Label,
                            one.Word,
                            one.Time(now) is { } time ? Words.Duration(time) : "-",
                            .. metrics.Select(name => Shown(one.Measured?.Find(name))),
                            .. differing.Select(name => one.Parameters.GetValueOrDefault(name) ?? "-"),
                        ]
                ),
            ],
            (row, column) =>
                column != 1 ? Tint.None
                : all[row].Point is { } point ? ShowCommand.TintOf(point)
                : all[row].Index is null ? RunText.Describe(all[row].Run, now).Tint
                : Tint.None
        );
        if (differing.Count == 0)
            app.Screen.Data("\nThe parameters are the same.");
        if (metrics.Count > 0)
            Draw(app, all, metrics[0]);
        foreach (var change in changes)
        {
            var files = Words.Count(change.Files.Count, "file");
            app.Screen.Data(
                change.Files.Count == 0
                    ? $"\nThe code of {change.To} is that of {change.From}."
                    : $"\nThe code of {change.To} differs from that of {change.From} in {files}: "
                        + $"{change.Added} lines added, {change.Removed} removed."
            );
            foreach (var file in change.Files.Take(MostFiles))
                app.Screen.Data($"  {file}");
            if (change.Files.Count > MostFiles)
                app.Screen.Data($"  … and {change.Files.Count - MostFiles} more");
        }
    }

    private static string Shown(MetricSeries? series)
    {
        if (series is null)
            return "-";
        var best = series.Best(MetricSeries.LessIsBetter(series.Name));
        return best is null || best.Value.Equals(series.Last.Value)
            ? LineChart.Short(series.Last.Value)
            : $"{LineChart.Short(series.Last.Value)} ({LineChart.Short(best.Value)})";
    }

    private static void Draw(App app, IReadOnlyList<Compared> all, string metric)
    {
        var curves = all.Select(one => (one.Label, Series: one.Measured?.Find(metric)))
            .Where(pair => pair.Series is { Points.Count: > 1 })
            .Take(MostCurves)
            .ToList();
        if (curves.Count == 0)
            return;
        app.Screen.Data($"\n{metric}");
        foreach (
            var line in LineChart.Lines(
                [
                    .. curves.Select(curve =>
                        (IReadOnlyList<(double, double)>)
                            [.. curve.Series!.Points.Select(point => ((double)point.Step, point.Value))]
                    ),
                ],
                width: 64,
                height: 12
            )
        )
            app.Screen.Data(line);
        for (var at = 0; at < curves.Count; at++)
            app.Screen.Data($"  {LineChart.Letters[at]}  {curves[at].Label}");
    }

    /// <summary>How the code of each run differs from that of the first, by the snapshots in git.</summary>
    private static async Task<IReadOnlyList<CodeChangeView>> ChangesAsync(IReadOnlyList<Run> runs, CancellationToken ct)
    {
        if (
            runs[0] is not { Adopted: false, Plan: { Commit: { } from, WorkingFolder: var folder } first }
            || !Directory.Exists(folder)
            || !Git.IsInstalled
        )
            return [];
        var others = runs.Skip(1).Where(run => !run.Adopted && run.Plan.Commit is not null).ToList();
        var commits = others.Select(run => run.Plan.Commit!).Distinct().ToList();
        var answers = await Task.WhenAll(commits.Select(to => ChangeAsync(new Git(folder), from, to, ct)));
        var byCommit = commits.Zip(answers).ToDictionary(pair => pair.First, pair => pair.Second);
        return
        [
            .. others
                .Select(run => byCommit[run.Plan.Commit!] is { } change ? change with { To = run.Plan.Name } : null)
                .OfType<CodeChangeView>()
                .Select(change => change with { From = first.Name }),
        ];
    }

    /// <summary>Null where a snapshot is no longer here, or is one of another repository.</summary>
    private static async Task<CodeChangeView?> ChangeAsync(Git git, string from, string to, CancellationToken ct)
    {
        if (from == to)
            return new("", "", [], 0, 0);
        var answer = await git.AskAsync(
            default,
            ct,
            "diff",
            "--numstat",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            from,
            to,
            "--"
        );
        if (answer.ExitCode != 0)
            return null;
        var rows = Encoding
            .UTF8.GetString(answer.Output)
            .Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(row => row.Split('\t', 3))
            .Where(row => row.Length == 3)
            .ToList();
        return new(
            "",
            "",
            [.. rows.Select(row => row[2])],
            rows.Sum(row => int.TryParse(row[0], out var added) ? added : 0),
            rows.Sum(row => int.TryParse(row[1], out var removed) ? removed : 0)
        );
    }
}
