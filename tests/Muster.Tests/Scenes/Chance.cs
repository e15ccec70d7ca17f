using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes;

/// <summary>Geometry by chance, the same for the same seed.</summary>
internal sealed class Chance(int seed)
{
    private readonly Random _random = new(seed);

    public double Between(double least, double most) => least + (_random.NextDouble() * (most - least));

    public int Below(int most) => _random.Next(most);

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    public Vec3 Vector(double reach) => new(Between(-reach, reach), Between(-reach, reach), Between(-reach, reach));

    public Rotation Rotation() =>
        new Rotation(Between(-1, 1), Between(-1, 1), Between(-1, 1), Between(-1, 1)).Normalized();

    public Pose Pose(double reach = 5) => new(Vector(reach), Rotation());

    public Similarity Similarity() => new(Between(0.05, 20), Rotation().ToMatrix(), Vector(100));

    /// <summary>Points of which each has a colour of its own: its number.</summary>
    public ScenePoint[] Points(int count, double reach) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new ScenePoint(Vector(reach), (byte)(i >> 16), (byte)(i >> 8), (byte)i)),
        ];

    /// <summary>Poses a tenth of a second apart, give or take.</summary>
    public Trajectory Trajectory(int count)
    {
        var (times, poses) = (new List<double>(), new List<Pose>());
        for (var i = 0; i < count; i++)
        {
            times.Add(1_700_000_000 + (0.1 * i) + Between(-0.03, 0.03));
            poses.Add(Pose());
        }
        return Formats.Trajectories.Trajectory.Sorted(times, poses);
    }
}
