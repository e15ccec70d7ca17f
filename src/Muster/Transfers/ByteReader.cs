namespace Muster.Transfers;

/// <summary>A stream that is read in large pieces, as delimited pieces and as plain bytes in turn.</summary>
internal sealed class ByteReader(Stream input)
{
    private byte[] _buffer = new byte[128 * 1024];
    private int _begin,
        _end;

    /// <summary>The bytes before the next <paramref name="delimiter"/>; nothing when the stream ends first.</summary>
    public async ValueTask<byte[]?> UntilAsync(byte delimiter, CancellationToken ct)
    {
        for (var seen = 0; ; )
        {
            var length = _buffer.AsSpan(_begin + seen, _end - _begin - seen).IndexOf(delimiter);
            if (length >= 0)
            {
                var piece = _buffer.AsSpan(_begin, seen + length).ToArray();
                _begin += piece.Length + 1;
                return piece;
            }
            seen = _end - _begin;
            if (!await FillAsync(ct))
                return null;
        }
    }

    public async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken ct)
    {
        if (_begin == _end && !await FillAsync(ct))
            return 0;
        var count = Math.Min(target.Length, _end - _begin);
        _buffer.AsMemory(_begin, count).CopyTo(target);
        _begin += count;
        return count;
    }

    private async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        _buffer.AsSpan(_begin, _end - _begin).CopyTo(_buffer);
        (_begin, _end) = (0, _end - _begin);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        var read = await input.ReadAsync(_buffer.AsMemory(_end), ct);
        _end += read;
        return read > 0;
    }
}
