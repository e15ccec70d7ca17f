using System.Buffers.Binary;
using System.IO.Compression;

namespace Muster;

/// <summary>Writes GeoTIFF files as ODM does for the web: in tiles, with smaller copies, deflated.</summary>
internal sealed class GeoTiff : IDisposable
{
    private const int Tile = 256;
    private readonly MemoryStream _file = new();

    /// <summary>
    /// Bytes of colour and opacity, or heights of 32 bits. The upper left corner lies at 576,000 east, 5,188,000 north.
    /// </summary>
    /// <param name="sample">Of a pixel, one sample.</param>
    public static byte[] Write(int width, int height, int samples, double metres, Func<int, int, int, float> sample)
    {
        using var tiff = new GeoTiff();
        tiff._file.Write("II*\0\0\0\0\0"u8);
        var copies = 1;
        while (Math.Max(width, height) >> copies > Tile)
            copies++;
        var directories = Enumerable
            .Range(0, copies + 1)
            .Select(copy => tiff.Directory(copy, width, height, samples, metres, sample))
            .ToList();
        var link = 4L;
        foreach (var (entries, large) in directories)
        {
            var start = tiff.Put(large);
            tiff._file.Position = link;
            tiff.Number((uint)(start + large.Length));
            tiff._file.Position = tiff._file.Length;
            link = tiff.PutDirectory(entries, start);
        }
        return tiff._file.ToArray();
    }

    private sealed record Entry(ushort Tag, ushort Type, int Count, int Value, int At);

    private (IReadOnlyList<Entry> Entries, byte[] Large) Directory(
        int copy,
        int fullWidth,
        int fullHeight,
        int samples,
        double metres,
        Func<int, int, int, float> sample
    )
    {
        var (width, height) = (fullWidth >> copy, fullHeight >> copy);
        var isHeight = samples == 1;
        List<uint> offsets = [],
            lengths = [];
        for (var top = 0; top < height; top += Tile)
        {
            for (var left = 0; left < width; left += Tile)
            {
                var block = isHeight ? Heights(left, top) : Colours(left, top);
                using var packed = new MemoryStream();
                using (var deflate = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                    deflate.Write(block);
                lengths.Add((uint)packed.Length);
                offsets.Add((uint)Put(packed.ToArray()));
            }
        }
        List<Entry> entries = [];
        using var large = new MemoryStream();
        Add(254, 4, copy > 0 ? 1 : 0);
        Add(256, 4, width);
        Add(257, 4, height);
        Add(258, 3, [.. Enumerable.Repeat(isHeight ? 32.0 : 8, samples)]);
        Add(259, 3, 8); // deflate
        Add(262, 3, isHeight ? 1 : 2);
        Add(277, 3, samples);
        Add(284, 3, 1);
        Add(317, 3, isHeight ? 3 : 2);
        Add(322, 3, Tile);
        Add(323, 3, Tile);
        Add(324, 4, [.. offsets.Select(offset => (double)offset)]);
        Add(325, 4, [.. lengths.Select(length => (double)length)]);
        if (!isHeight)
            Add(338, 3, 2); // the last band says how opaque a pixel is
        Add(339, 3, [.. Enumerable.Repeat(isHeight ? 3.0 : 1, samples)]);
        if (copy == 0)
        {
            Add(33550, 12, metres, metres, 0);
            Add(33922, 12, 0, 0, 0, 576_000, 5_188_000, 0);
            Add(34735, 3, 1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32632);
        }
        if (isHeight)
            Add(42113, 2, '-', '1', 0);
        return (entries, large.ToArray());

        float At(int x, int y, int band) =>
            x < width && y < height
                ? sample(Math.Min(fullWidth - 1, x << copy), Math.Min(fullHeight - 1, y << copy), band)
                : 0;

        byte[] Colours(int left, int top)
        {
            var bytes = new byte[Tile * Tile * samples];
            for (var at = 0; at < bytes.Length; at++)
                bytes[at] = (byte)At(left + (at / samples % Tile), top + (at / samples / Tile), at % samples);
            for (var at = bytes.Length - 1; at >= samples; at--)
            {
                if (at / samples % Tile != 0)
                    bytes[at] -= bytes[at - samples];
            }
            return bytes;
        }

        // of each row first all highest bytes, then all second ones, each as the difference from the one before
        byte[] Heights(int left, int top)
        {
            var bytes = new byte[Tile * Tile * 4];
            Span<byte> one = stackalloc byte[4];
            for (var y = 0; y < Tile; y++)
            {
                var row = bytes.AsSpan(y * Tile * 4, Tile * 4);
                for (var x = 0; x < Tile; x++)
                {
                    BinaryPrimitives.WriteSingleBigEndian(one, At(left + x, top + y, 0));
                    for (var part = 0; part < 4; part++)
                        row[(part * Tile) + x] = one[part];
                }
                for (var at = row.Length - 1; at > 0; at--)
                    row[at] -= row[at - 1];
            }
            return bytes;
        }

        void Add(ushort tag, ushort type, params IReadOnlyList<double> values)
        {
            var bytes = values.SelectMany(value => Bytes(type, value)).ToArray();
            var isLarge = bytes.Length > 4;
            var held = isLarge ? 0 : BinaryPrimitives.ReadInt32LittleEndian([.. bytes, .. new byte[4 - bytes.Length]]);
            entries.Add(new(tag, type, values.Count, held, isLarge ? (int)large.Length : -1));
            if (isLarge)
                large.Write(bytes);
        }
    }

    private static byte[] Bytes(ushort type, double value) =>
        type switch
        {
            2 => [(byte)value],
            3 => BitConverter.GetBytes((ushort)value),
            12 => BitConverter.GetBytes(value),
            _ => BitConverter.GetBytes((uint)value),
        };

    private long Put(byte[] bytes)
    {
        var at = _file.Length;
        _file.Position = at;
        _file.Write(bytes);
        return at;
    }

    private void Number(uint value) => _file.Write(BitConverter.GetBytes(value));

    /// <summary>Where it says where the next one is.</summary>
    private long PutDirectory(IReadOnlyList<Entry> entries, long large)
    {
        _file.Write(BitConverter.GetBytes((ushort)entries.Count));
        foreach (var (tag, type, count, value, at) in entries)
        {
            _file.Write(BitConverter.GetBytes(tag));
            _file.Write(BitConverter.GetBytes(type));
            Number((uint)count);
            Number(at < 0 ? (uint)value : (uint)(large + at));
        }
        var link = _file.Position;
        Number(0);
        return link;
    }

    public void Dispose() => _file.Dispose();
}
