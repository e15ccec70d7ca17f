using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Muster.Scenes.Drawing;

namespace Muster.Scenes.Formats.Png;

/// <summary>Writes pixels as PNG, eight bits a colour.</summary>
public static class PngWriter
{
    internal static readonly byte[] Signature = [0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n'];

    public static void Write(Stream to, Raster raster)
    {
        to.Write(Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, raster.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), raster.Height);
        (header[8], header[9]) = (8, 2);
        Chunk(to, "IHDR"u8, header);
        Chunk(to, "IDAT"u8, Packed(raster));
        Chunk(to, "IEND"u8, []);
    }

    private static byte[] Packed(Raster raster)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var width = 3 * raster.Width;
            var line = new byte[1 + width];
            for (var y = 0; y < raster.Height; y++)
            {
                var row = raster.Pixels.AsSpan(y * width, width);
                line[0] = 1; // each pixel as its difference from the one before
                for (var i = 0; i < width; i++)
                    line[1 + i] = (byte)(row[i] - (i < 3 ? 0 : row[i - 3]));
                zlib.Write(line);
            }
        }
        return packed.ToArray();
    }

    private static void Chunk(Stream to, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> bytes)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, bytes.Length);
        to.Write(number);
        to.Write(kind);
        to.Write(bytes);
        var crc = new Crc32();
        crc.Append(kind);
        crc.Append(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(number, crc.GetCurrentHashAsUInt32());
        to.Write(number);
    }
}
