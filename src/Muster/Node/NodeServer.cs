using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Node.Engines;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Node;

/// <summary>A node at work: by itself in <c>muster node</c>, or within a gateway.</summary>
public sealed class NodeServer : IAsyncDisposable
{
    private const int FirstPort = 3000;
    private const int LastPort = 5000;

    private readonly WebApplication _app;
    private readonly NodeFolders _folders;
    private readonly NodeQueue _queue;
    private readonly ResultBucket _bucket;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<IDisposable> _parts = [];
    private readonly TimeProvider _clock;
    private readonly TimeSpan? _lease;
    private long _askedAt;
    private Task _housekeeping = Task.CompletedTask;

    private NodeServer(NodeSettings settings, Task<IEngine> engine, ILoggerFactory logs, TimeProvider clock)
    {
        (_clock, _lease, _askedAt) = (clock, settings.Lease, clock.GetTimestamp());
        var folders = _folders = new(settings.Folder);
        _parts.Add(Claim(folders));
        try
        {
            var log = logs.CreateLogger("node");
            if (folders.WasOpen is { } mode)
                PrivateFolder.Tightened(log, settings.Folder, mode);
            var store = Keep(new NodeTaskStore(folders.Database));
            var outside = Keep(OutsideHttp.Create(settings.AllowPrivateUrls));
            var outputs = new Outputs(folders);
            var uploads = new Uploads(folders, settings);
            var progress = Keep(new ProgressPort(folders.ProgressPort, log));
            var webhooks = Keep(new Webhooks(settings, folders, store, outside, clock, log));
            _bucket = Keep(new ResultBucket(settings, folders));
            _queue = Keep(
                new NodeQueue(
                    settings,
                    folders,
                    store,
                    outputs,
                    engine,
                    new(folders, settings, engine, outside),
                    webhooks,
                    _bucket,
                    progress,
                    clock,
                    log
                )
            );
            Cleaner = new(settings, folders, store, _queue, uploads, clock, log);
            Cleaner.AtStart();

            _app = WebServers
                .ForUploads(logs, settings.Limits, clock, (kestrel, cap) => Listen(kestrel, settings, cap))
                .Build();
            _app.UseOdmCors(() => settings.Token is null);
            _app.UseOdmFaults(log);
            ConnectionCap.Follow(_app);
            _app.Use(
                (http, next) =>
                {
                    Volatile.Write(ref _askedAt, _clock.GetTimestamp());
                    return next(http);
                }
            );
            Keep(new UploadGate(settings.Limits, clock, log)).Guard(_app);
            _app.UseRouting();
            new NodeEndpoints(settings, folders, store, uploads, outputs, _queue, engine, clock).Map(_app);
        }
        catch
        {
            _parts.ForEach(part => part.Dispose());
            throw;
        }
    }

    internal Housekeeping Cleaner { get; }

    /// <summary>Where it listens, once it does.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    public static Task<NodeServer> StartAsync(
        NodeSettings settings,
        IEngine engine,
        ILoggerFactory logs,
        TimeProvider clock,
        CancellationToken ct
    ) => StartAsync(settings, Task.FromResult(engine), logs, clock, ct);

    /// <summary>Takes up what an earlier node left in the folder, then listens.</summary>
    /// <param name="engine">May still be opened meanwhile: until then the node answers, and takes no new tasks.</param>
    public static async Task<NodeServer> StartAsync(
        NodeSettings settings,
        Task<IEngine> engine,
        ILoggerFactory logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var node = new NodeServer(settings, engine, logs, clock);
        try
        {
            await node._bucket.CheckAsync(ct);
            node._queue.Resume();
            await node._app.StartAsync(ct);
        }
        catch (IOException fault)
        {
            await node.DisposeAsync();
            throw new UserException(
                $"the node cannot listen: {fault.Message}",
                "Choose another port with --port, or leave it out to take a free one.",
                fault
            );
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
        var address = new Uri(node._app.Urls.First());
        node.Address = new(IPAddress.Parse(address.Host.Trim('[', ']')), address.Port);
        node._housekeeping = node.Cleaner.RunAsync(node._stopping.Token);
        return node;
    }

    /// <summary>Ends when nobody has asked for as long as the lease says; never where there is none.</summary>
    public async Task ForsakenAsync(CancellationToken ct)
    {
        if (_lease is null)
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, ct);
        while (_lease - _clock.GetElapsedTime(Volatile.Read(ref _askedAt)) is { } left && left > TimeSpan.Zero)
            await Task.Delay(left, _clock, ct);
    }

    private T Keep<T>(T part)
        where T : IDisposable
    {
        _parts.Add(part);
        return part;
    }

    private static FileStream Claim(NodeFolders folders) =>
        FileLock.Find(folders.Lock)
        ?? throw new UserException(
            $"another node works in {Path.GetDirectoryName(folders.Lock)}",
            "Stop it, or give this one another folder with --data-dir."
        );

    private static void Listen(KestrelServerOptions kestrel, NodeSettings settings, ConnectionCap cap)
    {
        var address = settings.Address ?? (settings.Token is null ? IPAddress.Loopback : IPAddress.Any);
        kestrel.Listen(address, settings.Port ?? FreePort(address), cap.Guard);
    }

    private static int FreePort(IPAddress address)
    {
        for (var port = FirstPort; port <= LastPort; port++)
        {
            try
            {
                using var probe = new TcpListener(address, port);
                probe.Start();
                return port;
            }
            catch (SocketException) { } // somebody has it
        }
        throw new UserException($"no port from {FirstPort} to {LastPort} is free", "Name one with --port.");
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        // No new work first, then no engine, then no answers: clients that ask meanwhile still get one.
        await _queue.StopAsync();
        await _app.DisposeAsync();
        await Task.WhenAny(_housekeeping);
        await Task.WhenAny(_folders.Deleted);
        _parts.ForEach(part => part.Dispose());
        _stopping.Dispose();
    }
}
