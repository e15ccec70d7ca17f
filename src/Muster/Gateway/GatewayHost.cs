using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Api;
using Muster.Gateway.Fleet;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>A running gateway: its parts, put together.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SqliteTaskStore _store;
    private readonly WebApplication _web;
    private readonly OperationApi _operation;
    private readonly OptionCatalog _catalog;
    private readonly List<Task> _loops = [];

    private GatewayHost(GatewayOptions options, TimeProvider clock, Action<ILoggingBuilder> logging)
    {
        _store = new(Path.Combine(options.Data, "gateway.db"));
        Spool = new(Path.Combine(options.Data, "spool"), options.SpoolBudget, _store.Contents());
        Results = new(Path.Combine(options.Data, "results"));
        Tasks = new(_store, Spool, clock);
        Fleet = new(_store, clock);
        Tokens = new(_store, options.Token, clock);
        foreach (var (url, token) in options.Nodes) Fleet.Add(url, token);
        _catalog = new OptionCatalog(_store, () => Fleet.Nodes);
        Actions = new(Tasks, Fleet, Results, Tokens);
        var intake = new Intake(Tasks, Spool, Fleet, _catalog, new(options.FloodLimit, clock), options, clock);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        logging(builder.Logging);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            OdmEndpoints.SetLimits(kestrel);
            kestrel.Listen(IPAddress.Parse(options.Bind), options.Port);
        });
        _web = builder.Build();
        var logs = _web.Services.GetRequiredService<ILoggerFactory>();
        var api = new PublicApi(new(Tokens), intake, Actions, Tasks, Spool, Results, new(Fleet, Tasks, _catalog, clock), clock);
        _operation = new(Tasks, Fleet, Spool, clock);
        _web.Use(async (http, next) => { if (!await _operation.HandleAsync(http)) await next(http); });
        _web.UseOdmFaults(logs.CreateLogger<GatewayHost>());
        _web.UseOdmCors();
        _web.Run(api.HandleAsync);

        var sender = new FileSender(Tasks, Fleet, Spool, task => task.IsSplitMergeParent ? SplitMergeOptions.WithToken(task.Options, Tokens.MakeForParts(task)) : task.Options, options, clock);
        var couriers = new Couriers(Tasks, sender, new(Tasks, Fleet, Results, clock), logs.CreateLogger<Couriers>());
        var watches = new NodeWatches(Fleet, Tasks, _catalog, options, clock, logs.CreateLogger<NodeWatch>());
        var dispatcher = new Dispatcher(Tasks, Fleet, owner => Tokens.LimitsOf(owner).MaxConcurrentTasks, clock, logs.CreateLogger<Dispatcher>());
        var housekeeper = new Housekeeper(Tasks, _store, Actions, Tokens, Spool, options, clock, logs.CreateLogger<Housekeeper>());
        _start = () => [watches.RunAsync, couriers.RunAsync, dispatcher.RunAsync, housekeeper.RunAsync];
    }

    private readonly Func<IReadOnlyList<Func<CancellationToken, Task>>> _start;

    public TaskLedger Tasks { get; }
    public TaskActions Actions { get; }
    public NodeFleet Fleet { get; }
    public TokenBook Tokens { get; }
    public SpoolFolder Spool { get; }
    public ResultFolder Results { get; }

    /// <summary>Some node has told what options there are.</summary>
    internal bool HasOptions => _catalog.Known is not null;

    /// <summary>Where clients reach it.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    public static async Task<GatewayHost> StartAsync(GatewayOptions options, TimeProvider clock, Action<ILoggingBuilder> logging, CancellationToken ct)
    {
        var gateway = new GatewayHost(options, clock, logging);
        await gateway._web.StartAsync(ct);
        gateway.Address = new(gateway._web.Urls.First());
        foreach (var loop in gateway._start()) gateway._loops.Add(Task.Run(() => loop(gateway._stop.Token), CancellationToken.None));
        return gateway;
    }

    /// <summary>Stops taking requests, lets those under way finish for a moment, and writes what was promised.</summary>
    public async ValueTask DisposeAsync()
    {
        _operation.Stopping();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5))) await _web.StopAsync(patience.Token);
        await _stop.CancelAsync();
        foreach (var loop in _loops) await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Tasks.DisposeAsync();
        await _web.DisposeAsync();
        _store.Dispose();
        _stop.Dispose();
    }
}
