using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Muster.Scenes.Drawing;
using Muster.Scenes.Formats.Png;

namespace Muster.Scenes.Formats;

public sealed class PngTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        var raster = new Raster(37, 23, new Chance(1).Bytes(3 * 37 * 23));
        using var file = new MemoryStream();
        PngWriter.Write(file, raster);
        file.Position = 0;
        var back = PngReader.Read("a.png", file);
        Assert.Equal((37, 23), (back.Width, back.Height));
        Assert.Equal(raster.Pixels, back.Pixels);
    }

    /// <summary>Every kind and depth that PNG has, with each way of filtering a row, in order and interlaced.</summary>
    [Theory]
    [
        InlineData(0, 1),
        InlineData(0, 2),
        InlineData(0, 4),
        InlineData(0, 8),
        InlineData(0, 16),
        InlineData(2, 8),
        InlineData(2, 16)
    ]
    [
        InlineData(3, 1),
        InlineData(3, 2),
        InlineData(3, 4),
        InlineData(3, 8),
        InlineData(4, 8),
        InlineData(4, 16),
        InlineData(6, 8),
        InlineData(6, 16)
    ]
    public void Every_kind_is_read(int kind, int depth)
    {
        var channels = kind switch
        {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        var palette = new Chance(9).Bytes(3 << Math.Min(depth, 8));
        var (width, height) = (19, 11);
        var samples = Array.ConvertAll(new Chance(depth).Bytes(width * height * channels * 2), one => (int)one);
        int Sample(int x, int y, int channel) =>
            (
                (samples[2 * ((((y * width) + x) * channels) + channel)] << 8)
                | samples[(2 * ((((y * width) + x) * channels) + channel)) + 1]
            ) & ((1 << depth) - 1);
        byte Eight(int value) => (byte)(depth == 16 ? value >> 8 : value * 255 / ((1 << depth) - 1));
        foreach (var interlaced in (bool[])[false, true])
        {
            using var rows = new MemoryStream();
            foreach (
                var (x0, y0, dx, dy) in interlaced
                    ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
                    : ((int, int, int, int)[])[(0, 0, 1, 1)]
            )
            {
                var columns = (width - x0 + dx - 1) / dx;
                if (columns <= 0)
                    continue;
                var above = new byte[((columns * channels * depth) + 7) / 8];
                for (var (y, filter) = (y0, 0); y < height; y += dy, filter = (filter + 1) % 5)
                {
                    var line = new byte[above.Length];
                    for (var (x, bit) = (x0, 0); x < width; x += dx)
                    {
                        for (var channel = 0; channel < channels; channel++, bit += depth)
                        {
                            var value = Sample(x, y, channel);
                            if (depth == 16)
                                BinaryPrimitives.WriteUInt16BigEndian(line.AsSpan(bit / 8), (ushort)value);
                            else
                                line[bit / 8] |= (byte)(value << (8 - depth - (bit % 8)));
                        }
                    }
                    rows.WriteByte((byte)filter);
                    rows.Write(Filtered(filter, line, above, Math.Max(1, channels * depth / 8)));
                    above = line;
                }
            }
            var read = PngReader.Read(
                "a.png",
                new MemoryStream(File(width, height, depth, kind, interlaced, palette, rows.ToArray()))
            );
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                {
                    var expected = kind switch
                    {
                        3 => new Ink(
                            palette[3 * Sample(x, y, 0)],
                            palette[(3 * Sample(x, y, 0)) + 1],
                            palette[(3 * Sample(x, y, 0)) + 2]
                        ),
                        2 or 6 => new(Eight(Sample(x, y, 0)), Eight(Sample(x, y, 1)), Eight(Sample(x, y, 2))),
                        _ => Eight(Sample(x, y, 0)) is var grey ? new(grey, grey, grey) : default,
                    };
                    Assert.Equal(expected, read[x, y]);
                }
            }
        }
    }

    [Fact]
    public void A_picture_that_claims_to_be_huge_is_refused_at_once()
    {
        var file = File(30_000, 4_000, 8, 6, false, [], new byte[10]);
        Assert.Contains(
            "larger than what it holds",
            Assert.Throws<SceneException>(() => PngReader.Read("a.png", new MemoryStream(file))).Message,
            StringComparison.Ordinal
        );
    }

    private static byte[] Filtered(int filter, byte[] line, byte[] above, int back)
    {
        var filtered = new byte[line.Length];
        for (var i = 0; i < line.Length; i++)
        {
            int left = i < back ? 0 : line[i - back],
                up = above[i],
                corner = i < back ? 0 : above[i - back];
            var guess = left + up - corner;
            var paeth = ((int[])[left, up, corner]).MinBy(one => Math.Abs(guess - one));
            filtered[i] = (byte)(
                line[i]
                - filter switch
                {
                    1 => left,
                    2 => up,
                    3 => (left + up) / 2,
                    4 => paeth,
                    _ => 0,
                }
            );
        }
        return filtered;
    }

    private static byte[] File(int width, int height, int depth, int kind, bool interlaced, byte[] palette, byte[] rows)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)kind, (byte)(interlaced ? 1 : 0));
        Chunk("IHDR"u8, header);
        if (kind == 3)
            Chunk("PLTE"u8, palette);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(rows);
        Chunk("IDAT"u8, packed.ToArray());
        Chunk("IEND"u8, []);
        return file.ToArray();

        void Chunk(ReadOnlySpan<byte> name, byte[] bytes)
        {
            var number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, bytes.Length);
            file.Write([.. number, .. name, .. bytes]);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32([.. name, .. bytes]));
            file.Write(number);
        }
    }
}
