using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Gateway.Admin;

namespace Muster.Gateway.Console;

/// <summary>The console that operators reach by telnet.</summary>
internal sealed class ConsoleServer : IAsyncDisposable
{
    private const int LongestLine = 8 * 1024;
    private const int MostVisitors = 64;
    private const int MostWrongLogins = 3;
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);
    private static readonly TimeSpan WrongLoginPause = TimeSpan.FromSeconds(1);

    private readonly TcpListener _listener;
    private readonly ConsoleCommands _commands;
    private readonly Doorkeeper _keeper;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _visitors = new(MostVisitors);
    private readonly Task _accepting;

    private ConsoleServer(TcpListener listener, ConsoleCommands commands, Doorkeeper keeper, TimeProvider clock)
    {
        (_listener, _commands, _keeper, _clock) = (listener, commands, keeper, clock);
        _accepting = Task.Run(AcceptAsync);
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <exception cref="SocketException">The port is taken.</exception>
    public static ConsoleServer Start(IPEndPoint address, ConsoleCommands commands, Doorkeeper keeper, TimeProvider clock)
    {
        var listener = new TcpListener(address);
        listener.Start();
        return new(listener, commands, keeper, clock);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var visitor = await _listener.AcceptTcpClientAsync(_stop.Token);
                if (_visitors.Wait(0)) _ = ServeAsync(visitor);
                else visitor.Dispose();
            }
            catch (SocketException) { }   // a visitor who went away before he was greeted
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient visitor)
    {
        try
        {
            using (visitor) await TalkAsync(visitor.GetStream(), (IPEndPoint)visitor.Client.RemoteEndPoint!);
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException) { }   // he hung up, or we stop
        finally
        {
            _visitors.Release();
        }
    }

    private async Task TalkAsync(NetworkStream stream, IPEndPoint from)
    {
        Task SayAsync(string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), _stop.Token).AsTask();
        var loggedIn = _keeper.IsOpen;
        var lines = new LineReader(stream, LongestLine);
        var last = "";
        var wrong = 0;
        await SayAsync($"Welcome {from} Muster:{GatewayHost.Version}\r\n{(loggedIn ? "HELP for help" : "LOGIN <LOGIN> to log-in")}\r\nQUIT to quit\r\n{Prompt(loggedIn)}");
        while (await ReadAsync(lines) is { } line && !IsHttp(line))
        {
            if (line.Trim() == "!!") line = last;
            last = line;
            switch (line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                case [var quit] when Is(quit, "QUIT"):
                    await SayAsync("Bye!\r\n");
                    return;
                case var words when loggedIn:
                    await SayAsync(await AnswerAsync(words) + Prompt(true));
                    break;
                case [var login, var password] when Is(login, "LOGIN") && _keeper.Hear(from.Address, password) == Verdict.Right:
                    loggedIn = true;
                    await SayAsync($"OK\r\nHELP for help\r\n{Prompt(true)}");
                    break;
                default:
                    await Task.Delay(WrongLoginPause, _clock, _stop.Token);
                    await SayAsync("FAIL\r\n");
                    if (++wrong >= MostWrongLogins) return;
                    await SayAsync(Prompt(false));
                    break;
            }
        }
    }

    private async Task<string> AnswerAsync(string[] words)
    {
        try
        {
            return await _commands.AnswerAsync(words);
        }
        catch (IOException)   // the database cannot be written; nothing was changed
        {
            return "FAIL\r\n";
        }
    }

    private async Task<string?> ReadAsync(LineReader lines)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var patience = new CancellationTokenSource(Idle, _clock);
        await using var _ = patience.Token.Register(either.Cancel);
        return await lines.ReadAsync(either.Token);
    }

    /// <summary>A page in somebody's browser, which would have us carry out its form as commands.</summary>
    private static bool IsHttp(string line) => line.EndsWith(" HTTP/1.1", StringComparison.Ordinal) || line.EndsWith(" HTTP/1.0", StringComparison.Ordinal);

    private static bool Is(string word, string command) => word.Equals(command, StringComparison.OrdinalIgnoreCase);

    private static string Prompt(bool loggedIn) => loggedIn ? "#> " : "$> ";
}
