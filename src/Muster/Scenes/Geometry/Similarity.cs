namespace Muster.Scenes.Geometry;

/// <summary>Rotate, scale and move: what a reconstruction of unknown scale is brought into place with.</summary>
public sealed record Similarity(double Scale, Mat3 Rotation, Vec3 Translation)
{
    public static Similarity None { get; } = new(1, Geometry.Rotation.None.ToMatrix(), default);

    public Vec3 Apply(Vec3 point) => (Scale * Rotation.Apply(point)) + Translation;

    public Pose Apply(Pose pose) => new(Apply(pose.Position), Geometry.Rotation.FromMatrix(Rotation) * pose.Rotation);
}
