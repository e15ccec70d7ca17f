namespace Muster.Scenes.Export;

/// <summary>The points of a reconstruction in which enough key frames agree.</summary>
internal sealed class FilteredCloud
{
    private readonly Reconstruction _scene;
    private readonly ExportOptions _options;
    private readonly byte[][] _votes;
    private readonly CloudFilter _filter;

    private FilteredCloud(
        Reconstruction scene,
        ExportOptions options,
        IProgress<SceneProgress>? progress,
        CancellationToken ct
    )
    {
        (_scene, _options) = (scene, options);
        Grid = WorkingGrid.Load(scene, options.Filter, progress, ct);
        _votes = Votes.Count(Grid, scene.WorldToCamera, options.Filter.Threshold, options.Symmetric, progress, ct);
        _filter = new(Grid, _votes, scene.WorldToCamera, options);
        Counts = _filter.CountByKeyframe(ct);
        Count = Counts.Sum(count => (long)count);
        foreach (var plane in _votes)
        foreach (var count in plane)
            Histogram[count]++;
    }

    public static FilteredCloud Of(
        Reconstruction scene,
        ExportOptions options,
        IProgress<SceneProgress>? progress,
        CancellationToken ct
    ) => new(scene, options, progress, ct);

    public WorkingGrid Grid { get; }

    /// <summary>How many pixels had no vote, one vote, and so on to six.</summary>
    public long[] Histogram { get; } = new long[7];
    public int[] Counts { get; }
    public long Count { get; }

    public IEnumerable<ScenePoint[]> Points(IProgress<SceneProgress>? progress, CancellationToken ct) =>
        _filter.Points(Counts, progress, ct);

    public IEnumerable<SceneWarning> Warnings(CancellationToken ct)
    {
        if (Count == 0)
            yield return EmptyCloud.Explain(Grid, _votes, _scene.WorldToCamera, _options, Histogram, ct);
        if (_options.Filter.Approximate)
            yield return new(
                613,
                $"the preset {_options.Filter.Name} is approximated: its own map of an eighth of the size is not "
                    + "saved, so every 8th pixel of the larger one was taken"
            );
    }
}
