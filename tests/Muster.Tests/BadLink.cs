using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Muster;

/// <summary>
/// A bad link in front of a server: slow, with stalls as lost packets cause them, with connections that are reset and
/// answers that get lost.
/// </summary>
internal sealed class BadLink : IAsyncDisposable
{
    private const int Piece = 64 << 10;
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(400);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _server;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private readonly Task _accepting;

    public BadLink(Uri server, int seed)
    {
        (_server, _random) = (new(IPAddress.Loopback, server.Port), new(seed));
        _listener.Start();
        Address = new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>For each piece, one way.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// Shares: of pieces that wait for what was lost, of pieces at which the connection is reset, of answers of which
    /// nothing arrives.
    /// </summary>
    public double Stalls { get; init; }
    public double Resets { get; init; }
    public double LostAnswers { get; init; }

    /// <summary>Pieces after which everything is as it should be; so a test has its end.</summary>
    public long GoodAfter { get; init; } = long.MaxValue;

    private long _pieces;
    public int Broken;

    private bool Happens(double share)
    {
        if (share == 0 || Interlocked.Read(ref _pieces) > GoodAfter)
            return false;
        lock (_lock)
            return _random.NextDouble() < share;
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(CarryAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (OperationCanceledException) { }
        await Task.WhenAll(connections);
    }

    private async Task CarryAsync(Socket client)
    {
        using var there = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            client.NoDelay = true;
            await there.ConnectAsync(_server, end.Token);
            var turn = new Turn();
            await Task.WhenAll(
                PumpAsync(client, there, turn, isAnswer: false, end),
                PumpAsync(there, client, turn, isAnswer: true, end)
            );
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            foreach (var side in (Socket[])[client, there])
                side.LingerState = new(true, 0); // closed with a reset
        }
        client.Dispose();
    }

    private sealed class Turn
    {
        public bool Asked;
    }

    private async Task PumpAsync(Socket from, Socket to, Turn turn, bool isAnswer, CancellationTokenSource end)
    {
        var way = Channel.CreateBounded<(byte[] Bytes, long Due)>(64);
        var delivering = DeliverAsync(way.Reader, to, end);
        try
        {
            var buffer = new byte[Piece];
            while (await from.ReceiveAsync(buffer, end.Token) is > 0 and var read)
            {
                Interlocked.Increment(ref _pieces);
                var lost = isAnswer && turn.Asked && Happens(LostAnswers);
                turn.Asked = !isAnswer;
                if (lost || Happens(Resets))
                {
                    Interlocked.Increment(ref Broken);
                    throw new OperationCanceledException();
                }
                var wait = Delay + (Happens(Stalls) ? Stall : TimeSpan.Zero);
                await way.Writer.WriteAsync(
                    (buffer[..read], Environment.TickCount64 + (long)wait.TotalMilliseconds),
                    end.Token
                );
            }
        }
        catch
        {
            await end.CancelAsync();
            throw;
        }
        finally
        {
            way.Writer.Complete();
            await delivering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task DeliverAsync(
        ChannelReader<(byte[] Bytes, long Due)> way,
        Socket to,
        CancellationTokenSource end
    )
    {
        try
        {
            await foreach (var (bytes, due) in way.ReadAllAsync(end.Token))
            {
                if (due - Environment.TickCount64 is > 0 and var wait)
                    await Task.Delay((int)wait, end.Token);
                await to.SendAsync(bytes, end.Token);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            await end.CancelAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }
}
