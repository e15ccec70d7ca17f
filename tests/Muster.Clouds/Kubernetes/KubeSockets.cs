using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Muster.Clouds.Kubernetes;

/// <summary>
/// The sockets that lead into pods. Each message begins with the number of its stream; with v5 of the protocol, 255 and
/// a number close one.
/// </summary>
internal static class KubeSockets
{
    public const string ExecProtocol = "v5.channel.k8s.io";
    public const string PortProtocol = "v4.channel.k8s.io";

    /// <param name="cutAfter">The socket breaks when so many bytes of output have gone; null leaves it whole.</param>
    public static async Task ExecAsync(HttpContext context, KubeContainer container, int? cutAfter)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync(ExecProtocol);
        string[] command = [.. context.Request.Query["command"].OfType<string>()];
        var terminal = context.Request.Query["tty"] == "true" ? new KubeTerminal() : null;
        using var process = container.Exec(terminal?.Within(command) ?? command);
        using var turn = new SemaphoreSlim(1, 1);
        var sent = 0;
        var reading = ReadAsync();
        Task[] writing =
        [
            WriteAsync(1, process.StandardOutput.BaseStream),
            WriteAsync(2, process.StandardError.BaseStream),
        ];
        try
        {
            await process.WaitForExitAsync(context.RequestAborted);
            // What it started may hold its streams for ever.
            await Task.WhenAny(Task.WhenAll(writing), Task.Delay(TimeSpan.FromSeconds(2), context.RequestAborted));
            await SendAsync(3, Encoding.UTF8.GetBytes(Status(process.ExitCode)));
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", context.RequestAborted);
        }
        catch (Exception broken) when (broken is WebSocketException or OperationCanceledException) { }
        await reading;
        terminal?.Dispose();

        async Task ReadAsync()
        {
            var buffer = new byte[64 << 10];
            byte? stream = null;
            try
            {
                while (true)
                {
                    var part = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                    if (part.MessageType is WebSocketMessageType.Close)
                        break;
                    var bytes = buffer.AsMemory(0, part.Count);
                    if (stream is null && bytes.Length > 0)
                        (stream, bytes) = (bytes.Span[0], bytes[1..]);
                    if (stream is 0)
                    {
                        await process.StandardInput.BaseStream.WriteAsync(bytes);
                        await process.StandardInput.BaseStream.FlushAsync();
                    }
                    else if (stream is 4 && terminal is not null)
                        await terminal.ResizeAsync(bytes, context.RequestAborted);
                    else if (stream is 255 && bytes.Span is [0])
                        process.StandardInput.Close();
                    if (part.EndOfMessage)
                        stream = null;
                }
            }
            catch (Exception gone)
                when (gone is WebSocketException or OperationCanceledException or IOException
                    || gone is ObjectDisposedException or InvalidOperationException
                ) { }
        }

        async Task WriteAsync(byte stream, Stream from)
        {
            var buffer = new byte[16 << 10];
            try
            {
                while (await from.ReadAsync(buffer, context.RequestAborted) is > 0 and var count)
                {
                    await SendAsync(stream, buffer.AsMemory(0, count));
                    sent += count;
                    if (stream is 1 && sent > cutAfter)
                        context.Abort();
                }
            }
            catch (Exception gone)
                when (gone is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException
                ) { }
        }

        async Task SendAsync(byte stream, ReadOnlyMemory<byte> bytes)
        {
            byte[] message = [stream, .. bytes.Span];
            await turn.WaitAsync();
            try
            {
                await socket.SendAsync(message, WebSocketMessageType.Binary, true, context.RequestAborted);
            }
            finally
            {
                turn.Release();
            }
        }
    }

    public static async Task PortAsync(HttpContext context, int port)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync(PortProtocol);
        byte[] number = [(byte)port, (byte)(port >> 8)];
        await SendAsync(0, number);
        await SendAsync(1, number);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, context.RequestAborted);
        }
        catch (SocketException fault)
        {
            await SendAsync(1, Encoding.UTF8.GetBytes($"error forwarding port {port} to pod: {fault.Message}"));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", context.RequestAborted);
            return;
        }
        var stream = client.GetStream();
        var buffer = new byte[64 << 10];
        await Task.WhenAny(InAsync(), OutAsync());

        async Task InAsync()
        {
            var into = new byte[64 << 10];
            byte? to = null;
            try
            {
                while (true)
                {
                    var part = await socket.ReceiveAsync(into.AsMemory(), context.RequestAborted);
                    if (part.MessageType is WebSocketMessageType.Close)
                        return;
                    var bytes = into.AsMemory(0, part.Count);
                    if (to is null && bytes.Length > 0)
                        (to, bytes) = (bytes.Span[0], bytes[1..]);
                    if (to is 0)
                        await stream.WriteAsync(bytes, context.RequestAborted);
                    if (part.EndOfMessage)
                        to = null;
                }
            }
            catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException) { }
        }

        async Task OutAsync()
        {
            try
            {
                while (await stream.ReadAsync(buffer, context.RequestAborted) is > 0 and var count)
                    await SendAsync(0, buffer.AsMemory(0, count));
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", context.RequestAborted);
            }
            catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException) { }
        }

        Task SendAsync(byte to, ReadOnlyMemory<byte> bytes) =>
            socket
                .SendAsync(
                    (ReadOnlyMemory<byte>)(byte[])[to, .. bytes.Span],
                    WebSocketMessageType.Binary,
                    true,
                    context.RequestAborted
                )
                .AsTask();
    }

    private static string Status(int code) =>
        code == 0
            ? """{"metadata":{},"status":"Success"}"""
            : $$$"""
                {"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code",
                 "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"{{{code}}}"}]}}
                """;
}
