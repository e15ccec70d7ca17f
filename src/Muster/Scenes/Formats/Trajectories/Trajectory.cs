using Muster.Scenes.Geometry;

namespace Muster.Scenes.Formats.Trajectories;

public enum TrajectoryFormat
{
    Tum,
    Kitti,
    Euroc,

    /// <summary>A pose a line as TUM has it, without a time: TartanAir's.</summary>
    Poses,
}

/// <summary>
/// Where a camera was, and when: camera-to-world poses in the order of their times, in seconds. Where a file has no
/// times they are line numbers.
/// </summary>
public sealed record Trajectory(double[] Times, Pose[] Poses)
{
    public int Count => Times.Length;

    /// <summary>In order of time; of several poses of one time, the last one read.</summary>
    public static Trajectory Sorted(List<double> times, List<Pose> poses)
    {
        var ordered = true;
        for (var i = 1; i < times.Count; i++)
            ordered &= times[i - 1] < times[i];
        if (ordered)
            return new([.. times], [.. poses]);
        // The place where it was read makes keys differ, so that the last one of a time stands behind its like.
        var order = new (double Time, int Place)[times.Count];
        for (var i = 0; i < order.Length; i++)
            order[i] = (times[i], i);
        Array.Sort(order);
        var kept = 0;
        for (var i = 0; i < order.Length; i++)
            if (i + 1 == order.Length || order[i + 1].Time != order[i].Time)
                order[kept++] = order[i];
        return new(
            [.. order.Take(kept).Select(one => one.Time)],
            [.. order.Take(kept).Select(one => poses[one.Place])]
        );
    }
}
