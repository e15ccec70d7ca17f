using System.Globalization;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Measures;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli.Runs;

/// <summary>The columns of a list of runs, and its order.</summary>
internal sealed class RunColumns
{
    private static readonly IReadOnlyList<string> Usual = ["id", "name", "site", "state", "age", "what"];
    private static readonly IReadOnlyList<string> Measured =
    [
        "cores",
        "memory",
        "gpu",
        "gpu-idle",
        "gpu-memory",
        "disk",
    ];

    /// <summary>All but metrics.</summary>
    public static IReadOnlyList<string> Known { get; } =
    [.. Usual, "time", "code", "submitted", "tags", "notes", .. Measured];

    private readonly IReadOnlyList<string> _names;
    private readonly string? _sort;
    private readonly bool _falls;

    private RunColumns(IReadOnlyList<string> names, string? sort)
    {
        _names = names;
        (_sort, _falls) = sort is ['-', ..] ? (sort[1..], true) : (sort, false);
        Headers = [.. names.Select(name => name.ToUpperInvariant())];
    }

    public IReadOnlyList<string> Headers { get; }

    /// <summary>Something is shown that runs have measured.</summary>
    public bool NeedsMeasures =>
        _names.Append(_sort ?? "id").Any(name => !Known.Contains(name) || Measured.Contains(name));

    public static RunColumns Read(IReadOnlyList<string> given, string? sort)
    {
        List<string> names =
        [
            .. given.SelectMany(text =>
                text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            ),
        ];
        if (given.Count > 0 && names.Count == 0)
            throw UserException.Misuse("--columns names no column", $"There are: {string.Join(", ", Known)}");
        return new(names.Count > 0 ? names : Usual, sort);
    }

    public IReadOnlyList<string> Row(Run run, MeasureSummary? measures, ShortIds ids, DateTimeOffset now) =>
        [.. _names.Select(name => Text(name, run, measures, ids, now))];

    /// <summary>Runs without a value stand last.</summary>
    public IReadOnlyList<Run> Sorted(
        IReadOnlyList<Run> runs,
        IReadOnlyDictionary<RunId, MeasureSummary> measures,
        DateTimeOffset now
    )
    {
        if (_sort is not { } by)
            return runs;
        var keyed = runs.Select(run => (Run: run, Key: Number(by, run, measures.GetValueOrDefault(run.Id), now)))
            .ToList();
        if (keyed.Any(pair => pair.Key is not null))
            return
            [
                .. keyed
                    .OrderBy(pair => pair.Key is null or double.NaN)
                    .ThenBy(pair => _falls ? -pair.Key : pair.Key)
                    .Select(pair => pair.Run),
            ];
        string Key(Run run) =>
            by switch
            {
                "name" => run.Plan.Name,
                "site" => RunText.Place(run),
                "state" => run.State.Word,
                "what" => Words.Command(run.Plan.Command),
                "tags" => string.Join(' ', run.Tags),
                _ => run.Id.ToString(),
            };
        return _falls
            ? [.. runs.OrderByDescending(Key, StringComparer.Ordinal)]
            : [.. runs.OrderBy(Key, StringComparer.Ordinal)];
    }

    private static string Text(string name, Run run, MeasureSummary? measures, ShortIds ids, DateTimeOffset now)
    {
        var number = Number(name, run, measures, now);
        var value = number ?? 0;
        return name switch
        {
            "id" => ids.Of(run.Id),
            "name" => run.Plan.Name,
            "site" => RunText.Place(run),
            "state" => run.State.Word,
            "what" => Before(run) + Words.Command(run.Plan.Command),
            "submitted" => run.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            "tags" => string.Join(' ', run.Tags),
            "notes" => string.Join("; ", run.Remarks.Select(remark => remark.Text)),
            _ when number is null => "-",
            "age" or "time" => Words.Duration(TimeSpan.FromSeconds(value)),
            "code" => value.ToString("0", CultureInfo.InvariantCulture),
            "cores" => value.ToString("0.0", CultureInfo.InvariantCulture),
            "memory" or "gpu-memory" or "disk" => Words.Size((long)(value * 1024 * 1024)),
            "gpu" or "gpu-idle" => $"{value:0} %",
            _ => LineChart.Short(value),
        };
    }

    private static double? Number(string name, Run run, MeasureSummary? measures, DateTimeOffset now) =>
        name switch
        {
            "age" => (now - run.Created).TotalSeconds,
            "submitted" => run.Created.ToUnixTimeSeconds(),
            "time" => new Compared(run, null, new Dictionary<string, string>(), null).Time(now)?.TotalSeconds,
            "code" => (run.State as RunState.Ended)?.Code,
            "cores" => measures?.Usage?.Cores,
            "memory" => measures?.Usage?.Memory,
            "gpu" => measures?.Usage?.Gpu,
            "gpu-idle" => measures?.Usage?.GpuIdle,
            "gpu-memory" => measures?.Usage?.GpuMemory,
            "disk" => measures?.Usage?.Disk,
            _ when Known.Contains(name) => null,
            _ => Metric(name, measures),
        };

    /// <summary>The last value; of an array, the best of its indices.</summary>
    private static double? Metric(string name, MeasureSummary? measures)
    {
        if (measures is null)
            return null;
        if (measures.Metrics.GetValueOrDefault(name) is { } metric)
            return metric.Parts == 1 ? metric.Last.Value : metric.Best(MetricSeries.LessIsBetter(name))?.Value;
        return name.Split(':', 2) switch
        {
            ["min", var of] => measures.Metrics.GetValueOrDefault(of)?.Least?.Value,
            ["max", var of] => measures.Metrics.GetValueOrDefault(of)?.Most?.Value,
            _ => null,
        };
    }

    /// <summary>What is to be known before the command: why it does not run, or how it ended.</summary>
    private static string Before(Run run) =>
        (
            run.State.IsLive && run.UnreachableSince is { } since
                ? $"unreachable since {since.ToLocalTime():HH:mm}; "
                : ""
        )
        + run.State switch
        {
            RunState.Ended { Code: > 0 and var code } => $"code {code}: ",
            RunState.Queued(_, var reason) => $"{SlurmReason.Of(reason).Meaning}: ",
            RunState.Planned or RunState.Staging when RunKeeper.IsAbandoned(run) => "submission interrupted: ",
            RunState.Planned when run.Waits is { } waits => $"{waits}: ",
            _ => "",
        };
}
