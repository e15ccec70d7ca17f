namespace Muster.Scenes.Geometry;

/// <summary>A matrix of three rows.</summary>
public readonly record struct Mat3(
    double M11,
    double M12,
    double M13,
    double M21,
    double M22,
    double M23,
    double M31,
    double M32,
    double M33
)
{
    public Vec3 Column1 => new(M11, M21, M31);
    public Vec3 Column2 => new(M12, M22, M32);
    public Vec3 Column3 => new(M13, M23, M33);
    public Mat3 Transposed => new(M11, M21, M31, M12, M22, M32, M13, M23, M33);
    public double Determinant => Column1.Dot(Column2.Cross(Column3));

    public static Mat3 FromColumns(Vec3 a, Vec3 b, Vec3 c) => new(a.X, b.X, c.X, a.Y, b.Y, c.Y, a.Z, b.Z, c.Z);

    public Vec3 Apply(Vec3 point) => (point.X * Column1) + (point.Y * Column2) + (point.Z * Column3);

    public static Mat3 operator *(Mat3 a, Mat3 b) =>
        FromColumns(a.Apply(b.Column1), a.Apply(b.Column2), a.Apply(b.Column3));

    /// <summary>
    /// Its singular values from the largest down, and the orthogonal matrices around them: this = U·diag(D)·Vᵀ.
    /// </summary>
    /// <remarks>One-sided Jacobi rotations: small singular values come out as exact as large ones.</remarks>
    public (Mat3 U, Vec3 D, Mat3 V) Decompose()
    {
        Vec3[] u = [Column1, Column2, Column3],
            v = [new(1, 0, 0), new(0, 1, 0), new(0, 0, 1)];
        for (var (sweep, turned) = (0, true); turned && sweep < 60; sweep++)
        {
            turned = false;
            foreach (var (i, j) in ((int, int)[])[(0, 1), (0, 2), (1, 2)])
            {
                double a = u[i].Dot(u[i]),
                    b = u[j].Dot(u[j]),
                    c = u[i].Dot(u[j]);
                if (c == 0 || Math.Abs(c) <= 1e-16 * Math.Sqrt(a) * Math.Sqrt(b))
                    continue;
                turned = true;
                var zeta = (b - a) / (2 * c);
                var tangent = (zeta < 0 ? -1 : 1) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
                var cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
                (u[i], u[j]) = Turn(u[i], u[j], cosine, cosine * tangent);
                (v[i], v[j]) = Turn(v[i], v[j], cosine, cosine * tangent);
            }
        }
        var order = Enumerable.Range(0, 3).OrderByDescending(i => u[i].Length).ToArray();
        var d = new Vec3(u[order[0]].Length, u[order[1]].Length, u[order[2]].Length);
        var first = d.X > 0 ? (1 / d.X) * u[order[0]] : new(1, 0, 0);
        var second = d.Y > 1e-14 * d.X ? (1 / d.Y) * u[order[1]] : Across(first);
        // Where nothing is left of the third, any direction across the others will do.
        var third = d.Z > 1e-14 * d.X ? (1 / d.Z) * u[order[2]] : first.Cross(second);
        return (FromColumns(first, second, third), d, FromColumns(v[order[0]], v[order[1]], v[order[2]]));

        static (Vec3, Vec3) Turn(Vec3 p, Vec3 q, double cosine, double sine) =>
            ((cosine * p) - (sine * q), (sine * p) + (cosine * q));
        static Vec3 Across(Vec3 one) =>
            (Math.Abs(one.X) < 0.7 ? new Vec3(1, 0, 0) : new Vec3(0, 1, 0)).Cross(one) is var across
                ? (1 / across.Length) * across
                : default;
    }
}
