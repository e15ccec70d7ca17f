using System.Globalization;
using System.Text;

namespace Muster.Transfers;

/// <summary>
/// Reads tar archives, one behind the other, entry by entry, as GNU tar, BusyBox and bsdtar write them. Nothing it says
/// is trusted further.
/// </summary>
internal sealed class TarReader(Stream input)
{
    private readonly ByteReader _input = new(input);
    private long _left;
    private long _padding;

    /// <summary>
    /// The next entry; nothing at the end of the last archive. Throws <see cref="EndOfStreamException"/> when the
    /// stream stops before that.
    /// </summary>
    public async Task<TarEntry?> NextAsync(CancellationToken ct)
    {
        byte[]? name = null,
            link = null;
        long? size = null;
        var atEnd = false;
        while (true)
        {
            await SkipAsync(_left + _padding, ct);
            (_left, _padding) = (0, 0);
            var header = new byte[TarWriter.Block];
            if (atEnd && await _input.ReadAsync(header.AsMemory(0, 1), ct) == 0)
                return null;
            await ExactlyAsync(header.AsMemory(atEnd ? 1 : 0), ct);
            atEnd = !header.AsSpan().ContainsAnyExcept((byte)0);
            if (atEnd)
                continue;
            if (!IsSound(header))
                throw new EndOfStreamException("not a tar header");
            var length = Number(header.AsSpan(124, 12));
            switch ((char)header[156])
            {
                case 'L':
                    name = Name(await ContentAsync(length, ct));
                    break;
                case 'K':
                    link = Name(await ContentAsync(length, ct));
                    break;
                case 'x':
                    foreach (var (key, value) in Extended(await ContentAsync(length, ct)))
                    {
                        if (key == "path")
                            name = value;
                        else if (key == "linkpath")
                            link = value;
                        else if (key == "size")
                            size = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                                ? bytes
                                : -1;
                    }
                    break;
                case 'g':
                    await ContentAsync(length, ct);
                    break;
                default:
                    _left = header[156] is (byte)'0' or (byte)'7' or 0 ? size ?? length : 0;
                    if (_left < 0)
                        throw new EndOfStreamException("a size in the archive is none");
                    _padding = Padding(_left);
                    return new(
                        (char)header[156],
                        name ?? HeaderName(header),
                        link ?? Name(header.AsSpan(157, 100)),
                        _left
                    );
            }
        }
    }

    /// <summary>The content of the entry last given; 0 at its end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (_left == 0)
            return 0;
        var read = await _input.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], ct);
        if (read == 0)
            throw new EndOfStreamException("the archive ends within a file");
        _left -= read;
        return read;
    }

    private static long Padding(long length) => (TarWriter.Block - (length % TarWriter.Block)) % TarWriter.Block;

    private async Task<byte[]> ContentAsync(long length, CancellationToken ct)
    {
        if (length is < 0 or > 1 << 20)
            throw new EndOfStreamException("a name in the archive is too long");
        var content = new byte[length];
        await ExactlyAsync(content, ct);
        await SkipAsync(Padding(length), ct);
        return content;
    }

    private async Task ExactlyAsync(Memory<byte> target, CancellationToken ct)
    {
        while (!target.IsEmpty)
        {
            var read = await _input.ReadAsync(target, ct);
            if (read == 0)
                throw new EndOfStreamException("the archive ends early");
            target = target[read..];
        }
    }

    private async Task SkipAsync(long count, CancellationToken ct)
    {
        var buffer = new byte[(int)Math.Min(count, 64 * 1024)];
        for (; count > 0; count -= Math.Min(count, buffer.Length))
            await ExactlyAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), ct);
    }

    private static bool IsSound(ReadOnlySpan<byte> header)
    {
        var sum = 8 * ' ';
        for (var i = 0; i < header.Length; i++)
            if (i is < 148 or >= 156)
                sum += header[i];
        return sum == Number(header.Slice(148, 8));
    }

    private static byte[] HeaderName(ReadOnlySpan<byte> header)
    {
        var name = Name(header[..100]);
        // GNU's old format has times where ustar has the first half of the name.
        var prefix = header.Slice(257, 6).SequenceEqual("ustar\0"u8) ? Name(header.Slice(345, 155)) : [];
        return prefix.Length > 0 ? [.. prefix, (byte)'/', .. name] : name;
    }

    private static byte[] Name(ReadOnlySpan<byte> field) =>
        field.IndexOf((byte)0) is var end and >= 0 ? field[..end].ToArray() : field.ToArray();

    private static long Number(ReadOnlySpan<byte> field)
    {
        var value = 0L;
        if ((field[0] & 0x80) != 0)
        {
            foreach (var one in field[1..])
                value = (value << 8) | one;
            return value;
        }
        foreach (var one in field)
            if (one is >= (byte)'0' and <= (byte)'7')
                value = (value << 3) | (uint)(one - '0');
        return value;
    }

    private static List<(string Key, byte[] Value)> Extended(byte[] content)
    {
        var records = new List<(string, byte[])>();
        for (var at = 0; at < content.Length; )
        {
            // `length key=value\n`, the length counting itself
            var space = Array.IndexOf(content, (byte)' ', at);
            if (
                space < 0
                || !int.TryParse(content.AsSpan(at, space - at), CultureInfo.InvariantCulture, out var length)
                || length <= space - at + 1
                || length > content.Length - at
            )
                break;
            var record = content.AsSpan((space + 1)..(at + length - 1));
            var equals = record.IndexOf((byte)'=');
            if (equals > 0)
                records.Add((Encoding.UTF8.GetString(record[..equals]), record[(equals + 1)..].ToArray()));
            at += length;
        }
        return records;
    }
}

/// <summary>One entry of an archive, as its header has it.</summary>
internal sealed record TarEntry(char Type, byte[] Name, byte[] Link, long Size);
