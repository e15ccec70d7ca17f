using Muster.Scenes.Geometry;

namespace Muster.Scenes.Evaluation;

/// <summary>Errors in place and in degrees, and the pose that each belongs to.</summary>
public sealed record PoseErrors(int[] At, double[] Translation, double[] Degrees);

/// <summary>How far each pose is from where it should be.</summary>
public static class AbsoluteError
{
    public static PoseErrors Of(MatchedPoses poses) =>
        new(
            [.. Enumerable.Range(0, poses.Times.Length)],
            [.. poses.Estimate.Zip(poses.Reference, (here, there) => (here.Position - there.Position).Length)],
            [
                .. poses.Estimate.Zip(
                    poses.Reference,
                    (here, there) => double.RadiansToDegrees((here.Rotation.Inverse * there.Rotation).Angle)
                ),
            ]
        );

    /// <summary>
    /// As TartanAir's tools reckon: the reference is brought onto the estimate, and the estimate scaled.
    /// </summary>
    public static (double Scale, double Rmse) TartanAir(Vec3[] estimate, Vec3[] reference)
    {
        var (_, rigid) = Alignment.Umeyama(reference, estimate);
        var (middleX, middleY) = (estimate.Aggregate((a, b) => a + b), reference.Aggregate((a, b) => a + b));
        (middleX, middleY) = ((1.0 / estimate.Length) * middleX, (1.0 / estimate.Length) * middleY);
        double above = 0,
            below = 0;
        for (var k = 0; k < estimate.Length; k++)
        {
            var y = reference[k] - middleY;
            above += y.Dot(y);
            below += (estimate[k] - middleX).Dot(rigid.Rotation.Apply(y));
        }
        var scale = above / below;
        var squares = estimate
            .Zip(reference, (x, y) => (scale * (x - middleX)) - rigid.Rotation.Apply(y - middleY))
            .Sum(error => error.Dot(error));
        return (scale, Math.Sqrt(squares / estimate.Length));
    }
}
