namespace Muster.Scenes.Geometry;

/// <summary>A rigid motion: rotate, then move.</summary>
public readonly record struct Pose(Vec3 Position, Rotation Rotation)
{
    public static Pose None { get; } = new(default, Rotation.None);

    public Pose Inverse => Rotation.Inverse is var back ? new(-back.Apply(Position), back) : default;

    public Vec3 Apply(Vec3 point) => Rotation.Apply(point) + Position;

    /// <summary>First <paramref name="b"/>, then <paramref name="a"/>.</summary>
    public static Pose operator *(Pose a, Pose b) => new(a.Apply(b.Position), a.Rotation * b.Rotation);

    public Pose Scaled(double factor) => this with { Position = factor * Position };
}
