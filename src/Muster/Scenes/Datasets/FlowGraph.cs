using Muster.Scenes.Export;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Datasets;

/// <summary>
/// How far the picture moves between frames, as DROID-SLAM's trainer reckons it: on every sixteenth pixel, there and
/// back, lengths cut at a
/// hundred, and no answer where fewer than seven in ten points are in front of both cameras.
/// </summary>
internal sealed class FlowGraph
{
    private const int Every = 16,
        First = 8;
    private const double MostLength = 100,
        LeastValid = 0.7;
    private readonly Pose[] _cameraToWorld;
    private readonly float[][] _disparities;
    private readonly Pinhole _camera;
    private readonly Vec3[] _rays;

    /// <param name="width">Of the full images, as is the camera.</param>
    public FlowGraph(int width, int height, Pinhole camera, Pose[] cameraToWorld, float[][] disparities)
    {
        (_cameraToWorld, _disparities, _camera) = (cameraToWorld, disparities, camera.Times(1.0 / Every));
        var rays = new List<Vec3>();
        for (var y = 0; y < Kept(height); y++)
        for (var x = 0; x < Kept(width); x++)
            rays.Add(new(x, y, 1));
        _rays = [.. rays];
    }

    /// <summary>The inverse depths that the graph works on; 0 where none is known.</summary>
    public static float[] Disparities(int width, int height, float[] metres)
    {
        var kept = new float[Kept(width) * Kept(height)];
        for (var at = 0; at < kept.Length; at++)
        {
            var depth = metres[((First + (at / Kept(width) * Every)) * width) + First + (at % Kept(width) * Every)];
            kept[at] = depth > 0 ? 1 / depth : 0;
        }
        return kept;
    }

    /// <summary>In pixels of the full image; infinite where the two see too little of each other.</summary>
    public double Between(int i, int j)
    {
        var (there, back) = (OneWay(i, j), OneWay(j, i));
        return Every * (there + back) / 2;
    }

    /// <summary>
    /// From how many frames a clip can start: they have more than so many neighbours within so many pixels, themselves
    /// among them.
    /// </summary>
    public int ClipStarts(int neighbours, double pixels, CancellationToken ct)
    {
        var starts = 0;
        AllCores.ForEach(
            Enumerable.Range(0, _cameraToWorld.Length),
            i =>
            {
                var found = 1;
                // The nearest in time are the likeliest, so that most frames need few looks.
                for (var away = 1; away < _cameraToWorld.Length && found <= neighbours; away++)
                {
                    ct.ThrowIfCancellationRequested();
                    if (i - away >= 0 && Between(i, i - away) < pixels)
                        found++;
                    if (i + away < _cameraToWorld.Length && Between(i, i + away) < pixels)
                        found++;
                }
                if (found > neighbours)
                    Interlocked.Increment(ref starts);
            },
            ct
        );
        return starts;
    }

    private double OneWay(int i, int j)
    {
        var motion = _cameraToWorld[j].Inverse * _cameraToWorld[i];
        var rotation = motion.Rotation.ToMatrix();
        var (sum, valid, known) = (0.0, 0, 0);
        for (var at = 0; at < _rays.Length; at++)
        {
            double d = _disparities[i][at];
            if (d <= 0)
                continue;
            known++;
            var ray = new Vec3((_rays[at].X - _camera.Cx) / _camera.Fx, (_rays[at].Y - _camera.Cy) / _camera.Fy, 1);
            var place = rotation.Apply(ray) + (d * motion.Position);
            if (!(place.Z > 0.1 * d) || !(place.Z > 0))
                continue;
            valid++;
            var (dx, dy) = (
                (_camera.Fx * place.X / place.Z) + _camera.Cx - _rays[at].X,
                (_camera.Fy * place.Y / place.Z) + _camera.Cy - _rays[at].Y
            );
            sum += Math.Min(MostLength, Math.Sqrt((dx * dx) + (dy * dy)));
        }
        return known > 0 && valid >= LeastValid * known ? sum / valid : double.PositiveInfinity;
    }

    private static int Kept(int size) => Math.Max(0, (size - First + Every - 1) / Every);
}
