using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Muster.Faults;
using Muster.Hosts;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Forward;

/// <summary>A port of a run as it can be opened here.</summary>
public sealed record LocalPort(string Name, int Port, Uri Url);

/// <summary>
/// Brings the ports of a run to this machine. The local port is ours for as long as this object lives, whatever becomes
/// of the connection.
/// </summary>
public sealed class Forwarder(OpenSite site, RunPlan plan) : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<string, Forward> _forwards = new();
    private readonly List<Task> _loops = [];

    /// <summary>
    /// Forwards <paramref name="port"/>, or turns an earlier forward of the same name to where it is now.
    /// </summary>
    public LocalPort Bring(SeenPort port, JobHandle? job)
    {
        var key = $"{port.Rank}/{port.Name}";
        if (_forwards.TryGetValue(key, out var known))
        {
            known.Target = port;
            return known.Local;
        }
        if (site.IsHere && port.Host == Environment.MachineName)
            return new(port.Name, port.Port, new($"http://127.0.0.1:{port.Port}/"));
        var listener = Listen(port.Port);
        var number = ((IPEndPoint)listener.LocalEndpoint).Port;
        var forward = new Forward(listener, new(port.Name, number, new($"http://127.0.0.1:{number}/")), job)
        {
            Target = port,
        };
        _forwards[key] = forward;
        _loops.Add(AcceptAsync(forward));
        return forward.Local;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var forward in _forwards.Values)
            forward.Listener.Dispose();
        await Task.WhenAll(_loops);
        _end.Dispose();
    }

    private sealed class Forward(TcpListener listener, LocalPort local, JobHandle? job)
    {
        public TcpListener Listener { get; } = listener;
        public LocalPort Local { get; } = local;
        public JobHandle? Job { get; } = job;
        public required SeenPort Target { get; set; }
    }

    /// <summary>The same number as over there when it is free here, else any.</summary>
    private static TcpListener Listen(int wanted)
    {
        foreach (var number in (int[])[wanted, 0])
        {
            var listener = new TcpListener(IPAddress.Loopback, number);
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException) when (number != 0)
            {
                listener.Dispose();
            }
        }
        throw new UserException(
            "no local port is free for forwarding",
            "Close some programs that listen on ports on this machine."
        );
    }

    private async Task AcceptAsync(Forward forward)
    {
        while (!_end.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await forward.Listener.AcceptTcpClientAsync(_end.Token);
            }
            catch (Exception fault)
                when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = ServeAsync(client, forward);
        }
    }

    private async Task ServeAsync(TcpClient client, Forward forward)
    {
        using (client)
        {
            try
            {
                await using var there = await PortRoute.ConnectAsync(
                    site,
                    plan.HostOf(forward.Target.Rank),
                    forward.Target,
                    forward.Job,
                    _end.Token
                );
                await using var here = client.GetStream();
                var up = PumpAsync(here, there);
                var down = there.CopyToAsync(here, _end.Token);
                // A client that says no more still waits for its answer; one that was reset does not.
                var first = await Task.WhenAny(up, down);
                await first;
                if (first == up)
                    await down;
            }
            catch (Exception fault)
                when (fault is IOException or SocketException or OperationCanceledException or HostUnreachableException)
            {
                // The browser sees a closed connection and asks again; the forward itself stays.
            }
        }
    }

    private async Task PumpAsync(NetworkStream here, Stream there)
    {
        await here.CopyToAsync(there, _end.Token);
        if (there is DuplexStream duplex)
            duplex.EndWriting();
        else if (there is NetworkStream local)
            local.Socket.Shutdown(SocketShutdown.Send);
    }
}
