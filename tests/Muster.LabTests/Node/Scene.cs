using System.Buffers.Binary;
using System.IO.Compression;

namespace Muster.Node;

/// <summary>A landscape of blocks with much texture, seen from above by a camera that moves: photos that a reconstruction can bring together.</summary>
internal static class Scene
{
    public const int Width = 640;
    public const int Height = 480;
    private const double Focal = 600;

    /// <summary>A photo as PNG from a place ten meters up, looking down with a little tilt.</summary>
    public static byte[] Photo(double x, double y, double tilt)
    {
        var rows = new byte[Height * ((Width * 3) + 1)];
        Parallel.For(0, Height, row =>
        {
            for (var column = 0; column < Width; column++)
            {
                var (dx, dz) = Turn((column - (Width / 2.0)) / Focal, -1, tilt);
                var color = Color(x, y, 10, dx, -(row - (Height / 2.0)) / Focal, dz);
                var at = (row * ((Width * 3) + 1)) + 1 + (column * 3);
                (rows[at], rows[at + 1], rows[at + 2]) = color;
            }
        });
        return Png(rows);
    }

    private static (double, double) Turn(double x, double z, double angle) => ((x * Math.Cos(angle)) - (z * Math.Sin(angle)), (x * Math.Sin(angle)) + (z * Math.Cos(angle)));

    /// <summary>Walks along the ray until it is below the ground.</summary>
    private static (byte, byte, byte) Color(double x, double y, double z, double dx, double dy, double dz)
    {
        const double step = 0.02;
        var t = (z - 2.1) / -dz;
        while (z + (t * dz) > Ground(x + (t * dx), y + (t * dy))) t += step;
        var (px, py) = (x + (t * dx), y + (t * dy));
        var shade = (0.5 * Noise(px * 3, py * 3)) + (0.3 * Noise((px * 9) + 50, py * 9)) + (0.2 * Noise(px * 25, (py * 25) + 9));
        return ((byte)(255 * shade), (byte)(255 * Noise((px * 5) + 100, py * 5)), (byte)(120 + (100 * shade)));
    }

    /// <summary>Blocks of a meter and a half, each of its own height, up to two meters.</summary>
    private static double Ground(double x, double y) => 2 * Hash((int)Math.Floor(x / 1.5), (int)Math.Floor(y / 1.5));

    private static double Noise(double x, double y)
    {
        var (left, top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        var (fx, fy) = (x - left, y - top);
        double Mix(double a, double b, double share) => a + ((b - a) * share * share * (3 - (2 * share)));
        return Mix(Mix(Hash(left, top), Hash(left + 1, top), fx), Mix(Hash(left, top + 1), Hash(left + 1, top + 1), fx), fy);
    }

    private static double Hash(int x, int y)
    {
        var mixed = unchecked((uint)(x * 374761393) + (uint)(y * 668265263));
        mixed = (mixed ^ (mixed >> 13)) * 1274126177;
        return ((mixed ^ (mixed >> 16)) & 0xffff) / 65535.0;
    }

    private static byte[] Png(byte[] rows)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(rows);
        using var png = new MemoryStream();
        png.Write([0x89, .. "PNG\r\n\x1a\n"u8]);
        Chunk(png, "IHDR"u8, [.. Int(Width), .. Int(Height), 8, 2, 0, 0, 0]);
        Chunk(png, "IDAT"u8, packed.ToArray());
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    private static void Chunk(MemoryStream png, ReadOnlySpan<byte> name, byte[] content)
    {
        png.Write(Int(content.Length));
        byte[] body = [.. name, .. content];
        png.Write(body);
        png.Write(Int((int)Crc(body)));
    }

    private static byte[] Int(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = 0xffffffffu;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xedb88320u;
        }
        return ~crc;
    }
}
