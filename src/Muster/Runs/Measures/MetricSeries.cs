namespace Muster.Runs.Measures;

/// <summary>
/// One metric over the steps of a run. Of many values only some are kept; the last and the extremes are exact.
/// </summary>
/// <param name="Points">In the order of steps, at most <see cref="Kept"/>.</param>
public sealed record MetricSeries(
    string Name,
    int Count,
    MetricPoint Last,
    MetricPoint? Least,
    MetricPoint? Most,
    IReadOnlyList<MetricPoint> Points
)
{
    /// <summary>How many values are kept for a chart.</summary>
    public const int Kept = 240;

    /// <summary>The best value: the first of those that are equal; null where all are no numbers.</summary>
    public MetricPoint? Best(bool least) => least ? Least : Most;

    /// <summary>A step that comes again replaces what was there: the run went on from before it.</summary>
    public static MetricSeries Of(string name, IReadOnlyCollection<MetricPoint> values)
    {
        var byStep = new SortedDictionary<long, MetricPoint>();
        foreach (var value in values)
            byStep[value.Step] = value;
        List<MetricPoint> ordered = [.. byStep.Values];
        var numbers = ordered.Where(point => double.IsFinite(point.Value)).ToList();
        return new(
            name,
            ordered.Count,
            ordered[^1],
            numbers.MinBy(point => point.Value),
            numbers.MaxBy(point => point.Value),
            Thinned(ordered, Kept)
        );
    }

    /// <summary>The same from several files of one run, which may go on from each other.</summary>
    public static MetricSeries Joined(IReadOnlyList<MetricSeries> parts)
    {
        if (parts is [var only])
            return only;
        var ordered = Of(parts[0].Name, [.. parts.SelectMany(part => part.Points)]);
        return ordered with
        {
            Count = Math.Max(ordered.Count, parts.Max(part => part.Count)),
            Least = parts.Select(part => part.Least).OfType<MetricPoint>().MinBy(point => point.Value),
            Most = parts.Select(part => part.Most).OfType<MetricPoint>().MaxBy(point => point.Value),
        };
    }

    public MetricSeries With(int kept) => this with { Points = Thinned(Points, kept) };

    /// <summary>Greater is better for what is called like these; for all else, less.</summary>
    public static bool LessIsBetter(string name) =>
        !Rising.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static readonly string[] Rising =
    [
        "acc",
        "auc",
        "f1",
        "iou",
        "psnr",
        "ssim",
        "reward",
        "return",
        "score",
        "precision",
        "recall",
        "mAP",
        "r2",
        "bleu",
        "throughput",
    ];

    private static IReadOnlyList<MetricPoint> Thinned(IReadOnlyList<MetricPoint> points, int kept) =>
        points.Count <= kept
            ? points
            :
            [
                .. Enumerable
                    .Range(0, kept)
                    .Select(i => points[(int)((long)i * (points.Count - 1) / Math.Max(1, kept - 1))]),
            ];
}

public sealed record MetricPoint(long Step, double Value);
