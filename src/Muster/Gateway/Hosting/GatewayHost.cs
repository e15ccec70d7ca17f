using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Admin;
using Muster.Gateway.Api;
using Muster.Gateway.Carrying;
using Muster.Gateway.Console;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Telemetry;
using Muster.Gateway.Tokens;
using Muster.Node.Engines;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway.Hosting;

/// <summary>A running gateway: its parts, put together.</summary>
public sealed partial class GatewayHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskStore _store;
    private readonly IBlobStore _blobs;
    private readonly Downloads _downloads;
    private readonly WebApplication _web;
    private readonly OperationApi _operation;
    private readonly Collector? _collector;
    private readonly OptionCatalog _catalog;
    private readonly List<Task> _loops = [];
    private readonly LightningProvider? _provider;
    private readonly ZipFetcher _fetcher;
    private readonly ResultCollector _collecting;
    private readonly EndNotices _notices;
    private readonly UploadGate _uploads;
    private Node.NodeServer? _node;
    private bool _listens;

    private GatewayHost(
        GatewayOptions options,
        TaskStore store,
        (IBlobStore Store, string Name) blobs,
        RecentLog logs,
        TimeProvider clock
    )
    {
        (_store, _blobs) = (store, blobs.Store);
        Spool = new(_blobs, $"spool/{blobs.Name}/", options.SpoolBudget, _store.Contents());
        Results = new(_blobs);
        _downloads = new(Results, options);
        Tasks = new(_store, Spool, clock);
        Fleet = new(_store, clock);
        Tokens = new(_store, options.Token, options.Open, clock);
        foreach (var (url, token, locked) in options.Nodes)
            Fleet.Add(url, token, locked);
        TakeOver(options.FileNodes);
        _catalog = new OptionCatalog(_store, () => Fleet.Nodes);
        Actions = new(Tasks, _store, Fleet, Results, Tokens);
        var log = logs.CreateLogger("gateway");
        _provider = options.Provider == "lightning" ? new(options.LightningUrl, _store, clock, log) : null;
        var gate = new Gatekeeper(Tokens, Tasks.Live, _provider);
        var intake = new Intake(
            Tasks,
            Spool,
            Fleet,
            _catalog,
            new(options.FloodLimit, clock),
            gate.LimitsOf,
            _provider,
            options,
            clock
        );

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<ILoggerFactory>(logs);
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlocks>();
        builder
            .WebHost.UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => Listeners.Open(kestrel, options, clock));
        BoundedListeners.AddTo(builder.Services, options.Limits.Connections);
        _web = builder.Build();
        var seal = new CommitSeal(_store);
        var api = new PublicApi(
            gate,
            seal,
            intake,
            Actions,
            Tasks,
            Fleet,
            Spool,
            _downloads,
            new(Fleet, Tasks, _catalog, clock),
            clock
        );
        var dispatcher = new Dispatcher(Tasks, Fleet, owner => gate.LimitsOf(owner).MaxConcurrentTasks, clock, log);
        var measures = new GatewayMeasures(Tasks, Fleet, Spool, dispatcher, options.LogLinesLost, clock);
        _collector = Collector.Find(measures, () => new(Tasks, Fleet), log);
        _operation = new(Tasks, measures, _blobs, clock);
        _web.Use(
            async (http, next) =>
            {
                if (!await _operation.HandleAsync(http))
                    await next(http);
            }
        );
        _web.UseOdmFaults(log);
        _web.UseOdmCors(() => gate.IsOpen);
        ConnectionCap.Follow(_web);
        _uploads = new(options.Limits, clock, log);
        _uploads.Guard(_web);
        _web.Run(api.HandleAsync);
        Pipeline = ((IApplicationBuilder)_web).Build();

        var wait = new BlobWait(Tasks, clock);
        var sender = new FileSender(
            Tasks,
            Fleet,
            Spool,
            wait,
            task =>
                task.IsSplitMergeParent
                    ? SplitMergeOptions.WithToken(task.Options, Tokens.MakeForParts(task))
                    : task.Options,
            Tokens.Without,
            seal.Of,
            options,
            clock
        );
        _fetcher = new(Tasks, intake, Spool, options, clock);
        _collecting = new(Tasks, Fleet, Results, Spool, wait, options.Limits, clock);
        var couriers = new Couriers(Tasks, _fetcher, sender, _collecting, log);
        var watches = new NodeWatches(Fleet, Tasks, _catalog, Tokens.Without, options, clock, log);
        var housekeeper = new Housekeeper(Tasks, _store, Actions, Tokens, Fleet, Spool, options, clock, log);
        _notices = new(
            Tasks,
            _store,
            Results,
            _provider,
            task => TaskView.Json(task, null, clock.GetUtcNow()),
            options,
            clock,
            log
        );
        var waiting = new WaitingList(Tasks, Fleet, owner => gate.LimitsOf(owner).MaxConcurrentTasks);
        var desk = new AdminDesk(Fleet, Tokens, Tasks);
        _open = ct =>
            AdminDoors.OpenAsync(
                options,
                new ConsoleCommands(Fleet, Tasks, Actions, Tokens, desk, waiting, clock),
                new AdminApi(
                    Fleet,
                    Tasks,
                    Actions,
                    Tokens,
                    Spool,
                    desk,
                    waiting,
                    new(options, Fleet, Tasks, waiting, Spool, logs),
                    measures,
                    clock
                ),
                new ClusterPages(Fleet, Tasks, desk, clock),
                logs,
                clock,
                ct
            );
        _start = () =>
            [
                new EventLog(Tasks, log).RunAsync,
                _notices.RunAsync,
                watches.RunAsync,
                couriers.RunAsync,
                dispatcher.RunAsync,
                housekeeper.RunAsync,
            ];
    }

    private readonly Func<IReadOnlyList<Func<CancellationToken, Task>>> _start;
    private readonly Func<CancellationToken, Task<AdminDoors>> _open;

    public TaskLedger Tasks { get; }
    public TaskActions Actions { get; }
    public NodeFleet Fleet { get; }
    public TokenBook Tokens { get; }
    public SpoolFolder Spool { get; }
    public ResultFolder Results { get; }

    /// <summary>Some node has told what options there are.</summary>
    internal bool HasOptions => _catalog.Known is not null;

    /// <summary>The engine of our own node, when there is no other; it may still be opening.</summary>
    public Task<IEngine>? Embedded { get; private set; }

    /// <summary>Where those who run it reach it.</summary>
    public AdminDoors? Doors { get; private set; }

    /// <summary>A collector gets its measures and traces.</summary>
    public bool IsCollected => _collector is not null;

    /// <summary>Where clients reach it.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>What answers requests.</summary>
    internal RequestDelegate Pipeline { get; }

    public static async Task<GatewayHost> StartAsync(
        GatewayOptions options,
        ILoggerFactory logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        if (PrivateFolder.Make(options.Data) is { } mode)
            Tightened(logs.CreateLogger("gateway"), options.Data, mode);
        var gateway = await OpenAsync(
            options,
            new SqliteTaskStore(PrivateFile(options.Data, "gateway.db")),
            mayLackBlobs: false,
            new(logs, clock),
            clock,
            ct
        );
        try
        {
            gateway._listens = true;
            await gateway._web.StartAsync(ct);
        }
        catch (UserException)
        {
            await gateway.DisposeAsync();
            throw;
        }
        catch (IOException fault)
        {
            await gateway.DisposeAsync();
            throw new UserException(
                $"cannot listen on {options.Bind}:{options.Port}: {fault.Message}",
                "Choose another --port, or stop what listens there.",
                fault
            );
        }
        gateway.Address = new(gateway._web.Urls.First());
        gateway.Begin();
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
        gateway.Begin();
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
            RefuseByAccident(options, store);
            gateway = new(options, store, await BlobHome.OpenAsync(options, store, mayLackBlobs, ct), logs, clock);
        }
        catch
        {
            store.Dispose();
            throw;
        }
        try
        {
            await gateway.EmbedAsync(options, logs, clock, ct);
            await gateway.AdoptAsync(options.Routes);
            gateway.Doors = await gateway._open(ct);
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is open to more than this machine is so because somebody said so.</summary>
    internal static void RefuseByAccident(GatewayOptions options, TaskStore store)
    {
        if (
            options.Open
            || options.Provider != "local"
            || !IPAddress.TryParse(options.Bind, out var bind)
            || IPAddress.IsLoopback(bind)
            || !TokenBook.WouldBeOpen(store, options.Token)
        )
            return;
        var what =
            $"anyone who can reach {new IPEndPoint(bind, options.Port)} could use the gateway, because it has no token";
        throw new UserException(
            what,
            "Set a token with --token-file FILE, listen on this machine only (--bind 127.0.0.1), or pass --open to "
                + "allow it."
        )
        {
            ExitCode = ExitCodes.Usage,
        };
    }

    private void Begin()
    {
        foreach (var loop in _start())
            _loops.Add(Task.Run(() => loop(_stop.Token), CancellationToken.None));
    }

    private void TakeOver(IReadOnlyList<(Uri Url, string Token, bool Locked)> nodes)
    {
        const string setting = "nodes-file";
        var digest = AccessToken.HashOf(string.Join('\n', nodes));
        if (nodes.Count == 0 || _store.Setting(setting) == digest)
            return;
        foreach (var (url, token, locked) in nodes)
            Fleet.Add(url, token, locked);
        _store.Set(setting, digest);
    }

    /// <summary>What stands in it is nobody else's business.</summary>
    private static string PrivateFile(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (OperatingSystem.IsWindows())
            return path;
        using (File.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite)) { }
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>Takes over the tasks of an older gateway: they are on their nodes, and are asked for there.</summary>
    private Task AdoptAsync(IReadOnlyList<(Guid Task, Uri Node, string Token, DateTimeOffset Accessed)> routes) =>
        routes.Count == 0
            ? Task.CompletedTask
            : Tasks.ChangeAsync(book =>
            {
                foreach (var (id, url, token, accessed) in routes)
                {
                    if (
                        Tasks.Find(id) is not null
                        || Fleet.Nodes.FirstOrDefault(node => node.Url == url) is not { } node
                    )
                        continue;
                    book.Note("adopted", $"{id}, on {node.Name}", id, node.Id);
                    book.Put(
                        new()
                        {
                            Id = id,
                            Owner = Tokens.Find(token)?.Owner ?? "",
                            Name = "",
                            Created = accessed,
                            Order = book.NextOrder(),
                            HasFiles = false,
                            Phase = new TaskPhase.Running(node.Id, id, book.Now),
                        }
                    );
                }
            });

    /// <summary>Without any node, one of our own does the work.</summary>
    private async Task EmbedAsync(GatewayOptions options, ILoggerFactory logs, TimeProvider clock, CancellationToken ct)
    {
        if (options.Engine is null || Fleet.Nodes.Any(node => !node.IsEmbedded))
        {
            Fleet.Remove(GatewayNode.EmbeddedId);
            return;
        }
        var settings = new Node.NodeSettings
        {
            Folder = Path.Combine(options.Data, "node"),
            Address = IPAddress.Loopback,
            Port = 0,
            KeepTasks = options.ResultsExpire,
            AllowPrivateUrls = options.AllowPrivateAddresses,
        };
        Directory.CreateDirectory(settings.Folder);
        Embedded = options.Engine(_stop.Token);
        if (Embedded.IsFaulted)
            await Embedded; // what the flags have wrong is said before anything listens
        _node = await Node.NodeServer.StartAsync(settings, Embedded, logs, clock, ct);
        Fleet.Embed(new($"http://{_node.Address}/"));
    }

    /// <summary>
    /// Ends only by a bug of ours, or for an engine that cannot be opened. What was promised is on disk, so another
    /// start goes on from there.
    /// </summary>
    public async Task BrokenAsync() => await await Task.WhenAny(_loops.Append(Tasks.Writing).Append(NoEngineAsync()));

    private async Task NoEngineAsync()
    {
        if (Embedded is not null)
            await Embedded;
        await Task.Delay(Timeout.Infinite, _stop.Token);
    }

    /// <summary>
    /// Stops taking requests, lets those under way finish for a moment, and writes what was promised.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        _operation.Stopping();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            if (_listens)
                await _web.StopAsync(patience.Token);
        }
        await _stop.CancelAsync();
        foreach (var loop in _loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Doors is not null)
            await Doors.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
        if (Embedded is not null)
            await ((Task)Embedded).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Tasks.DisposeAsync();
        _collector?.Dispose();
        await _web.DisposeAsync();
        _store.Dispose();
        _blobs.Dispose();
        _downloads.Dispose();
        _fetcher.Dispose();
        _collecting.Dispose();
        _notices.Dispose();
        _uploads.Dispose();
        _provider?.Dispose();
        _stop.Dispose();
    }

    [LoggerMessage(
        LogLevel.Warning,
        "Other users could look into {Folder} (mode {Mode}); from now on only its owner can"
    )]
    private static partial void Tightened(ILogger log, string folder, string mode);
}
