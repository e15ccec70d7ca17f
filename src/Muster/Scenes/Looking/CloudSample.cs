using Muster.Scenes.Export;

namespace Muster.Scenes.Looking;

/// <summary>
/// A cloud of any size brought down to so many points, evenly: where there are too many, cubes of a lattice that grows
/// until they fit.
/// </summary>
public static class CloudSample
{
    public static ScenePoint[] Of(
        Scene scene,
        SceneSurvey survey,
        int most,
        IProgress<SceneProgress>? progress,
        CancellationToken ct
    )
    {
        if (survey.Points <= most)
            return [.. Finite(scene.Points(ct))];
        var thinning = new VoxelThinning(LeastSize(survey));
        var seen = 0L;
        foreach (var batch in scene.Points(ct))
        {
            thinning.Add(batch);
            // Cubes of twice the side are about a quarter as many, so a few too many are kept until the end.
            while (thinning.Count > 4L * most)
                thinning.Coarsen();
            progress?.Report(new("thinning", seen += batch.Count, survey.Points));
        }
        return Some([.. thinning.Points().SelectMany(points => points)], most);
    }

    /// <summary>Finer than anyone sees, and not so fine that the farthest point has a number too large.</summary>
    private static double LeastSize(SceneSurvey survey)
    {
        var (core, bounds) = (survey.Core!.Size.Length, survey.Bounds!);
        var reach = Math.Max(bounds.Min.Length, bounds.Max.Length);
        return Math.Max(core / (1 << 14), Math.Max(reach / (1 << 30), double.Epsilon * (1L << 32)));
    }

    private static IEnumerable<ScenePoint> Finite(IEnumerable<ArraySegment<ScenePoint>> batches) =>
        batches.SelectMany(batch => batch).Where(point => point.Position.IsFinite);

    private static ScenePoint[] Some(ScenePoint[] points, int most)
    {
        if (points.Length <= most)
            return points;
        new Random(1).Shuffle(points);
        return points[..most];
    }
}
