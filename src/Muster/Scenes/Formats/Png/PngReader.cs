using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Muster.Scenes.Drawing;

namespace Muster.Scenes.Formats.Png;

/// <summary>What a PNG file says of itself.</summary>
public sealed record PngHeader(int Width, int Height, int Depth, int Kind, bool Interlaced)
{
    public const int Grey = 0,
        Colour = 2,
        Palette = 3,
        GreyAlpha = 4,
        ColourAlpha = 6;

    internal int Channels =>
        Kind switch
        {
            Colour => 3,
            GreyAlpha => 2,
            ColourAlpha => 4,
            _ => 1,
        };
}

/// <summary>Reads any PNG into eight bits a colour; what is transparent is taken as it is painted.</summary>
public static class PngReader
{
    private const long MostPixels = 1 << 27;

    /// <summary>Deflate makes nothing smaller than about a thousandth.</summary>
    private const long MostPacking = 1100;

    public static PngHeader ReadHeader(string path) =>
        WithFile(path, stream => Header(path, Chunks(path, stream).First()));

    public static Raster Read(string path) => WithFile(path, stream => Read(path, stream));

    /// <summary>Grey of sixteen bits, as depths are kept, row by row.</summary>
    public static (int Width, int Height, ushort[] Values) ReadDeep(string path) =>
        WithFile(
            path,
            stream =>
            {
                var (header, _, packed) = Collect(path, stream);
                if (header is not { Kind: PngHeader.Grey, Depth: 16, Interlaced: false })
                    throw SceneException.Unreadable(path, "it is no grey picture of 16 bits");
                var values = new ushort[header.Width * header.Height];
                try
                {
                    using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
                    var y = 0;
                    Rows(
                        path,
                        unpacked,
                        2 * header.Width,
                        header.Height,
                        2,
                        line =>
                        {
                            for (var x = 0; x < header.Width; x++)
                                values[(y * header.Width) + x] = BinaryPrimitives.ReadUInt16BigEndian(
                                    line.AsSpan(2 * x)
                                );
                            y++;
                        }
                    );
                }
                catch (Exception fault) when (fault is InvalidDataException or EndOfStreamException)
                {
                    throw SceneException.Unreadable(path, "its picture is damaged", fault);
                }
                return (header.Width, header.Height, values);
            }
        );

    public static Raster Read(string path, Stream from)
    {
        var (header, palette, packed) = Collect(path, from);
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        var raster = new Raster(header.Width, header.Height);
        try
        {
            foreach (var (x0, y0, dx, dy) in header.Interlaced ? Interlaced : [(0, 0, 1, 1)])
                Pass(path, header, palette, unpacked, raster, x0, y0, dx, dy);
        }
        catch (Exception fault) when (fault is InvalidDataException or EndOfStreamException)
        {
            throw SceneException.Unreadable(path, "its picture is damaged", fault);
        }
        return raster;
    }

    private static (PngHeader Header, byte[] Palette, MemoryStream Packed) Collect(string path, Stream from)
    {
        PngHeader? header = null;
        byte[] palette = [];
        var packed = new MemoryStream();
        var ended = false;
        foreach (var (kind, bytes) in Chunks(path, from))
        {
            if (header is null)
                header = Header(path, (kind, bytes));
            else if (kind == "PLTE")
                palette = bytes;
            else if (kind == "IDAT")
                packed.Write(bytes);
            else if (kind == "IEND")
                ended = true;
        }
        if (header is null || !ended)
            throw SceneException.Unreadable(path, "it ends before its picture does");
        if (
            (long)header.Width * header.Height * header.Channels * header.Depth / 8
            > (packed.Length + 16) * MostPacking
        )
            throw SceneException.Unreadable(path, "its picture is larger than what it holds can unfold to");
        packed.Position = 0;
        return (header, palette, packed);
    }

    private static readonly (int, int, int, int)[] Interlaced =
    [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];

    private static void Pass(
        string path,
        PngHeader header,
        byte[] palette,
        Stream from,
        Raster to,
        int x0,
        int y0,
        int dx,
        int dy
    )
    {
        var (width, height) = ((header.Width - x0 + dx - 1) / dx, (header.Height - y0 + dy - 1) / dy);
        if (width <= 0 || height <= 0)
            return;
        var bits = header.Channels * header.Depth;
        var y = 0;
        Rows(
            path,
            from,
            (int)((((long)width * bits) + 7) / 8),
            height,
            Math.Max(1, bits / 8),
            line =>
            {
                if (header is { Kind: PngHeader.Colour, Depth: 8 } && dx == 1)
                    line.CopyTo(to.Pixels, 3 * ((y0 + (y * dy)) * to.Width));
                else
                    for (var x = 0; x < width; x++)
                        to[x0 + (x * dx), y0 + (y * dy)] = Pixel(path, header, palette, line, x);
                y++;
            }
        );
    }

