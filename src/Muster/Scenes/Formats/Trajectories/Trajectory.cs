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

/// <summary>Where a camera was, and when: camera-to-world poses in the order of their times, in seconds. Where a file has no times they are line numbers.</summary>
public sealed record Trajectory(double[] Times, Pose[] Poses)
{
    public int Count => Times.Length;

    /// <summary>In order of time; of several poses of one time, the last one read.</summary>
    public static Trajectory Sorted(List<double> times, List<Pose> poses)
    {
        var order = Enumerable.Range(0, times.Count).ToArray();
        var ordered = true;
        for (var i = 1; i < order.Length; i++) ordered &= times[i - 1] < times[i];
        if (ordered) return new([.. times], [.. poses]);
        Array.Sort([.. times], order);
        var last = order.GroupBy(i => times[i]).Select(group => group.Max()).ToList();
        return new([.. last.Select(i => times[i])], [.. last.Select(i => poses[i])]);
    }
}
