namespace Muster.Fuzzing;

/// <summary>Bytes that are nearly right: samples with pieces turned, cut, doubled, moved and mixed.</summary>
internal sealed class Mutations(IReadOnlyList<byte[]> samples, int seed)
{
    private const int Longest = 1 << 16;

    private static readonly IReadOnlyList<byte[]> Words =
    [
        .. new[]
        {
            "\0",
            "\n",
            "\r\n",
            "\r",
            "--",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            "'",
            ",",
            ":",
            ";",
            "|",
            "=",
            "&",
            "%00",
            "-1",
            "0",
            "4294967295",
            "9223372036854775807",
            "99999999999999999999",
            "1e999",
            "NaN",
            "-0",
            "null",
            "\t",
            "\ud83d\ude00",
            "\u202e",
            "\u001b[2J",
            "../../x",
            "/etc/x",
            "*",
            "&a *a",
            "<<",
            "!!",
            "\\ud800",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
        [0xff, 0xff, 0xff, 0xff],
        [0x80],
        [0x7f, 0xff, 0xff, 0xff],
        [0xed, 0xa0, 0x80],
    ];

    private readonly Random _chance = new(seed);

    public byte[] Next()
    {
        var bytes = Pick(samples).ToList();
        for (var times = 1 << _chance.Next(5); times > 0; times--)
            Change(bytes);
        return [.. bytes.Take(Longest)];
    }

    private void Change(List<byte> bytes)
    {
        var at = _chance.Next(bytes.Count + 1);
        var some = Math.Min(_chance.Next(1, 40), bytes.Count - at);
        switch (_chance.Next(9))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << _chance.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)_chance.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, some);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, some));
                break;
            case 4:
                bytes.InsertRange(at, Pick(Words));
                break;
            case 5:
                var other = Pick(samples);
                var from = _chance.Next(other.Length + 1);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(_chance.Next(60), other.Length - from)).ToArray());
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7:
                // What is counted or nested, often.
                var piece = bytes.GetRange(at, Math.Min(some, 8));
                for (var times = 1 << _chance.Next(9); times > 0 && bytes.Count < Longest; times--)
                    bytes.InsertRange(at, piece);
                break;
            default:
                for (var end = at + some; at < end; at++)
                    bytes[at] = (byte)_chance.Next(256);
                break;
        }
    }

    private byte[] Pick(IReadOnlyList<byte[]> some) => some[_chance.Next(some.Count)];
}
