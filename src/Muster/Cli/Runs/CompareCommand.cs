using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Configuration;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Measures;

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
                var comparison = parsed.GetValue(cached)
                    ? await Comparison.KnownAsync(app, runs, ct)
                    : await Comparison.AskAsync(app, runs, Patience, ct);
                foreach (var note in comparison.Notes)
                    app.Screen.Note("note", note, Tint.Yellow);
                var all = comparison.All;
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
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(
                            comparison.View(metrics, app.Clock.GetUtcNow()),
                            RunAnswers.Plain.ComparisonView
                        )
                    );
                else
                    Show(app, comparison, [.. metrics.Take(asked.Length > 0 ? asked.Length : MostMetrics)]);
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

    private static void Show(App app, Comparison comparison, IReadOnlyList<string> metrics)
    {
        var now = app.Clock.GetUtcNow();
        var (all, differing) = (comparison.All, comparison.Differing);
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
        foreach (var change in comparison.Code)
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
}