    /// <param name="length">Of a row, in bytes.</param>
    private static void Rows(string path, Stream from, int length, int height, int back, Action<byte[]> take)
    {
        var (line, above) = (new byte[length], new byte[length]);
        for (var y = 0; y < height; y++)
        {
            var filter = from.ReadByte();
            from.ReadExactly(line);
            if (filter is < 0 or > 4)
                throw SceneException.Unreadable(path, "its picture is damaged");
            Unfilter(filter, line, above, back);
            take(line);
            (line, above) = (above, line);
        }
    }

    /// <param name="back">How far the pixel to the left is; before the first there is none, as if it were
    /// black.</param>
    private static void Unfilter(int filter, Span<byte> line, ReadOnlySpan<byte> above, int back)
    {
        switch (filter)
        {
            case 1:
                for (var i = back; i < line.Length; i++)
                    line[i] += line[i - back];
                break;
            case 2:
                for (var i = 0; i < line.Length; i++)
                    line[i] += above[i];
                break;
            case 3:
                for (var i = 0; i < line.Length; i++)
                    line[i] += (byte)(((i < back ? 0 : line[i - back]) + above[i]) / 2);
                break;
            case 4:
                for (var i = 0; i < line.Length; i++)
                    line[i] += (byte)(i < back ? above[i] : Paeth(line[i - back], above[i], above[i - back]));
                break;
        }
    }

    private static int Paeth(int left, int up, int corner)
    {
        var (a, b, c) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - (2 * corner)));
        return a <= b && a <= c ? left
            : b <= c ? up
            : corner;
    }

    private static Ink Pixel(string path, PngHeader header, byte[] palette, byte[] line, int x)
    {
        byte Sample(int channel)
        {
            var at = ((long)x * header.Channels) + channel;
            if (header.Depth >= 8)
                return line[at * (header.Depth / 8)]; // of sixteen bits the upper eight
            var shift = 8 - header.Depth - (int)(at * header.Depth % 8);
            return (byte)((line[at * header.Depth / 8] >> shift) & ((1 << header.Depth) - 1));
        }
        switch (header.Kind)
        {
            case PngHeader.Palette:
                var entry = 3 * Sample(0);
                return entry + 2 < palette.Length
                    ? new(palette[entry], palette[entry + 1], palette[entry + 2])
                    : throw SceneException.Unreadable(path, "its picture has a colour that its palette has not");
            case PngHeader.Colour or PngHeader.ColourAlpha:
                return new(Sample(0), Sample(1), Sample(2));
            default:
                var grey = header.Depth < 8 ? (byte)(Sample(0) * 255 / ((1 << header.Depth) - 1)) : Sample(0);
                return new(grey, grey, grey);
        }
    }

    private static PngHeader Header(string path, (string Kind, byte[] Bytes) chunk)
    {
        if (chunk.Kind != "IHDR" || chunk.Bytes.Length != 13)
            throw SceneException.Unreadable(path, "it does not begin with a PNG header");
        var b = chunk.Bytes;
        var header = new PngHeader(
            BinaryPrimitives.ReadInt32BigEndian(b),
            BinaryPrimitives.ReadInt32BigEndian(b.AsSpan(4)),
            b[8],
            b[9],
            b[12] == 1
        );
        var known =
            (header.Kind, header.Depth)
            is
                (0, 1 or 2 or 4 or 8 or 16)
                or
                (3, 1 or 2 or 4 or 8)
                or
                (2 or 4 or 6, 8 or 16);
        if (!known || b[10] != 0 || b[11] != 0 || b[12] > 1)
            throw SceneException.Unreadable(path, "its header describes no PNG picture");
        if (header.Width <= 0 || header.Height <= 0 || (long)header.Width * header.Height > MostPixels)
            throw SceneException.Unreadable(
                path,
                $"its picture of {header.Width}×{header.Height} is empty or too large"
            );
        return header;
    }

    private static IEnumerable<(string Kind, byte[] Bytes)> Chunks(string path, Stream from)
    {
        var head = new byte[8];
        if (
            from.ReadAtLeast(head, 8, throwOnEndOfStream: false) < 8
            || !head.AsSpan().SequenceEqual(PngWriter.Signature)
        )
            throw SceneException.Unreadable(path, "it is no PNG file");
        while (from.ReadAtLeast(head, 8, throwOnEndOfStream: false) == 8)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(head);
            if (length > from.Length - from.Position - 4)
                throw SceneException.Unreadable(path, "it ends before its picture does");
            var bytes = new byte[length];
            from.ReadExactly(bytes);
            var crc = new Crc32();
            crc.Append(head.AsSpan(4));
            crc.Append(bytes);
            var kind = System.Text.Encoding.Latin1.GetString(head, 4, 4);
            from.ReadExactly(head, 0, 4);
            if (BinaryPrimitives.ReadUInt32BigEndian(head) != crc.GetCurrentHashAsUInt32())
                throw SceneException.Unreadable(
                    path,
                    "a part of it does not have the checksum that was written with it"
                );
            yield return (kind, bytes);
            if (kind == "IEND")
                yield break;
        }
    }

    private static T WithFile<T>(string path, Func<Stream, T> read)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 14);
            return read(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SceneException(
                SceneFault.Unreadable,
                $"{path} cannot be read: {fault.Message}",
                "Name a PNG file that is there and may be read.",
                fault
            );
        }
    }
}
