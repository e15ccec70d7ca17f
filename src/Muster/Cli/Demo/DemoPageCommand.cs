using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Muster.Cli.Demo;

/// <summary>
/// The web server in the demo's job: a fresh machine need not have another. It serves one page once, on loopback.
/// </summary>
internal static class DemoPageCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var port = new Argument<int>("PORT");
        var file = new Argument<string>("FILE");
        var command = new Command("demo-page") { port, file };
        command.Hidden = true;
        command.SetAction((parsed, ct) => ServeAsync(parsed.GetValue(port), parsed.GetValue(file)!, ct));
        return command;
    }

    private static async Task<int> ServeAsync(int port, string file, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        try
        {
            while (!await AnswerAsync(listener, file, either.Token)) { }
            return 0;
        }
        catch (OperationCanceledException)
        {
            return 1; // nobody came
        }
    }

    /// <summary>True when somebody asked for the page and got it.</summary>
    private static async Task<bool> AnswerAsync(TcpListener listener, string file, CancellationToken ct)
    {
        using var client = await listener.AcceptTcpClientAsync(ct);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        try
        {
            var request = await reader.ReadLineAsync(ct);
            while (await reader.ReadLineAsync(ct) is { Length: > 0 }) { }
            if (request?.StartsWith("GET / ", StringComparison.Ordinal) != true)
                return false;
            var page = await File.ReadAllBytesAsync(file, ct);
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: "
                        + $"{page.Length}\r\nConnection: close\r\n\r\n"
                ),
                ct
            );
            await stream.WriteAsync(page, ct);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
