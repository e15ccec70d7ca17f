using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>Which pixels become points, and where in the world they are.</summary>
internal sealed class CloudFilter(WorkingGrid grid, byte[][] votes, Pose[] worldToCamera, ExportOptions options)
{
    private readonly (int Start, int End) _frames = options.Keyframes.GetOffsetAndLength(worldToCamera.Length)
        is var (start, length)
        ? (start, start + length)
        : default;

    public int[] CountByKeyframe(CancellationToken ct)
    {
        var counts = new int[votes.Length];
        Parallel.For(
            _frames.Start,
            _frames.End,
            new ParallelOptions { CancellationToken = ct },
            i =>
            {
                var least = LeastDisparity(i);
                var kept = 0;
                for (var pixel = 0; pixel < votes[i].Length; pixel++)
                    if (Keeps(i, pixel, least))
                        kept++;
                counts[i] = kept;
            }
        );
        return counts;
    }

    /// <summary>
    /// All points: by key frame, then row, then column. A few key frames are made at a time, on all cores, while those
    /// before them are written.
    /// </summary>
    public IEnumerable<ScenePoint[]> Points(int[] counts, IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var abreast = 2 * Environment.ProcessorCount;
        Task<ScenePoint[][]> MakeAsync(int first) =>
            Task.Run(
                () =>
                {
                    var some = new ScenePoint[Math.Clamp(_frames.End - first, 0, abreast)][];
                    Parallel.For(
                        0,
                        some.Length,
                        new ParallelOptions { CancellationToken = ct },
                        k => some[k] = PointsOf(first + k, counts[first + k])
                    );
                    return some;
                },
                ct
            );
        var next = MakeAsync(_frames.Start);
        for (var first = _frames.Start; first < _frames.End; first += abreast)
        {
#pragma warning disable VSTHRD002 // points are enumerated on a thread that computes
            var some = next.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
            next = MakeAsync(first + abreast);
            foreach (var points in some)
                yield return points;
            progress?.Report(
                new("writing", Math.Min(first + abreast, _frames.End) - _frames.Start, _frames.End - _frames.Start)
            );
        }
    }

    private double LeastDisparity(int i) =>
        options.Filter.Ratio * (options.Filter.PerFrame ? grid.Means[i] : grid.Mean);

    private bool Keeps(int i, int pixel, double least) =>
        votes[i][pixel] >= options.Filter.Count
        && grid.Disparities[i][pixel] is > 0 and < float.PositiveInfinity and var d
        && d > least
        && (options.MaxDepth is not { } most || 1.0 / d <= most);

    private ScenePoint[] PointsOf(int i, int count)
    {
        var points = new ScenePoint[count];
        if (count == 0)
            return points;
        var toWorld = worldToCamera[i].Inverse;
        var rotation = toWorld.Rotation.ToMatrix();
        var (camera, colours, disparities) = (grid.Camera, grid.Colours[i], grid.Disparities[i]);
        var least = LeastDisparity(i);
        for (int v = 0, pixel = 0, at = 0; at < count; v++)
        {
            var y = (v - camera.Cy) / camera.Fy;
            for (var u = 0; u < grid.Width; u++, pixel++)
            {
                if (!Keeps(i, pixel, least))
                    continue;
                var ray = new Vec3((u - camera.Cx) / camera.Fx, y, 1);
                var position = ((1.0 / disparities[pixel]) * rotation.Apply(ray)) + toWorld.Position;
                points[at++] = new(
                    options.Scale * position,
                    colours[3 * pixel],
                    colours[(3 * pixel) + 1],
                    colours[(3 * pixel) + 2]
                );
            }
        }
        return points;
    }
}
