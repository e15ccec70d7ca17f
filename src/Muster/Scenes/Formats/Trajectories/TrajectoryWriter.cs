using System.Globalization;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Formats.Trajectories;

/// <summary>Writes camera-to-world poses as lines of text.</summary>
public static class TrajectoryWriter
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    /// <param name="comment">The first line, behind `#`.</param>
    public static void Tum(
        TextWriter to,
        IEnumerable<(string Time, Pose Pose)> poses,
        string? comment = "timestamp tx ty tz qx qy qz qw"
    )
    {
        if (comment is not null)
            to.WriteLine($"# {comment}");
        foreach (var (time, (position, rotation)) in poses)
        {
            var q = rotation.Canonical();
            to.WriteLine(
                $"{time} {Nine(position.X)} {Nine(position.Y)} {Nine(position.Z)} {Nine(q.X)} {Nine(q.Y)} {Nine(q.Z)} "
                    + $"{Nine(q.W)}"
            );
        }
    }

    public static void Tum(TextWriter to, Trajectory trajectory) =>
        Tum(to, trajectory.Times.Zip(trajectory.Poses, (time, pose) => (time.ToString("F6", Plain), pose)));

    public static void Kitti(TextWriter to, IEnumerable<Pose> poses)
    {
        foreach (var (p, rotation) in poses)
        {
            var m = rotation.Normalized().ToMatrix();
            double[] row = [m.M11, m.M12, m.M13, p.X, m.M21, m.M22, m.M23, p.Y, m.M31, m.M32, m.M33, p.Z];
            to.WriteLine(string.Join(' ', row.Select(Nine)));
        }
    }

    public static void Euroc(TextWriter to, Trajectory trajectory)
    {
        to.WriteLine("#timestamp [ns],p_x [m],p_y [m],p_z [m],q_w [],q_x [],q_y [],q_z []");
        foreach (var (time, (p, rotation)) in trajectory.Times.Zip(trajectory.Poses))
        {
            var q = rotation.Canonical();
            to.WriteLine(
                string.Join(
                    ',',
                    ((double[])[p.X, p.Y, p.Z, q.W, q.X, q.Y, q.Z])
                        .Select(Nine)
                        .Prepend(((long)Math.Round(time * 1e9)).ToString(Plain))
                )
            );
        }
    }

    /// <summary>Nine digits that count, and no sign before a zero.</summary>
    private static string Nine(double value) => (value + 0.0).ToString("G9", Plain);
}
