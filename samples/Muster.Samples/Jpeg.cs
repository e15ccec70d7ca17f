namespace Muster.Samples;

/// <summary>
/// A baseline JPEG with half as many samples of colour as of light each way. One set of tables, those of the standard's
/// annex K for light, serves both.
/// </summary>
internal sealed class Jpeg
{
    private const int Block = 8,
        Unit = 2 * Block;

    private static readonly byte[] ZigZag =
    [
        0,
        1,
        8,
        16,
        9,
        2,
        3,
        10,
        17,
        24,
        32,
        25,
        18,
        11,
        4,
        5,
        12,
        19,
        26,
        33,
        40,
        48,
        41,
        34,
        27,
        20,
        13,
        6,
        7,
        14,
        21,
        28,
        35,
        42,
        49,
        56,
        57,
        50,
        43,
        36,
        29,
        22,
        15,
        23,
        30,
        37,
        44,
        51,
        58,
        59,
        52,
        45,
        38,
        31,
        39,
        46,
        53,
        60,
        61,
        54,
        47,
        55,
        62,
        63,
    ];

    /// <summary>Half of the standard's steps: quality 75. In the order of rows.</summary>
    private static readonly byte[] Steps =
    [
        8,
        6,
        5,
        8,
        12,
        20,
        26,
        31,
        6,
        6,
        7,
        10,
        13,
        29,
        30,
        28,
        7,
        7,
        8,
        12,
        20,
        29,
        35,
        28,
        7,
        9,
        11,
        15,
        26,
        44,
        40,
        31,
        9,
        11,
        19,
        28,
        34,
        55,
        52,
        39,
        12,
        18,
        28,
        32,
        41,
        52,
        57,
        46,
        25,
        32,
        39,
        44,
        52,
        61,
        60,
        51,
        36,
        46,
        48,
        49,
        56,
        50,
        52,
        50,
    ];

