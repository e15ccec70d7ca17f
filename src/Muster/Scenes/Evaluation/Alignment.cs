using Muster.Scenes.Geometry;

namespace Muster.Scenes.Evaluation;

public enum AlignmentMode
{
    None,

    /// <summary>The best scale, nothing else.</summary>
    Scale,

    /// <summary>The first pose onto the first pose.</summary>
    Origin,

    /// <summary>The best rotation and translation.</summary>
    Se3,

    /// <summary>The best rotation, translation and scale: what a single camera needs.</summary>
    Sim3,
}

/// <summary>How an estimate is brought onto its reference before they are compared.</summary>
public static class Alignment
{
    private const double MachineEpsilon = 2.220446049250313e-16;

    /// <param name="first">Fit on so many poses from the beginning; none: on all.</param>
    public static Similarity Fit(
        AlignmentMode mode,
        IReadOnlyList<Pose> estimate,
        IReadOnlyList<Pose> reference,
        int? first = null
    )
    {
        if (mode == AlignmentMode.None)
            return Similarity.None;
        if (mode == AlignmentMode.Origin)
        {
            var move = reference[0] * estimate[0].Inverse;
            return new(1, move.Rotation.ToMatrix(), move.Position);
        }
        var count = Math.Min(first ?? int.MaxValue, estimate.Count);
        if (count < 3)
            throw new SceneException(
                SceneFault.TooFewPairs,
                $"an alignment needs three poses, not {count}",
                "Raise --align-first."
            );
        var fit = Umeyama(
            [.. estimate.Take(count).Select(pose => pose.Position)],
            [.. reference.Take(count).Select(pose => pose.Position)]
        );
        return mode switch
        {
            AlignmentMode.Se3 => fit.Rigid,
            AlignmentMode.Scale => new(fit.Whole.Scale, Similarity.None.Rotation, default),
            _ => fit.Whole,
        };
    }

    /// <summary>The similarity, and the rigid motion, that bring the points x nearest to the points y.</summary>
    public static (Similarity Whole, Similarity Rigid) Umeyama(Vec3[] x, Vec3[] y)
    {
        var (middleX, middleY) = (Mean(x), Mean(y));
        Vec3 c1 = default,
            c2 = default,
            c3 = default;
        var spread = 0.0;
        for (var k = 0; k < x.Length; k++)
        {
            var (dx, dy) = (x[k] - middleX, y[k] - middleY);
            (c1, c2, c3) = (c1 + (dx.X * dy), c2 + (dx.Y * dy), c3 + (dx.Z * dy));
            spread += dx.Dot(dx);
        }
        var each = 1.0 / x.Length;
        spread *= each;
        var (u, d, v) = Mat3.FromColumns(each * c1, each * c2, each * c3).Decompose();
        // What is left of a point that stands still, or of a line, is rounding.
        if (!(d.Y > Math.Max(MachineEpsilon, 1e-14 * d.X)) || Math.Sqrt(spread) <= 1e-12 * middleX.Length)
            throw new SceneException(
                SceneFault.NoAlignment,
                "the positions lie on a straight line, or in one place, so no rotation fits better than others",
                "Compare with --align origin or none, or over a longer way."
            );
        var sign = u.Determinant * v.Determinant < 0 ? -1 : 1;
        var rotation = Mat3.FromColumns(u.Column1, u.Column2, sign * u.Column3) * v.Transposed;
        var scale = (d.X + d.Y + (sign * d.Z)) / spread;
        return (
            new(scale, rotation, middleY - (scale * rotation.Apply(middleX))),
            new(1, rotation, middleY - rotation.Apply(middleX))
        );
    }

    private static Vec3 Mean(Vec3[] points) => (1.0 / points.Length) * points.Aggregate((a, b) => a + b);
}
