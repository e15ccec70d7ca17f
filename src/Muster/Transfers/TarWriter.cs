using System.Text;

namespace Muster.Transfers;

/// <summary>
/// Writes a tar archive that GNU tar, BusyBox and bsdtar read: ustar headers, and GNU's long names where those do not
/// suffice.
/// </summary>
internal sealed class TarWriter(Stream output)
{
    public const int Block = 512;
    private const int NameLength = 100,
        PrefixAt = 345,
        PrefixLength = 155,
        LinkAt = 157;
    private const int FlushAt = 256 * 1024;

    private static readonly byte[] Blank = MakeBlank();
    private byte[] _buffer = new byte[FlushAt + (64 * 1024)];
    private byte[] _other = new byte[FlushAt + (64 * 1024)];
    private int _used;
    private Task _sending = Task.CompletedTask;

    public ValueTask FolderAsync(ReadOnlySpan<byte> path, CancellationToken ct)
    {
        Header(path, default, (byte)'5', Mode.Open, 0);
        return FlushWhenFullAsync(ct);
    }

    public ValueTask LinkAsync(ReadOnlySpan<byte> path, ReadOnlySpan<byte> target, CancellationToken ct)
    {
        Header(path, target, (byte)'1', Mode.Closed, 0);
        return FlushWhenFullAsync(ct);
    }

    public ValueTask SymlinkAsync(ReadOnlySpan<byte> path, ReadOnlySpan<byte> target, CancellationToken ct)
    {
        Header(path, target, (byte)'2', Mode.Open, 0);
        return FlushWhenFullAsync(ct);
    }

    public ValueTask FileAsync(ReadOnlySpan<byte> path, int mode, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        Header(path, default, (byte)'0', mode, content.Length);
        return ContentAsync(content, ct);
    }

    /// <summary>A file whose content follows in parts, each but the last a multiple of <see cref="Block"/>.</summary>
    public void BeginFile(ReadOnlySpan<byte> path, int mode, long size) => Header(path, default, (byte)'0', mode, size);

    public async ValueTask ContentAsync(ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        content.Span.CopyTo(Space(content.Length));
        Space((Block - (content.Length % Block)) % Block).Clear();
        await FlushWhenFullAsync(ct);
    }

    /// <summary>The two empty blocks that end an archive.</summary>
    public async ValueTask EndAsync(CancellationToken ct)
    {
        Space(2 * Block).Clear();
        await FlushAsync(ct);
        await _sending;
        await output.FlushAsync(ct);
    }

    private void Header(ReadOnlySpan<byte> path, ReadOnlySpan<byte> target, byte type, int mode, long size)
    {
        if (target.Length > NameLength)
            Long((byte)'K', target);
        var prefix = 0;
        if (path.Length > NameLength && (prefix = PrefixOf(path)) == 0)
            Long((byte)'L', path);

        var header = Space(Block);
        Blank.CopyTo(header);
        var name = prefix > 0 ? path[(prefix + 1)..] : path;
        name[..Math.Min(name.Length, NameLength)].CopyTo(header);
        path[..prefix].CopyTo(header[PrefixAt..]);
        target[..Math.Min(target.Length, NameLength)].CopyTo(header[LinkAt..]);
        header[156] = type;
        Octal(header.Slice(100, 7), mode);
        Octal(header.Slice(124, 11), size);
        var sum = 0;
        foreach (var one in header)
            sum += one;
        Octal(header.Slice(148, 6), sum);
        header[154] = 0;
    }

    /// <summary>GNU's way: an entry whose content is the name of the next one.</summary>
    private void Long(byte type, ReadOnlySpan<byte> name)
    {
        Header("././@LongLink"u8, default, type, Mode.Writable, name.Length + 1);
        var padded = Space((name.Length + Block) / Block * Block);
        padded.Clear();
        name.CopyTo(padded);
    }

    /// <summary>Where the path can be cut in two so that both halves fit into a ustar header; 0 if nowhere.</summary>
    private static int PrefixOf(ReadOnlySpan<byte> path)
    {
        var first = path.Length - NameLength - 1;
        if (first > PrefixLength)
            return 0;
        // A folder's name ends with a slash, which must not be the cut.
        var at = path[Math.Max(first, 1)..Math.Min(path.Length - 1, PrefixLength + 1)].IndexOf((byte)'/');
        return at < 0 ? 0 : at + Math.Max(first, 1);
    }

    private static void Octal(Span<byte> field, long value)
    {
        for (var i = field.Length - 1; i >= 0; i--, value >>= 3)
            field[i] = (byte)('0' + (value & 7));
        if (value != 0)
            throw new ArgumentOutOfRangeException(nameof(value), "too large for a tar header");
    }

    private static byte[] MakeBlank()
    {
        var header = new byte[Block];
        Octal(header.AsSpan(108, 7), 0); // the owner is whoever extracts, and the time is then
        Octal(header.AsSpan(116, 7), 0);
        Octal(header.AsSpan(136, 11), 0);
        header.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes("ustar\0" + "00").CopyTo(header.AsSpan(257));
        return header;
    }

    private Span<byte> Space(int length)
    {
        if (_used + length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _used + length));
        _used += length;
        return _buffer.AsSpan(_used - length, length);
    }

    private ValueTask FlushWhenFullAsync(CancellationToken ct) =>
        _used < FlushAt ? ValueTask.CompletedTask : FlushAsync(ct);

    // One buffer is filled while the other is on its way.
    private async ValueTask FlushAsync(CancellationToken ct)
    {
        await _sending;
        _sending = output.WriteAsync(_buffer.AsMemory(0, _used), ct).AsTask();
        (_buffer, _other, _used) = (_other, _buffer, 0);
    }
}

/// <summary>Permission bits, as <c>chmod</c> takes them.</summary>
internal static class Mode
{
    public const int Open = 0b111_101_101;
    public const int Writable = 0b110_100_100;
    public const int Private = 0b110_000_000;
    public const int Closed = 0b100_100_100;
    public const int ClosedExecutable = 0b101_101_101;
}