    private static readonly byte[] DcLengths = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] DcSymbols = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    private static readonly byte[] AcLengths = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d];
    private static readonly byte[] AcSymbols = Convert.FromHexString(
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a34353637"
            + "38393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3"
            + "a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
    );

    private static readonly (int Code, int Length)[] Dc = Codes(DcLengths, DcSymbols),
        Ac = Codes(AcLengths, AcSymbols);
    private static readonly float[] Waves =
    [
        .. from u in Enumerable.Range(0, Block)
        from x in Enumerable.Range(0, Block)
        select (u == 0 ? MathF.Sqrt(0.125f) : 0.5f) * MathF.Cos(((2 * x) + 1) * u * MathF.PI / 16),
    ];

    private readonly List<byte> _bytes = [];
    private readonly int[] _before = new int[3];
    private int _bits,
        _held;

    /// <param name="rgb">Row by row.</param>
    /// <param name="notes">What stands in APP1 segments.</param>
    public static byte[] Encode(byte[] rgb, int width, int height, IEnumerable<byte[]> notes)
    {
        var jpeg = new Jpeg();
        jpeg._bytes.AddRange([0xff, 0xd8]);
        foreach (var note in notes)
            jpeg.Segment(0xe1, note);
        jpeg.Segment(0xdb, [0, .. ZigZag.Select(at => Steps[at])]);
        jpeg.Segment(
            0xc0,
            [
                8,
                (byte)(height >> 8),
                (byte)height,
                (byte)(width >> 8),
                (byte)width,
                3,
                1,
                0x22,
                0,
                2,
                0x11,
                0,
                3,
                0x11,
                0,
            ]
        );
        jpeg.Segment(0xc4, [0x00, .. DcLengths, .. DcSymbols, 0x10, .. AcLengths, .. AcSymbols]);
        jpeg.Segment(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
        jpeg.Scan(rgb, width, height);
        jpeg._bytes.AddRange([0xff, 0xd9]);
        return [.. jpeg._bytes];
    }

    private void Segment(byte marker, byte[] content)
    {
        var length = content.Length + 2;
        _bytes.AddRange([0xff, marker, (byte)(length >> 8), (byte)length, .. content]);
    }

    private void Scan(byte[] rgb, int width, int height)
    {
        var (light, blue, red) = (new float[Unit * Unit], new float[Block * Block], new float[Block * Block]);
        for (var top = 0; top < height; top += Unit)
        {
            for (var left = 0; left < width; left += Unit)
            {
                Array.Clear(blue);
                Array.Clear(red);
                for (var at = 0; at < light.Length; at++)
                {
                    var (x, y) = (at % Unit, at / Unit);
                    var pixel = ((Math.Min(top + y, height - 1) * width) + Math.Min(left + x, width - 1)) * 3;
                    var (r, g, b) = ((float)rgb[pixel], (float)rgb[pixel + 1], (float)rgb[pixel + 2]);
                    light[at] = (0.299f * r) + (0.587f * g) + (0.114f * b) - 128;
                    blue[(y / 2 * Block) + (x / 2)] += ((-0.1687f * r) - (0.3313f * g) + (0.5f * b)) / 4;
                    red[(y / 2 * Block) + (x / 2)] += ((0.5f * r) - (0.4187f * g) - (0.0813f * b)) / 4;
                }
                foreach (var corner in (int[])[0, Block, Unit * Block, (Unit * Block) + Block])
                    Write(light.AsSpan(corner), Unit, 0);
                Write(blue, Block, 1);
                Write(red, Block, 2);
            }
        }
        if (_held > 0)
            Put(0x7f, 8 - _held);
    }

    private void Write(ReadOnlySpan<float> samples, int stride, int component)
    {
        Span<int> numbers = stackalloc int[Block * Block];
        Transform(samples, stride, numbers);
        PutNumber(Dc, 0, numbers[0] - _before[component]);
        _before[component] = numbers[0];
        var zeros = 0;
        for (var at = 1; at < numbers.Length; at++)
        {
            var number = numbers[ZigZag[at]];
            if (number == 0)
            {
                zeros++;
                continue;
            }
            for (; zeros > 15; zeros -= 16)
                Put(Ac[0xf0].Code, Ac[0xf0].Length);
            PutNumber(Ac, zeros << 4, number);
            zeros = 0;
        }
        if (zeros > 0)
            Put(Ac[0].Code, Ac[0].Length);
    }

    /// <summary>The cosine transform, in steps.</summary>
    private static void Transform(ReadOnlySpan<float> samples, int stride, Span<int> numbers)
    {
        Span<float> rows = stackalloc float[Block * Block];
        for (var at = 0; at < rows.Length; at++)
        {
            var (u, y) = (at % Block, at / Block);
            for (var x = 0; x < Block; x++)
                rows[at] += Waves[(u * Block) + x] * samples[(y * stride) + x];
        }
        for (var at = 0; at < numbers.Length; at++)
        {
            var (u, v) = (at % Block, at / Block);
            var sum = 0f;
            for (var y = 0; y < Block; y++)
                sum += Waves[(v * Block) + y] * rows[(y * Block) + u];
            numbers[at] = (int)MathF.Round(sum / Steps[at]);
        }
    }

    /// <summary>The symbol says how many zeros came before and how many bits the number has; those follow.</summary>
    private void PutNumber((int Code, int Length)[] codes, int zeros, int number)
    {
        var size = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)Math.Abs(number));
        var (code, length) = codes[zeros | size];
        Put(code, length);
        if (size > 0)
            Put(number < 0 ? number + (1 << size) - 1 : number, size);
    }

    private void Put(int bits, int count)
    {
        for (var bit = count - 1; bit >= 0; bit--)
        {
            _bits = (_bits << 1) | ((bits >> bit) & 1);
            if (++_held < 8)
                continue;
            _bytes.Add((byte)_bits);
            if ((byte)_bits == 0xff)
                _bytes.Add(0); // else it would be a marker
            (_bits, _held) = (0, 0);
        }
    }

    private static (int Code, int Length)[] Codes(byte[] lengths, byte[] symbols)
    {
        var codes = new (int Code, int Length)[256];
        var (code, at) = (0, 0);
        for (var length = 1; length <= lengths.Length; length++, code <<= 1)
        {
            for (var n = 0; n < lengths[length - 1]; n++)
                codes[symbols[at++]] = (code++, length);
        }
        return codes;
    }
}
