using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// A connection to a port of a pod, over a WebSocket of its own: stream 0 carries its bytes, stream 1 what went wrong,
/// and each begins with the number of the port. It cannot be half-closed.
/// </summary>
internal sealed class PodPort : Stream
{
    public const string Protocol = "v4.channel.k8s.io";

    private const int NumberLength = 2;
    private readonly WebSocket _socket;
    private readonly Pipe _pipe = new();
    private readonly SocketInput _input;
    private readonly CancellationTokenSource _end = new();

    public PodPort(WebSocket socket)
    {
        _socket = socket;
        _input = new(socket, stream: 0, end: null);
        _ = ReceiveAsync();
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await _pipe.Reader.ReadAsync(cancellationToken);
        var count = (int)Math.Min(read.Buffer.Length, buffer.Length);
        var taken = read.Buffer.Slice(0, count);
        var to = buffer;
        foreach (var part in taken)
        {
            part.CopyTo(to);
            to = to[part.Length..];
        }
        _pipe.Reader.AdvanceTo(taken.End);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _input.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => _input.Write(buffer, offset, count);

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _end.Cancel();
            _socket.Abort();
        }
        base.Dispose(disposing);
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[64 << 10];
        var passed = new int[2];
        Exception? broken = null;
        using var said = new MemoryStream();
        try
        {
            byte? stream = null;
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), _end.Token);
                if (part.MessageType is WebSocketMessageType.Close)
                    break;
                var bytes = buffer.AsMemory(0, part.Count);
                if (stream is null && bytes.Length > 0)
                    (stream, bytes) = (bytes.Span[0], bytes[1..]);
                if (stream is 0 or 1)
                {
                    var skip = Math.Min(NumberLength - passed[stream.Value], bytes.Length);
                    passed[stream.Value] += skip;
                    bytes = bytes[skip..];
                }
                if (stream is 0 && bytes.Length > 0)
                    await _pipe.Writer.WriteAsync(bytes, _end.Token);
                else if (stream is 1)
                    said.Write(bytes.Span);
                if (part.EndOfMessage)
                    stream = null;
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException)
        {
            broken = new IOException("the connection to the pod's port broke", fault);
        }
        if (said.Length > 0)
            broken = new IOException($"the pod's port: {Encoding.UTF8.GetString(said.ToArray()).Trim()}", broken);
        await _pipe.Writer.CompleteAsync(broken);
    }
}
