using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Explain;
using Muster.Runs.Measures;
using Muster.Shell;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Runs;

internal static class ShowCommand
{
    public static Command Create()
    {
        var selectors = AttachCommand.RunsArgument();
        var evidence = new Option<bool>("--evidence") { Description = "Print the evidence for its state." };
        var cached = new Option<bool>("--cached")
        {
            Description = "Show what is known locally, without contacting any site.",
        };
        var points = new Option<bool>("--points")
        {
            Description = "Of a sweep or an array, show how far each index is.",
        };
        var command = new Command(
            "show",
            """
            Show the details of runs.

              muster show                  the last run
              muster show train --evidence
              muster show sweep --points   how far each point of a sweep is
            """
        )
        {
            selectors,
            evidence,
            points,
            cached,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var runs = RunSelector.GetAll(app.Store, parsed.GetValue(selectors)!);
                if (!parsed.GetValue(cached))
                {
                    runs = await app.Keeper.RefreshAsync(runs, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct);
                    if (!parsed.GetValue(points) && !parsed.GetValue(evidence))
                        await app.MeasureAsync(runs, TimeSpan.FromSeconds(10), ct);
                }
                foreach (var run in runs)
                {
                    if (parsed.GetValue(points))
                        await PointsAsync(app, run, ct);
                    else if (app.Json)
                        app.Screen.Data(
                            JsonSerializer.Serialize(
                                RunView.Of(run, MeasureSummary.Of(run.Plan, app.Measures.Find(run.Id))),
                                RunAnswers.Plain.RunView
                            )
                        );
                    else if (parsed.GetValue(evidence))
                        await EvidenceAsync(app, run, ct);
                    else
                        Show(app, run);
                    if (!app.Json && run != runs[^1])
                        app.Screen.Data("");
                }
                return 0;
            }
        );
        return command;
    }

    private static void Show(App app, Run run)
    {
        var (word, text, _) = RunText.Describe(run, app.Clock.GetUtcNow());
        app.Screen.Field("id", run.Id.ToString());
        app.Screen.Field("name", run.Plan.Name);
        app.Screen.Field("site", RunText.Place(run));
        app.Screen.Field("host", run.Plan.HostReason);
        app.Screen.Field("command", Words.Command(run.Plan.Command));
        if (run.Plan.Points is { Count: > 0 } points)
            app.Screen.Field(
                "sweep",
                $"{Words.Count(points.Count, "point")}: {points[0].Label()} … {points[^1].Label()}"
            );
        foreach (var role in run.Plan.Roles)
            app.Screen.Field(
                "role",
                $"{role.Name}: {Words.Count(role.Size, "rank")}"
                    + $"{(role.Hosts.Count > 0 ? $" on {string.Join(", ", role.Hosts)}" : "")}"
                    + $"{(role.Lines.Count > 0 ? $": {string.Join(" / ", role.Lines)}" : "")}"
            );
        app.Screen.Field("launch", run.Plan.Launch);
        app.Screen.Field("container", run.Plan.Container);
        foreach (var image in run.Plan.Images)
            app.Screen.Field(
                "image",
                $"{(run.Plan.Images.Count > 1 ? $"{image.Host}: " : "")}{image.Digest ?? image.Image}"
                    + $"{(image.Runtime.Length > 0 ? $" by {image.Runtime}" : "")}"
            );
        app.Screen.Field("folder", run.Plan.Folder);
        app.Screen.Field("at", run.Plan.At?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss"));
        app.Screen.Field("deadline", run.Plan.Deadline?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss"));
        app.Screen.Field("retry", RunText.Retry(run.Plan.Retry));
        foreach (var (attempt, at) in run.Attempts.Select((attempt, at) => (attempt, at + 1)))
            app.Screen.Field(
                "attempt",
                $"{at} ended {attempt.At.ToLocalTime():yyyy-MM-dd HH:mm:ss}: {attempt.Outcome.Word()} ({attempt.Text})"
            );
        app.Screen.Field("state", $"{word} {text}".Trim());
        app.Screen.Field("job", run.Handle?.Text);
        app.Screen.Field(
            "contact",
            run.UnreachableSince is { } since ? $"unreachable since {since.ToLocalTime():yyyy-MM-dd HH:mm:ss}"
                : run.SeenAt is { } seen ? $"seen {seen.ToLocalTime():yyyy-MM-dd HH:mm:ss}"
                : null
        );
        app.Screen.Field("submitted", run.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss"));
        var started = (run.State as RunState.Ended)?.Started;
        app.Screen.Field("started", started?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss"));
        app.Screen.Field("snapshot", run.Plan.Commit is { } commit ? $"{commit} ({run.Plan.Branch})" : null);
        foreach (var input in run.Plan.Inputs)
            app.Screen.Field("input", $"{input.Name} from {(input.OnSite ? $"{run.Plan.Site}:" : "")}{input.Path}");
        app.Screen.Field("terminal", run.Plan.Tty);
        app.Screen.Field("stdin", run.Plan.Stdin is { Bytes: { } bytes } ? Words.Size(bytes) : null);
        foreach (var output in run.Plan.Outputs)
            app.Screen.Field("output", output);
        foreach (var name in run.Plan.EnvironmentNames)
            app.Screen.Field(
                "environment",
                run.Plan.Environment.TryGetValue(name, out var value) ? $"{name}={value}" : $"{name} (not remembered)"
            );
        foreach (var line in run.Plan.BatchLines)
            app.Screen.Field("sbatch", line["#SBATCH ".Length..]);
        foreach (var port in run.Ports)
            app.Screen.Field("port", $"{port.Name}: {port.Host}:{port.Port}");
        foreach (var note in run.Notes)
            app.Screen.Field("note", note);
        app.Screen.Field("tags", string.Join(' ', run.Tags));
        foreach (var remark in run.Remarks)
            app.Screen.Field("noted", $"{remark.At.ToLocalTime():yyyy-MM-dd HH:mm}: {remark.Text}");
        app.Screen.Field("results", run.FetchedTo);
        Measured(app, run, app.Measures.Find(run.Id));
    }

    /// <summary>What it used and measured, each with how it went.</summary>
    private static void Measured(App app, Run run, RunMeasures measures)
    {
        var ranks = measures.Files.Values.Select(file => file.Usage).OfType<RankUsage>().ToList();
        var usage = measures.Usage(run.Plan);
        foreach (var use in Use.Of(run, usage))
            app.Screen.Field("used", use);
        if (usage is not null && ranks is [var only])
        {
            Curve("cores", [.. only.Cores().Select(part => part.Cores)]);
            Curve("memory", [.. only.Samples.Select(sample => sample.Memory).OfType<double>()]);
            Curve("gpu", [.. only.Samples.Select(sample => sample.Gpu).OfType<double>()]);
        }
        var metrics = measures.Metrics(run.Plan);
        if (metrics is [{ Index: null, Series: var all }])
        {
            foreach (var series in all.Take(MostMetrics))
            {
                var best = series.Best(MetricSeries.LessIsBetter(series.Name));
                var other =
                    best is null || best == series.Last ? "" : $", best {LineChart.Short(best.Value)} at {best.Step}";
                app.Screen.Field(
                    "metric",
                    $"{series.Name} {LineChart.Short(series.Last.Value)} at step {series.Last.Step}"
                        + other
                        + $"  {LineChart.Spark([.. series.Points.Select(point => point.Value)], Columns)}".TrimEnd()
                );
            }
            if (all.Count > MostMetrics)
                app.Screen.Field("metric", $"… and {all.Count - MostMetrics} more: muster show {run.Plan.Name} --json");
        }
        else if (metrics.Count > 0)
            app.Screen.Field(
                "metrics",
                $"of {Words.Count(metrics.Count, "part")}: muster compare {run.Plan.Name}, muster best {run.Plan.Name}"
            );

        void Curve(string what, IReadOnlyList<double> values)
        {
            if (values.Count > 1)
                app.Screen.Field(
                    "",
                    $"{what, -6} {LineChart.Spark(values, Columns, from: 0)} at most "
                        + LineChart.Short(Math.Round(values.Max(), 1))
                        + $"{(what == "memory" ? " MB" : what == "gpu" ? " %" : "")}"
                );
        }
    }

    private const int MostMetrics = 20;
    private const int Columns = 32;

    private static async Task PointsAsync(App app, Run run, CancellationToken ct)
    {
        if (run.Plan.Array is null)
            throw UserException.Misuse(
                $"{run.Plan.Name} is neither a sweep nor an array",
                $"`muster show {run.Plan.Name}` shows it."
            );
        var states = await PointStates.AskAsync(app.OpenSite(run.Plan.Site), run, TimeSpan.FromSeconds(20), ct);
        var values = run.Plan.Points.ToDictionary(point => point.Index);
        if (app.Json)
        {
            var views = states.Select(state => new PointView(
                state.Index,
                values.GetValueOrDefault(state.Index)?.Values ?? new Dictionary<string, string>(),
                state.Word,
                state.Code
            ));
            app.Screen.Data(
                JsonSerializer.Serialize(
                    new PointListView(1, run.Id.ToString(), run.Plan.Name, [.. views]),
                    RunAnswers.Plain.PointListView
                )
            );
            return;
        }
        app.Screen.Table(
            ["INDEX", "STATE", "CODE", "POINT"],
            [
                .. states.Select(state =>
                    (IReadOnlyList<string>)
                        [
                            $"{state.Index}",
                            state.Word,
                            state.Code is { } code ? $"{code}" : "-",
                            values.GetValueOrDefault(state.Index)?.Label() ?? "-",
                        ]
                ),
            ],
            (row, column) => column == 1 ? TintOf(states[row]) : Tint.None
        );
    }

    internal static Tint TintOf(PointState state) =>
        state.Word == "succeeded" ? Tint.Green
        : state.Failed ? Tint.Red
        : Tint.Cyan;

    private static async Task EvidenceAsync(App app, Run run, CancellationToken ct)
    {
        if (run.State is RunState.Ended end)
            app.Screen.Data(
                SafeText.OneLine($"{run.Plan.Name} {end.Word}: {end.Evidence.Source} says: {end.Evidence.Text}")
            );
        else
            app.Screen.Data(
                SafeText.OneLine(
                    $"{run.Plan.Name} has not ended, according to what is known: "
                        + $"{RunText.Describe(run, app.Clock.GetUtcNow()).Text}"
                )
            );
        var site = app.OpenSite(run.Plan.Site);
        var facts = await new RunPlaces(site, run.Plan).LookAsync(TimeSpan.FromSeconds(10), ct);
        foreach (
            var record in (facts?.Records.Values ?? [])
                .OrderBy(record => record.Time)
                .ThenBy(record => Course(record.Name))
                .ThenBy(record => record.Name, StringComparer.Ordinal)
        )
        {
            var values = record.Values.Select(pair =>
                pair.Key == "time" && record.Time is { } time ? $"time={time:O}" : $"{pair.Key}={pair.Value}"
            );
            app.Screen.Data(SafeText.OneLine($"{record.Name}: {string.Join(' ', values)}"));
        }
    }

    /// <summary>Records of one second stand in the order in which a run writes them.</summary>
    private static int Course(string record) =>
        record switch
        {
            "staged" => 0,
            "launched" => 1,
            "ended" => 4,
            _ when record.EndsWith(".exit", StringComparison.Ordinal) => 3,
            _ => 2,
        };
}
