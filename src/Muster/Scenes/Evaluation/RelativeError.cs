namespace Muster.Scenes.Evaluation;

public enum DeltaUnit
{
    Frames,
    Meters,
    Deg,
    Rad,
    Seconds,
}

public enum RelativeConvention
{
    /// <summary>E = B⁻¹A, as the paper of 2012 and evo have it.</summary>
    Evo,

    /// <summary>E = A B⁻¹, as the script of the TUM benchmark has it.</summary>
    Tum,
}

/// <summary>Over which distance motions are compared.</summary>
/// <param name="AllPairs">From every pose on; otherwise each from where the last one ended.</param>
public sealed record Delta(double Size, DeltaUnit Unit, bool AllPairs)
{
    /// <summary>How far a pair may be from the distance asked for, as a part of it.</summary>
    private const double Tolerance = 0.1;

    public static Delta OneFrame { get; } = new(1, DeltaUnit.Frames, AllPairs: false);

    public List<(int From, int To)> Pairs(MatchedPoses poses)
    {
        if (Unit == DeltaUnit.Frames)
        {
            var step = (int)Size;
            return
            [
                .. Enumerable
                    .Range(0, Math.Max(0, poses.Times.Length - step))
                    .Where(i => AllPairs || i % step == 0)
                    .Select(i => (i, i + step)),
            ];
        }
        var way = Way(poses);
        return AllPairs ? Closest(way) : Walked(way);
    }

    /// <summary>What has passed of the unit at each pose of the reference.</summary>
    private double[] Way(MatchedPoses poses)
    {
        if (Unit == DeltaUnit.Seconds)
            return poses.Times;
        if (Unit == DeltaUnit.Meters)
            return poses.Travelled();
        var turned = new double[poses.Times.Length];
        for (var i = 1; i < turned.Length; i++)
        {
            var angle = (poses.Reference[i - 1].Rotation.Inverse * poses.Reference[i].Rotation).Angle;
            turned[i] = turned[i - 1] + (Unit == DeltaUnit.Deg ? double.RadiansToDegrees(angle) : angle);
        }
        return turned;
    }

    private List<(int, int)> Walked(double[] way)
    {
        var pairs = new List<(int, int)>();
        for (int from = 0, to = 1; to < way.Length; to++)
        {
            if (way[to] - way[from] < Size)
                continue;
            pairs.Add((from, to));
            from = to;
        }
        return pairs;
    }

    private List<(int, int)> Closest(double[] way)
    {
        var pairs = new List<(int, int)>();
        for (int from = 0, to = 1; from < way.Length - 1; from++)
        {
            to = Math.Max(to, from + 1);
            while (
                to + 1 < way.Length && Math.Abs(way[to + 1] - way[from] - Size) < Math.Abs(way[to] - way[from] - Size)
            )
                to++;
            if (Math.Abs(way[to] - way[from] - Size) <= Tolerance * Size)
                pairs.Add((from, to));
        }
        return pairs;
    }
}

/// <summary>How much each piece of the way differs. An error belongs to the pose where its piece ends.</summary>
public static class RelativeError
{
    public static PoseErrors Of(MatchedPoses poses, Delta delta, RelativeConvention convention)
    {
        var pairs = delta.Pairs(poses);
        if (pairs.Count == 0)
            throw new SceneException(
                SceneFault.TooFewPairs,
                $"no two poses are {delta.Size} {delta.Unit.ToString().ToLowerInvariant()} apart",
                "Choose another --delta or --unit."
            );
        var errors = pairs.ConvertAll(pair =>
        {
            var here = poses.Estimate[pair.From].Inverse * poses.Estimate[pair.To];
            var there = poses.Reference[pair.From].Inverse * poses.Reference[pair.To];
            return convention == RelativeConvention.Evo ? there.Inverse * here : here * there.Inverse;
        });
        return new(
            [.. pairs.Select(pair => pair.To)],
            [.. errors.Select(error => error.Position.Length)],
            [.. errors.Select(error => double.RadiansToDegrees(error.Rotation.Angle))]
        );
    }
}
