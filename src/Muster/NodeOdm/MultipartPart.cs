using System.Buffers;
using System.Text;
using Muster.Hosts;

namespace Muster.NodeOdm;

/// <summary>
/// One part of a form while it arrives. Its content can be taken once, before the next part is asked for.
/// </summary>
public sealed class MultipartPart
{
    private readonly MultipartReader _reader;
    private readonly PartHeaders _headers;

    internal MultipartPart(MultipartReader reader, PartHeaders headers) => (_reader, _headers) = (reader, headers);

    public string Name => _headers.Name;

    /// <summary>As the client sent it; null for a text field.</summary>
    public string? FileName => _headers.FileName;

    /// <summary>More content, valid until the next call; empty at the end.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ChunkAsync(CancellationToken ct) => _reader.ChunkAsync(ct);

    /// <summary>A text field, without the line end that some clients add to it.</summary>
    public async Task<string> TextAsync(int mostBytes, CancellationToken ct)
    {
        var text = new ArrayBufferWriter<byte>();
        while (await ChunkAsync(ct) is { IsEmpty: false } chunk)
        {
            if (text.WrittenCount + chunk.Length > mostBytes)
                throw new RefusalException("Field value too long", noRetry: true);
            text.Write(chunk.Span);
        }
        return Encoding.UTF8.GetString(text.WrittenSpan).TrimEnd('\r', '\n');
    }

    /// <summary>The content as a stream.</summary>
    public Stream OpenRead() => new PartStream(this);

    private sealed class PartStream(MultipartPart part) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _left;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (_left.IsEmpty)
                _left = await part.ChunkAsync(cancellationToken);
            var taken = Math.Min(buffer.Length, _left.Length);
            _left[..taken].CopyTo(buffer);
            _left = _left[taken..];
            return taken;
        }

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            await destination.WriteAsync(_left, cancellationToken);
            _left = default;
            while (await part.ChunkAsync(cancellationToken) is { IsEmpty: false } chunk)
                await destination.WriteAsync(chunk, cancellationToken);
        }
    }
}
