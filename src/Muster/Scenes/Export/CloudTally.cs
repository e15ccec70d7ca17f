using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>Counts points as they pass, and remembers their middle and their bounds.</summary>
internal sealed class CloudTally
{
    private Vec3 _sum,
        _min = new(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity),
        _max = new(double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity);

    public long Count { get; private set; }
    public Vec3? Centroid => Count == 0 ? null : (1.0 / Count) * _sum;
    public Bounds? Bounds => Count == 0 ? null : new(_min, _max);

    public void Add(ReadOnlySpan<ScenePoint> points)
    {
        var (sum, min, max) = (_sum, _min, _max);
        foreach (ref readonly var point in points)
        {
            var p = point.Position;
            if (!p.IsFinite)
                continue;
            Count++;
            sum += p;
            min = new(Math.Min(min.X, p.X), Math.Min(min.Y, p.Y), Math.Min(min.Z, p.Z));
            max = new(Math.Max(max.X, p.X), Math.Max(max.Y, p.Y), Math.Max(max.Z, p.Z));
        }
        (_sum, _min, _max) = (sum, min, max);
    }
}
