namespace Muster.Scenes.Geometry;

/// <summary>A rotation as a unit quaternion, Hamilton's, the scalar last.</summary>
public readonly record struct Rotation(double X, double Y, double Z, double W)
{
    public static Rotation None { get; } = new(0, 0, 0, 1);
    public double Norm => Math.Sqrt((X * X) + (Y * Y) + (Z * Z) + (W * W));
    public Rotation Inverse => new(-X, -Y, -Z, W);

    /// <summary>Its angle, from 0 to π.</summary>
    public double Angle => 2 * Math.Atan2(Math.Sqrt((X * X) + (Y * Y) + (Z * Z)), Math.Abs(W));

    public Rotation Normalized() => Norm is var norm ? new(X / norm, Y / norm, Z / norm, W / norm) : default;

    /// <summary>
    /// The same rotation with a scalar that is not negative, so that files differ only where rotations do.
    /// </summary>
    public Rotation Canonical() =>
        Normalized() is var unit && unit.W < 0 ? new(-unit.X, -unit.Y, -unit.Z, -unit.W) : unit;

    public Vec3 Apply(Vec3 point)
    {
        var axis = new Vec3(X, Y, Z);
        var twice = 2 * axis.Cross(point);
        return point + (W * twice) + axis.Cross(twice);
    }

    public static Rotation operator *(Rotation a, Rotation b) =>
        new(
            (a.W * b.X) + (a.X * b.W) + (a.Y * b.Z) - (a.Z * b.Y),
            (a.W * b.Y) - (a.X * b.Z) + (a.Y * b.W) + (a.Z * b.X),
            (a.W * b.Z) + (a.X * b.Y) - (a.Y * b.X) + (a.Z * b.W),
            (a.W * b.W) - (a.X * b.X) - (a.Y * b.Y) - (a.Z * b.Z)
        );

    public Mat3 ToMatrix() => Mat3.FromColumns(Apply(new(1, 0, 0)), Apply(new(0, 1, 0)), Apply(new(0, 0, 1)));

    public static Rotation FromMatrix(Mat3 m)
    {
        // The largest of the four is found first, so that nothing small is divided by.
        var (x, y, z, w) = (
            1 + m.M11 - m.M22 - m.M33,
            1 - m.M11 + m.M22 - m.M33,
            1 - m.M11 - m.M22 + m.M33,
            1 + m.M11 + m.M22 + m.M33
        );
        var q = Math.Max(Math.Max(x, y), Math.Max(z, w)) switch
        {
            var most when most == w => new Rotation(m.M32 - m.M23, m.M13 - m.M31, m.M21 - m.M12, w),
            var most when most == x => new(x, m.M12 + m.M21, m.M13 + m.M31, m.M32 - m.M23),
            var most when most == y => new(m.M12 + m.M21, y, m.M23 + m.M32, m.M13 - m.M31),
            _ => new(m.M13 + m.M31, m.M23 + m.M32, z, m.M21 - m.M12),
        };
        return q.Canonical();
    }
}
