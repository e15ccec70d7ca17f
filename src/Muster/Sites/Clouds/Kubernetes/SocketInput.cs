using System.Net.WebSockets;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>Bytes on their way into one stream of a socket: each message begins with the stream's number.</summary>
/// <param name="end">The message that says that no more will come; null where there is none.</param>
internal sealed class SocketInput(WebSocket socket, byte stream, byte[]? end) : Stream
{
    /// <summary>What servers read at once.</summary>
    private const int Most = 32 << 10;

    private readonly byte[] _message = new byte[1 + Most];
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _closed;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _message[0] = stream;
            while (buffer.Length > 0)
            {
                var count = Math.Min(buffer.Length, Most);
                buffer[..count].CopyTo(_message.AsMemory(1));
                await SendAsync(_message.AsMemory(0, 1 + count), cancellationToken);
                buffer = buffer[count..];
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A message of another stream of the socket, which takes one message at a time.</summary>
    public async Task SayAsync(byte other, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            await SendAsync((byte[])[other, .. bytes.Span], ct);
        }
        finally
        {
            _turn.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) =>
#pragma warning disable VSTHRD002 // whoever writes synchronously waits
        WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    public override void Flush() { }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        try
        {
            if (!_closed && end is not null && socket.State is WebSocketState.Open)
                await SendAsync(end, CancellationToken.None);
        }
        catch (IOException) { } // the other side has gone, and needs no word
        finally
        {
            _closed = true;
            _turn.Release();
        }
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_closed)
            _ = Task.Run(async () => await DisposeAsync());
        base.Dispose(disposing);
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, ct);
        }
        catch (Exception fault)
            when (fault is WebSocketException or InvalidOperationException && fault is not ObjectDisposedException)
        {
            throw new IOException("the connection to the pod broke", fault);
        }
    }
}
