using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Configuration;
using Muster.Gateway.Admin;
using Muster.Shell;

namespace Muster.Gateway.Console;

/// <summary>The console that operators reach by telnet.</summary>
internal sealed class ConsoleServer : IAsyncDisposable
{
    private const int LongestLine = 8 * 1024;
    private const int MostVisitors = 64;
    private const int MostWrongLogins = 3;
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    /// <summary>How long a visitor may keep silent who has not shown yet that he belongs here.</summary>
    private static readonly TimeSpan IdleAtTheDoor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WrongLoginPause = TimeSpan.FromSeconds(1);

    private readonly TcpListener _listener;
    private readonly ConsoleCommands _commands;
    private readonly AdminPassword _password;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Visit> _visits = []; // in the order in which they came
    private readonly Task _accepting;

    private ConsoleServer(TcpListener listener, ConsoleCommands commands, AdminPassword keeper, TimeProvider clock)
    {
        (_listener, _commands, _password, _clock) = (listener, commands, keeper, clock);
        _accepting = Task.Run(AcceptAsync);
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <exception cref="SocketException">The port is taken.</exception>
    public static ConsoleServer Start(
        IPEndPoint address,
        ConsoleCommands commands,
        AdminPassword keeper,
        TimeProvider clock
    )
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
                if (visitor.Client.RemoteEndPoint is not IPEndPoint from)
                    visitor.Dispose();
                else if (Enter(new(visitor, from)) is { } visit)
                    _ = ServeAsync(visit);
                else
                    visitor.Dispose();
            }
            catch (SocketException) { } // a visitor who went away before he was greeted
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Where all places are taken, one goes who only stands at the door: the one who came first from the address with
    /// most of them. So silent
    /// visitors keep nobody out, and many from one place push out each other.
    /// </summary>
    private Visit? Enter(Visit visit)
    {
        lock (_lock)
        {
            if (_visits.Count >= MostVisitors)
            {
                if (
                    _visits
                        .Where(other => !other.Belongs)
                        .GroupBy(other => other.From.Address)
                        .MaxBy(group => group.Count())
                        ?.First()
                    is not { } other
                )
                    return null;
                other.Client.Dispose();
                _visits.Remove(other);
            }
            _visits.Add(visit);
            return visit;
        }
    }

    private async Task ServeAsync(Visit visit)
    {
        try
        {
            using (visit.Client)
                await TalkAsync(visit);
        }
        catch (Exception fault)
            // he hung up, or we stop
            when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException) { }
        finally
        {
            lock (_lock)
                _visits.Remove(visit);
        }
    }

    private async Task TalkAsync(Visit visit)
    {
        var (stream, from) = (visit.Client.GetStream(), visit.From);
        Task SayAsync(string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), _stop.Token).AsTask();
        var loggedIn = _password.IsOpen;
        var lines = new LineReader(stream, LongestLine);
        var last = "";
        var wrong = 0;
        await SayAsync(
            $"Welcome {from} Muster:{OwnVersion.Text}\r\n"
                + $"{(loggedIn ? "HELP for help" : "LOGIN <LOGIN> to log-in")}\r\nQUIT to quit\r\n"
                + $"{Prompt(loggedIn)}"
        );
        while (await ReadAsync(lines, visit.Belongs ? Idle : IdleAtTheDoor) is { } line && !IsHttp(line))
        {
            if (line.Trim() == "!!")
                line = last;
            last = line;
            switch (line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                case [var quit] when Is(quit, "QUIT"):
                    await SayAsync("Bye!\r\n");
                    return;
                case var words when loggedIn:
                    visit.Belongs = true;
                    await SayAsync(SafeText.Lines(await AnswerAsync(words)) + Prompt(true));
                    break;
                case [var login, var password]
                    when Is(login, "LOGIN") && _password.Check(from.Address, password) == Verdict.Right:
                    loggedIn = visit.Belongs = true;
                    await SayAsync($"OK\r\nHELP for help\r\n{Prompt(true)}");
                    break;
                default:
                    await Task.Delay(WrongLoginPause, _clock, _stop.Token);
                    await SayAsync("FAIL\r\n");
                    if (++wrong >= MostWrongLogins)
                        return;
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
        catch (IOException) // the database cannot be written; nothing was changed
        {
            return "FAIL\r\n";
        }
    }

    private async Task<string?> ReadAsync(LineReader lines, TimeSpan idle)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var patience = new CancellationTokenSource(idle, _clock);
        await using var _ = patience.Token.Register(either.Cancel);
        return await lines.ReadAsync(either.Token);
    }

    /// <summary>A page in somebody's browser, which would have us carry out its form as commands.</summary>
    private static bool IsHttp(string line) =>
        line.EndsWith(" HTTP/1.1", StringComparison.Ordinal) || line.EndsWith(" HTTP/1.0", StringComparison.Ordinal);

    private static bool Is(string word, string command) => word.Equals(command, StringComparison.OrdinalIgnoreCase);

    private static string Prompt(bool loggedIn) => loggedIn ? "#> " : "$> ";

    private sealed class Visit(TcpClient client, IPEndPoint from)
    {
        public TcpClient Client => client;
        public IPEndPoint From => from;

        /// <summary>He has logged in, or, where there is no password, said something.</summary>
        public volatile bool Belongs;
    }
}
