using System.Runtime.CompilerServices;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>How many neighbouring key frames agree with each pixel's depth.</summary>
internal static class Votes
{
    // The gap behind the key frame is an accident of the original's arithmetic; it decides the counts, so it is kept.
    private static readonly int[] Original = [-1, -2, -3, 3, 4, 5];
    private static readonly int[] Symmetric = [-1, -2, -3, 1, 2, 3];

    /// <summary>Of each key frame, a count for each pixel of the grid.</summary>
    public static byte[][] Count(
        WorkingGrid grid,
        Pose[] worldToCamera,
        double threshold,
        bool symmetric,
        IProgress<SceneProgress>? progress,
        CancellationToken ct
    )
    {
        var votes = new byte[worldToCamera.Length][];
        var done = 0;
        Parallel.For(
            0,
            votes.Length,
            new ParallelOptions { CancellationToken = ct },
            i =>
            {
                votes[i] = new byte[grid.Height * grid.Width];
                foreach (var step in symmetric ? Symmetric : Original)
                {
                    var j = i + step;
                    if (j >= 0 && j < votes.Length)
                        Add(
                            grid,
                            grid.Disparities[i],
                            grid.Disparities[j],
                            worldToCamera[j] * worldToCamera[i].Inverse,
                            threshold,
                            votes[i]
                        );
                }
                progress?.Report(new("comparing", Interlocked.Increment(ref done), votes.Length));
            }
        );
        return votes;
    }

    /// <summary>
    /// One vote for each pixel whose depth, seen from the neighbour, is near to one of the four it falls between.
    /// </summary>
    /// <remarks>
    /// Depths differ by less than τ: |z − 1/d| &lt; τ. It is asked as |z·d − 1| &lt; τ·|d|, which needs no division.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(WorkingGrid grid, float[] own, float[] other, Pose toOther, double threshold, byte[] votes)
    {
        var (width, height, camera) = (grid.Width, grid.Height, grid.Camera);
        var (fx, fy, cx, cy) = (camera.Fx, camera.Fy, camera.Cx, camera.Cy);
        var r = toOther.Rotation.ToMatrix();
        var t = toOther.Position;
        double lastColumn = width - 1,
            lastRow = height - 1;
        var pixel = 0;
        for (var v = 0; v < height; v++)
        {
            var y = (v - cy) / fy;
            var (bx, by, bz) = ((r.M12 * y) + r.M13, (r.M22 * y) + r.M23, (r.M32 * y) + r.M33);
            for (var u = 0; u < width; u++, pixel++)
            {
                double d = own[pixel];
                var x = (u - cx) / fx;
                var pz = (r.M31 * x) + bz + (d * t.Z);
                var inverse = 1 / pz;
                var column = (fx * ((r.M11 * x) + bx + (d * t.X)) * inverse) + cx;
                var row = (fy * ((r.M21 * x) + by + (d * t.Y)) * inverse) + cy;
                if (!(column >= 0 && row >= 0 && column < lastColumn && row < lastRow && pz > 0 && d > 0))
                    continue;
                var depth = pz / d;
                var corner = ((int)row * width) + (int)column;
                double a = other[corner],
                    b = other[corner + 1],
                    c = other[corner + width],
                    e = other[corner + width + 1];
                if (
                    Math.Abs((depth * a) - 1) < threshold * Math.Abs(a)
                    || Math.Abs((depth * b) - 1) < threshold * Math.Abs(b)
                    || Math.Abs((depth * c) - 1) < threshold * Math.Abs(c)
                    || Math.Abs((depth * e) - 1) < threshold * Math.Abs(e)
                )
                    votes[pixel]++;
            }
        }
    }
}
