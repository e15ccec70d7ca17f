using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Runs.Measures;

/// <summary>What is known here of what a run has measured: its metrics, and what it used.</summary>
public sealed partial record RunMeasures
{
    public static RunMeasures None { get; } = new();

    /// <summary>By host and name.</summary>
    public IReadOnlyDictionary<string, MeasuredFile> Files { get; init; } = new Dictionary<string, MeasuredFile>();

    /// <summary>All of it is here, and no more can come.</summary>
    public bool IsFinal { get; init; }

    public UsageSummary? Usage(RunPlan plan) =>
        UsageSummary.Of(Files.Values.Select(file => file.Usage).OfType<RankUsage>(), together: plan.Array is null);

    /// <summary>The metrics of the run; of an array, those of each index that has some.</summary>
    public IReadOnlyList<Measured> Metrics(RunPlan plan) =>
        [
            .. Files
                .Where(pair => pair.Value.Series.Count > 0)
                .GroupBy(pair => plan.Array is null ? null : IndexOf(pair.Key))
                .OrderBy(group => group.Key)
                .Select(group => new Measured(
                    group.Key,
                    plan.Points.FirstOrDefault(point => point.Index == group.Key),
                    Joined([.. group.Select(pair => (FolderOf(pair.Key), pair.Value.Series))])
                )),
        ];

    /// <summary>With what was read of a file; the name is what a host said.</summary>
    internal static MeasuredFile Read(string name, string stamp, ReadOnlyMemory<byte> bytes)
    {
        string Text() => System.Text.Encoding.UTF8.GetString(bytes.Span);
        var file = new MeasuredFile(stamp);
        return name switch
        {
            _ when name.EndsWith(".usage", StringComparison.Ordinal) => file with { Usage = RankUsage.Read(Text()) },
            _ when name.StartsWith("logs/", StringComparison.Ordinal) => file with
            {
                Series = MetricText.Lines(Text()),
            },
            _ when name.EndsWith(".csv", StringComparison.Ordinal) => file with { Series = MetricText.Csv(Text()) },
            _ when name.Contains(".tfevents.", StringComparison.Ordinal) => file with
            {
                Series = EventFile.Read(bytes.Span),
            },
            _ => file with { Series = MetricText.Json(bytes) },
        };
    }

    /// <summary>
    /// Files of one folder go on from each other; the same name elsewhere is told apart by its folder.
    /// </summary>
    private static IReadOnlyList<MetricSeries> Joined(
        IReadOnlyList<(string Folder, IReadOnlyList<MetricSeries> Series)> files
    )
    {
        var all = files
            .SelectMany(file => file.Series.Select(series => (file.Folder, Series: series)))
            .GroupBy(one => (one.Folder, one.Series.Name))
            .Select(group => (group.Key.Folder, Series: MetricSeries.Joined([.. group.Select(one => one.Series)])))
            .ToList();
        var several = all.GroupBy(one => one.Series.Name)
            .Where(group => group.Count() > 1)
            .Select(group => group.Key)
            .ToHashSet();
        return
        [
            .. all.Select(one =>
                    several.Contains(one.Series.Name) && one.Folder.Length > 0
                        ? one.Series with
                        {
                            Name = $"{one.Folder}/{one.Series.Name}",
                        }
                        : one.Series
                )
                .DistinctBy(series => series.Name)
                .OrderBy(series => series.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// The last folder below the run's own; none for logs and for what lies at the top of the results.
    /// </summary>
    private static string FolderOf(string key)
    {
        var parts = key[(key.IndexOf(' ') + 1)..].Split('/');
        return parts is ["logs", ..] || parts.Length < 3 || (parts.Length == 3 && int.TryParse(parts[1], out _))
            ? ""
            : parts[^2];
    }

    private static int? IndexOf(string key) =>
        Indexed().Match(key) is { Success: true } match
        && int.TryParse(match.Groups["index"].ValueSpan, CultureInfo.InvariantCulture, out var index)
            ? index
            : null;

    [GeneratedRegex(@"\A[^ ]* ((out|work)/(?<index>[0-9]{1,9})/|logs/main\.(?<index>[0-9]{1,9})\.)")]
    private static partial Regex Indexed();
}

/// <param name="Stamp">Its size and time when it was read.</param>
public sealed record MeasuredFile(string Stamp)
{
    public IReadOnlyList<MetricSeries> Series
    {
        get => field ?? [];
        init;
    }
    public RankUsage? Usage { get; init; }
}

/// <summary>The metrics of a run, or of one index of it.</summary>
public sealed record Measured(int? Index, SweepPoint? Point, IReadOnlyList<MetricSeries> Series)
{
    public MetricSeries? Find(string name) => Series.FirstOrDefault(series => series.Name == name);
}

/// <summary>Of each metric what lists show, so that a list of many runs need not read them whole.</summary>
public sealed record MeasureSummary(
    bool IsFinal,
    UsageSummary? Usage,
    IReadOnlyDictionary<string, MetricSummary> Metrics
)
{
    public static MeasureSummary Of(RunPlan plan, RunMeasures measures) =>
        new(
            measures.IsFinal,
            measures.Usage(plan),
            measures
                .Metrics(plan)
                .SelectMany(one => one.Series)
                .GroupBy(series => series.Name)
                .ToDictionary(
                    group => group.Key,
                    group => new MetricSummary(
                        group.Count(),
                        group.Last().Last,
                        group.Select(series => series.Least).OfType<MetricPoint>().MinBy(point => point.Value),
                        group.Select(series => series.Most).OfType<MetricPoint>().MaxBy(point => point.Value)
                    )
                )
        );
}

/// <param name="Parts">How many indices of an array have it; 1 for any other run.</param>
public sealed record MetricSummary(int Parts, MetricPoint Last, MetricPoint? Least, MetricPoint? Most)
{
    public MetricPoint? Best(bool least) => least ? Least : Most;
}
