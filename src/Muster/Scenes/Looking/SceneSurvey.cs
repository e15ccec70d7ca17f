using Muster.Scenes.Export;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Looking;

/// <summary>What a scene holds, from one pass over it.</summary>
/// <param name="Core">The box, along the scene's own axes, that leaves out the farthest hundredth at each side.</param>
/// <param name="Typical">How far a point of the core usually is from the camera that is nearest to the middle of the
/// way.</param>
public sealed record SceneSurvey(
    long Points,
    Vec3? Centroid,
    Bounds? Bounds,
    Bounds? Core,
    int Cameras,
    double Way,
    double? Typical
)
{
    private const int SampleSize = 1 << 17;

    public static SceneSurvey Of(Scene scene, IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var tally = new CloudTally();
        var sample = new PointSample(SampleSize);
        foreach (var batch in scene.Points(ct))
        {
            tally.Add(batch);
            sample.Add(batch);
            progress?.Report(new("reading", tally.Count, 0));
        }
        var way = 0.0;
        for (var i = 1; i < scene.Way.Count; i++)
            way += (scene.Way[i] - scene.Way[i - 1]).Length;
        var places =
            sample.Places.Count > 0
                ? sample.Places
                : [.. scene.Way.Concat(scene.Cameras.Select(camera => camera.Position)).Where(place => place.IsFinite)];
        var core = places.Count == 0 ? null : CoreOf(places);
        return new(
            tally.Count,
            tally.Centroid,
            tally.Bounds,
            core,
            scene.Cameras.Count,
            way,
            sample.Places.Count > 0 && scene.Way.Count > 0 ? TypicalOf(sample.Places, scene.Way) : null
        );
    }

    /// <summary>The box around the core and every camera, of which no side is flat.</summary>
    public Bounds Frame(IEnumerable<Vec3> cameras)
    {
        var (min, max) = Core is null ? (default(Vec3), default(Vec3)) : (Core.Min, Core.Max);
        foreach (var place in cameras.Where(place => place.IsFinite))
            (min, max) = (Least(min, place), Most(max, place));
        var pad = 0.02 * Math.Max((max - min).Length, 1e-6);
        return new(min - new Vec3(pad, pad, pad), max + new Vec3(pad, pad, pad));
    }

    private static Bounds CoreOf(IReadOnlyList<Vec3> places)
    {
        double[] x = [.. places.Select(place => place.X).Order()],
            y = [.. places.Select(place => place.Y).Order()],
            z = [.. places.Select(place => place.Z).Order()];
        var (low, high) = (places.Count / 100, places.Count - 1 - (places.Count / 100));
        return new(new(x[low], y[low], z[low]), new(x[high], y[high], z[high]));
    }

    private static double TypicalOf(IReadOnlyList<Vec3> places, IReadOnlyList<Vec3> way)
    {
        var middle = (1.0 / way.Count) * way.Aggregate((a, b) => a + b);
        var eye = way.MinBy(place => (place - middle).Length);
        double[] far = [.. places.Select(place => (place - eye).Length).Order()];
        return far[far.Length / 2];
    }

    private static Vec3 Least(Vec3 a, Vec3 b) => new(Math.Min(a.X, b.X), Math.Min(a.Y, b.Y), Math.Min(a.Z, b.Z));

    private static Vec3 Most(Vec3 a, Vec3 b) => new(Math.Max(a.X, b.X), Math.Max(a.Y, b.Y), Math.Max(a.Z, b.Z));
}

/// <summary>So many places out of a stream, each as likely as any other, and the same every time.</summary>
internal sealed class PointSample(int size)
{
    private readonly List<Vec3> _places = [];
    private readonly Random _random = new(1);
    private long _seen;

    public IReadOnlyList<Vec3> Places => _places;

    public void Add(ReadOnlySpan<ScenePoint> points)
    {
        foreach (ref readonly var point in points)
        {
            if (!point.Position.IsFinite)
                continue;
            _seen++;
            if (_places.Count < size)
                _places.Add(point.Position);
            else if (_random.NextInt64(_seen) is var at && at < size)
                _places[(int)at] = point.Position;
        }
    }
}
