using System.Text.Json.Serialization;

namespace Muster.Scenes.Geometry;

/// <summary>A point or a direction.</summary>
public readonly record struct Vec3(double X, double Y, double Z)
{
    [JsonIgnore]
    public double Length => Math.Sqrt(Dot(this));

    [JsonIgnore]
    public bool IsFinite => double.IsFinite(X) && double.IsFinite(Y) && double.IsFinite(Z);

    public double Dot(Vec3 other) => (X * other.X) + (Y * other.Y) + (Z * other.Z);

    public Vec3 Cross(Vec3 other) =>
        new((Y * other.Z) - (Z * other.Y), (Z * other.X) - (X * other.Z), (X * other.Y) - (Y * other.X));

    public static Vec3 operator +(Vec3 a, Vec3 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    public static Vec3 operator -(Vec3 a, Vec3 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    public static Vec3 operator -(Vec3 a) => new(-a.X, -a.Y, -a.Z);

    public static Vec3 operator *(double factor, Vec3 a) => new(factor * a.X, factor * a.Y, factor * a.Z);
}
