using System.Globalization;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Muster.Hosts;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// A command in a pod's container, over a WebSocket: each message begins with the number of its stream. 0 goes in, 1
/// and
/// 2 come out, 3 says how it ended, and 255 with a number closes that stream.
/// </summary>
internal sealed class PodProcess : IShellProcess
{
    /// <summary>The first that can close a stream: without that, a script never sees the end of its input.</summary>
    public const string Protocol = "v5.channel.k8s.io";

    public const int Unknown = -1;

    private const byte InputStream = 0,
        OutputStream = 1,
        ErrorStream = 2,
        StatusStream = 3,
        SizeStream = 4,
        CloseSignal = 255;

    private readonly WebSocket _socket;
    private readonly SocketInput _input;
    private readonly Pipe _output = Unhurried();
    private readonly Pipe _errors = Unhurried();
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private bool _isDisposed;

    public PodProcess(WebSocket socket)
    {
        _socket = socket;
        Input = _input = new SocketInput(socket, InputStream, [CloseSignal, InputStream]);
        Output = _output.Reader.AsStream();
        Errors = _errors.Reader.AsStream();
        _reading = ReadAsync();
    }

    public Stream Input { get; }
    public Stream Output { get; }
    public Stream Errors { get; }

    /// <summary>Its exit code; <see cref="Unknown"/> when the connection broke first.</summary>
    public Task<int> ExitCodeAsync(CancellationToken ct) => _exit.Task.WaitAsync(ct);

    /// <summary>The size of its terminal, for one that was started at a terminal.</summary>
    public Task ResizeAsync(int rows, int columns, CancellationToken ct) =>
        _input.SayAsync(
            SizeStream,
            Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{{\"Width\":{columns},\"Height\":{rows}}}")
            ),
            ct
        );

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        await _end.CancelAsync();
        _socket.Abort();
        // Whoever is behind with reading lets it wait no longer.
        await _output.Reader.CompleteAsync();
        await _errors.Reader.CompleteAsync();
        await _reading;
        await Input.DisposeAsync();
        _socket.Dispose();
        _end.Dispose();
    }

    /// <summary>
    /// The two streams share a socket: whoever reads only one of them must not be held up by the other. Of the second,
    /// ShellChannel reads all at once, so only the first is held back.
    /// </summary>
    private static Pipe Unhurried() => new(new(pauseWriterThreshold: 4 << 20, resumeWriterThreshold: 1 << 20));

    private async Task ReadAsync()
    {
        var buffer = new byte[64 << 10];
        var code = Unknown;
        using var status = new MemoryStream();
        try
        {
            byte? stream = null;
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), _end.Token);
                if (part.MessageType is WebSocketMessageType.Close)
                    break;
                var bytes = buffer.AsMemory(0, part.Count);
                // A message may come in parts, of which only the first begins with the stream's number.
                if (stream is null && bytes.Length > 0)
                    (stream, bytes) = (bytes.Span[0], bytes[1..]);
                switch (stream)
                {
                    case OutputStream when bytes.Length > 0:
                        await _output.Writer.WriteAsync(bytes, _end.Token);
                        break;
                    case ErrorStream when bytes.Length > 0:
                        await _errors.Writer.WriteAsync(bytes, _end.Token);
                        break;
                    case StatusStream:
                        status.Write(bytes.Span);
                        break;
                    case CloseSignal when bytes.Length > 0 && bytes.Span[0] is OutputStream:
                        await _output.Writer.CompleteAsync();
                        break;
                    case CloseSignal when bytes.Length > 0 && bytes.Span[0] is ErrorStream:
                        await _errors.Writer.CompleteAsync();
                        break;
                }
                if (part.EndOfMessage)
                    stream = null;
            }
            code = ExitCode(status.ToArray());
        }
        catch (Exception fault)
            when (fault is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException
                || fault is InvalidOperationException // the reader has gone
            ) { }
        await _output.Writer.CompleteAsync();
        await _errors.Writer.CompleteAsync();
        _exit.TrySetResult(code);
    }

    /// <summary>What the status says.</summary>
    private static int ExitCode(byte[] text)
    {
        try
        {
            var status = JsonSerializer.Deserialize(text, KubeWire.Default.KubeStatus);
            return status?.Status is "Success" ? 0
                : status?.Details?.Causes?.FirstOrDefault(cause => cause.Reason is "ExitCode")?.Message is { } code
                && int.TryParse(code, out var number)
                    ? number
                : Unknown;
        }
        catch (JsonException)
        {
            return Unknown;
        }
    }
}
