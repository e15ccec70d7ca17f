using System.Buffers;
using System.Text;

namespace Muster.NodeOdm;

/// <summary>
/// Reads a multipart body as it arrives, in constant memory: parts in their order, each in chunks that are slices of
/// one pooled buffer. The buffer is
/// small until bytes come as fast as it takes them, so that a client that stands still costs little.
/// What is wrong with a body is a <see cref="RefusalException"/>; a connection that breaks is the stream's own fault.
/// </summary>
public sealed class MultipartReader : IDisposable
{
    private const int FirstBytes = 4 << 10;
    private const int MostBytes = 256 << 10;
    private const int MostHeaderBytes = 16 << 10;
    private const int MostPreambleBytes = 64 << 10;
    private const int MostBoundaryBytes = 200;

    private readonly Stream _body;
    private readonly byte[] _delimiter;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int _start;
    private int _end;
    private bool _began;
    private bool _inContent = true; // what comes before the first part is read like one
    private bool _finished;

    public MultipartReader(Stream body, string boundary)
    {
        if (boundary.Length is 0 or > MostBoundaryBytes)
            throw new RefusalException("Multipart: Boundary not found", noRetry: true);
        _body = body;
        _delimiter = Encoding.Latin1.GetBytes($"\r\n--{boundary}");
        // The first boundary may stand at the very beginning, without the line end that belongs to all others.
        "\r\n"u8.CopyTo(_buffer);
        _end = 2;
    }

    /// <summary>The next part; what was left of the one before is skipped. Null at the end.</summary>
    public async ValueTask<MultipartPart?> NextAsync(CancellationToken ct)
    {
        if (_finished)
            return null;
        if (!_began && await PreambleAsync(ct))
        {
            _finished = true;
            return null;
        }
        while (!(await ChunkAsync(ct)).IsEmpty) { }

        await NeedAsync(2, ct);
        if (_buffer.AsSpan(_start, 2).SequenceEqual("--"u8))
        {
            _finished = true;
            return null;
        }
        var headers = await HeadersAsync(ct);
        _inContent = true;
        return new(this, PartHeaders.Parse(headers));
    }

    /// <summary>More of the current part's content, valid until the next call; empty when the part has ended.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> ChunkAsync(CancellationToken ct)
    {
        while (_inContent)
        {
            var length = Content();
            if (length > 0)
            {
                var chunk = _buffer.AsMemory(_start, length);
                _start += length;
                return chunk;
            }
            if (_inContent && !await FillAsync(ct))
                throw CutOff();
        }
        return default;
    }

    /// <summary>
    /// How many bytes at the front of the buffer are surely content. Takes a delimiter away that stands there.
    /// </summary>
    private int Content()
    {
        var window = _buffer.AsSpan(_start, _end - _start);
        var at = window.IndexOf(_delimiter);
        if (at < 0)
            return Math.Max(0, window.Length - (_delimiter.Length - 1)); // the rest may be the beginning of a delimiter
        if (at > 0)
            return at;
        _start += _delimiter.Length;
        _inContent = false;
        return 0;
    }

    /// <summary>Skips what stands before the first part. True when the body is empty: a form without fields.</summary>
    private async ValueTask<bool> PreambleAsync(CancellationToken ct)
    {
        _began = true;
        if (!await FillAsync(ct))
            return true;
        long skipped = 0;
        while (await ChunkAsync(ct) is { IsEmpty: false } chunk)
        {
            if ((skipped += chunk.Length) > MostPreambleBytes)
                throw new RefusalException("Multipart: Boundary not found", noRetry: true);
        }
        return false;
    }

    private async ValueTask<string> HeadersAsync(CancellationToken ct)
    {
        // Spaces may follow a boundary; then the line ends.
        while (true)
        {
            await NeedAsync(2, ct);
            if (_buffer[_start] is not ((byte)' ' or (byte)'\t'))
                break;
            _start++;
        }
        if (!_buffer.AsSpan(_start, 2).SequenceEqual("\r\n"u8))
            throw Malformed();
        while (true)
        {
            // The line end of the boundary counts as the first of the two that end the headers, for a part without any.
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8);
            if (at > MostHeaderBytes || (at < 0 && _end - _start > MostHeaderBytes))
                throw new RefusalException("Malformed part header: too long", noRetry: true);
            if (at >= 0)
            {
                var text = PartHeaders.Decode(_buffer.AsSpan(_start, at));
                _start += at + 4;
                return text;
            }
            if (!await FillAsync(ct))
                throw CutOff();
        }
    }

    private async ValueTask NeedAsync(int bytes, CancellationToken ct)
    {
        while (_end - _start < bytes)
        {
            if (!await FillAsync(ct))
                throw CutOff();
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        if (_end - _start > _buffer.Length / 2 && _buffer.Length < MostBytes)
        {
            Grow();
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        var read = await _body.ReadAsync(_buffer.AsMemory(_end), ct);
        _end += read;
        if (_end == _buffer.Length && _buffer.Length < MostBytes)
            Grow();
        return read > 0;
    }

    /// <summary>A larger buffer with what is left of the old one.</summary>
    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_buffer.Length * 2, MostBytes));
        _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = (larger, 0, _end - _start);
    }

    private static RefusalException CutOff() => new("Unexpected end of form");

    private static RefusalException Malformed() => new("Malformed part header", noRetry: true);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _finished = true;
    }
}
