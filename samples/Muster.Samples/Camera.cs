using System.Numerics;

namespace Muster.Samples;

/// <summary>
/// A camera that looks down, with a lens of 24 mm as if its sensor were 36 mm wide. Angles in radians; the tilts are
/// small.
/// </summary>
internal sealed class Camera
{
    public const int Width = 1000;
    public const int Height = 750;
    public const int Focal35 = 24;
    private const float Focal = Focal35 / 36f * Width;
    private const int Samples = 2; // each way within a pixel

    private readonly Vector3 _place,
        _right,
        _up,
        _forward;

    public Camera(Vector3 place, float heading, float tiltRight, float tiltUp)
    {
        var (sin, cos) = MathF.SinCos(heading);
        var (right, up) = (new Vector3(cos, -sin, 0), new Vector3(sin, cos, 0));
        _place = place;
        _forward = Vector3.Normalize(-Vector3.UnitZ + (tiltRight * right) + (tiltUp * up));
        _right = Vector3.Normalize(right - (_forward * Vector3.Dot(right, _forward)));
        _up = Vector3.Cross(_right, _forward);
    }

    /// <summary>Red, green and blue of each pixel, row by row.</summary>
    public byte[] Take(Landscape land)
    {
        var pixels = new byte[Width * Height * 3];
        Parallel.For(
            0,
            Height,
            row =>
            {
                for (var column = 0; column < Width; column++)
                {
                    var color = Vector3.Zero;
                    for (var sample = 0; sample < Samples * Samples; sample++)
                    {
                        color += Seen(
                            land,
                            column + (((sample % Samples) + 0.5f) / Samples),
                            row + (((sample / Samples) + 0.5f) / Samples)
                        );
                    }
                    color = Vector3.Clamp(color * 255 / (Samples * Samples), Vector3.Zero, new(255));
                    var at = ((row * Width) + column) * 3;
                    (pixels[at], pixels[at + 1], pixels[at + 2]) = ((byte)color.X, (byte)color.Y, (byte)color.Z);
                }
            }
        );
        return pixels;
    }

    /// <summary>Walks along the ray until it is below the ground, then back to where it went in.</summary>
    private Vector3 Seen(Landscape land, float column, float row)
    {
        const float step = 0.12f;
        var ray = _forward + (_right * ((column - (Width / 2f)) / Focal)) - (_up * ((row - (Height / 2f)) / Focal));
        var t = (_place.Z - Landscape.Highest) / -ray.Z;
        while (IsAbove(t))
            t += step;
        for (var half = step / 2; half > 0.005f; half /= 2)
            t += IsAbove(t) ? half : -half;
        var place = _place + (t * ray);
        return land.Color(place.X, place.Y);

        bool IsAbove(float distance)
        {
            var at = _place + (distance * ray);
            return at.Z > land.Height(at.X, at.Y);
        }
    }
}
