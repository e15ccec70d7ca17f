using Microsoft.Extensions.Logging;
using Muster.Gateway.Carrying;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Scaling;
using Muster.Gateway.Tasks;
using Muster.Gateway.Telemetry;

namespace Muster.Gateway.Hosting;

/// <summary>What a gateway does by itself, a loop each: placing, carrying files, watching nodes, tidying.</summary>
internal sealed class Workers : IDisposable
{
    private readonly EventLog _events;
    private readonly EndNotices _notices;
    private readonly NodeWatches _watches;
    private readonly ZipFetcher _fetcher;
    private readonly ResultCollector _collector;
    private readonly AheadSender _ahead;
    private readonly Couriers _couriers;
    private readonly Housekeeper _housekeeper;
    private readonly NodeSeries _series;
    private readonly Scaler? _scaler;
    private readonly List<Task> _running = [];

    public Workers(GatewayOptions options, GatewayCore core, ILogger log, TimeProvider clock)
    {
        var (tasks, fleet, spool) = (core.Tasks, core.Fleet, core.Spool);
        var wait = new BlobWait(tasks, clock);
        var forms = new NodeForm(core.Tokens, core.Seal, options);
        _ahead = new(tasks, fleet, spool, core.Limits, core.Times, forms, options, clock, log);
        var sender = new FileSender(tasks, fleet, spool, wait, _ahead, forms, core.Tokens, options, clock);
        _fetcher = new(tasks, core.Intake, spool, options, clock);
        _collector = new(tasks, fleet, core.Results, spool, wait, options.Limits, clock);
        _couriers = new(tasks, _fetcher, sender, _collector, log);
        _watches = new(fleet, tasks, core.Catalog, core.Tokens, options, clock, log);
        Dispatcher = new(tasks, fleet, core.Limits, core.Times, clock, log);
        _housekeeper = new(tasks, core.Store, core.Actions, core.Tokens, fleet, spool, options, clock, log);
        _notices = new(tasks, core.Store, core.Results, core.Provider, options, clock, log);
        _events = new(tasks, log);
        _series = core.Series;
        _scaler = core.Scaler;
    }

    public Dispatcher Dispatcher { get; }

    /// <summary>They work until they are stopped; one that ends before has met a bug of ours.</summary>
    public void Start(CancellationToken stopping)
    {
        Func<CancellationToken, Task>[] loops =
        [
            _events.RunAsync,
            _notices.RunAsync,
            _watches.RunAsync,
            _ahead.RunAsync,
            _couriers.RunAsync,
            Dispatcher.RunAsync,
            _housekeeper.RunAsync,
            _series.RunAsync,
            .. _scaler is null ? [] : (Func<CancellationToken, Task>[])[_scaler.RunAsync],
        ];
        _running.AddRange(loops.Select(loop => Task.Run(() => loop(stopping), CancellationToken.None)));
    }

    public IReadOnlyList<Task> Running => _running;

    /// <summary>To be called after they were stopped.</summary>
    public async Task EndedAsync()
    {
        foreach (var loop in _running)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_scaler is not null)
            await _scaler.DisposeAsync();
    }

    public void Dispose()
    {
        _fetcher.Dispose();
        _collector.Dispose();
        _notices.Dispose();
    }
}
