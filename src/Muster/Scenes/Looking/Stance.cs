using Muster.Scenes.Geometry;

namespace Muster.Scenes.Looking;

/// <summary>
/// Which way a scene stands: right, down and forward as its cameras had them, on the whole. Without cameras, its own
/// axes.
/// </summary>
public sealed record Stance(Vec3 Right, Vec3 Down, Vec3 Forward)
{
    public static Stance Plain { get; } = new(new(1, 0, 0), new(0, 1, 0), new(0, 0, 1));

    public static Stance Of(IReadOnlyList<Pose> cameras)
    {
        if (cameras.Count == 0)
            return Plain;
        var down = Sum(cameras, Plain.Down);
        if (down.Length < 0.2 * cameras.Count)
            down = cameras[0].Rotation.Apply(Plain.Down);
        down = (1 / down.Length) * down;
        // Who has turned all the way round looks nowhere on the whole: then as at first.
        var forward = Flat(Sum(cameras, Plain.Forward));
        if (forward.Length < 0.2 * cameras.Count)
            forward = Flat(cameras[0].Rotation.Apply(Plain.Forward));
        if (forward.Length < 1e-3)
            forward = Flat(Math.Abs(down.X) < 0.7 ? Plain.Right : Plain.Forward);
        forward = (1 / forward.Length) * forward;
        return new(down.Cross(forward), down, forward);

        Vec3 Flat(Vec3 direction) => direction - (direction.Dot(down) * down);
    }

    /// <summary>A place as right, down and forward of the origin.</summary>
    public Vec3 Seen(Vec3 place) => new(Right.Dot(place), Down.Dot(place), Forward.Dot(place));

    private static Vec3 Sum(IReadOnlyList<Pose> cameras, Vec3 axis) =>
        cameras.Aggregate(default(Vec3), (sum, camera) => sum + camera.Rotation.Apply(axis));
}
