using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Scaling;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Telemetry;
using Muster.Gateway.Tokens;
using Muster.Node.Engines;
using Muster.Storage;

namespace Muster.Gateway.Hosting;

/// <summary>A running gateway: its parts, put together.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly GatewayCore _core;
    private readonly Workers _workers;
    private readonly GatewayMeasures _measures;
    private readonly Collector? _collector;
    private readonly ClientDoor _clients;
    private OwnNode? _node;

    private GatewayHost(
        GatewayOptions options,
        TaskStore store,
        (IBlobStore Store, string Name) blobs,
        RecentLog logs,
        TimeProvider clock
    )
    {
        var log = logs.CreateLogger("gateway");
        _core = new(options, store, blobs, log, clock);
        _workers = new(options, _core, log, clock);
        _measures = new(
            _core.Tasks,
            _core.Fleet,
            _core.Spool,
            _workers.Dispatcher,
            _core.Machines,
            options.LogLinesLost,
            clock
        );
        _collector = Collector.Find(_measures, _core.Tasks, _core.Fleet, log);
        _clients = new(options, _core, _measures, logs, clock);
    }

    public TaskLedger Tasks => _core.Tasks;
    public TaskActions Actions => _core.Actions;
    public NodeFleet Fleet => _core.Fleet;
    public TokenBook Tokens => _core.Tokens;
    public SpoolFolder Spool => _core.Spool;
    public MachineBook Machines => _core.Machines;

    /// <summary>Has machines come and go; null where no site gives any.</summary>
    public Scaler? Scaler => _core.Scaler;

    /// <summary>Some node has told what options there are.</summary>
    internal bool HasOptions => _core.Catalog.Known is not null;

    /// <summary>The engine of our own node, when there is no other; it may still be opening.</summary>
    public Task<IEngine>? Embedded => _node?.Engine;

    /// <summary>Where those who run it reach it.</summary>
    public AdminDoors? Doors { get; private set; }

    /// <summary>A collector gets its measures and traces.</summary>
    public bool IsCollected => _collector is not null;

    /// <summary>Where clients reach it.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>What answers requests.</summary>
    internal RequestDelegate Pipeline => _clients.Pipeline;

    public static async Task<GatewayHost> StartAsync(
        GatewayOptions options,
        ILoggerFactory logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        PrivateFolder.Make(options.Data, logs.CreateLogger("gateway"));
        var store = new SqliteTaskStore(PrivateFolder.File(options.Data, "gateway.db"));
        var gateway = await OpenAsync(options, store, mayLackBlobs: false, new(logs, clock), clock, ct);
        try
        {
            gateway.Address = await gateway._clients.OpenAsync(ct);
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
        gateway._workers.Start(gateway._stop.Token);
        return gateway;
    }

    /// <summary>A gateway for as long as it leads others; requests are given to its <see cref="Pipeline"/>.</summary>
    internal static async Task<GatewayHost> StartTermAsync(
        GatewayOptions options,
        TaskStore store,
        RecentLog logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var gateway = await OpenAsync(options, store, mayLackBlobs: true, logs, clock, ct);
        gateway._workers.Start(gateway._stop.Token);
        return gateway;
    }

    private static async Task<GatewayHost> OpenAsync(
        GatewayOptions options,
        TaskStore store,
        bool mayLackBlobs,
        RecentLog logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        GatewayHost gateway;
        try
        {
            Listeners.RefuseOpenByAccident(options, store);
            gateway = new(options, store, await BlobHome.OpenAsync(options, store, mayLackBlobs, ct), logs, clock);
        }
        catch
        {
            store.Dispose();
            throw;
        }
        try
        {
            await Takeover.RunAsync(options, gateway._core);
            gateway._node = OwnNode.Find(options, gateway.Fleet, gateway._stop.Token);
            if (gateway._node is { } node)
                await node.StartAsync(logs, clock, ct);
            gateway.Doors = await AdminDoors.OpenAsync(options, gateway._core, gateway._measures, logs, clock, ct);
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Ends only by a bug of ours, or for an engine that cannot be opened. What was promised is on disk, so another
    /// start goes on from there.
    /// </summary>
    public async Task BrokenAsync()
    {
        var ends = _workers.Running.Append(Tasks.Writing);
        await await Task.WhenAny(_node is null ? ends : ends.Append(_node.BrokenAsync(_stop.Token)));
    }

    /// <summary>
    /// Stops taking requests, lets those under way finish for a moment, and writes what was promised.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _clients.CloseAsync();
        await _stop.CancelAsync();
        await _workers.EndedAsync();
        if (Doors is not null)
            await Doors.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
        await Tasks.DisposeAsync();
        _collector?.Dispose();
        await _clients.DisposeAsync();
        _workers.Dispose();
        _core.Dispose();
        _stop.Dispose();
    }
}
