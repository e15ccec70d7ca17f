using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Tokens;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Scaling;

/// <summary>
/// Has as many machines as the work needs: one loop that looks at what there is, asks <see cref="ScalePlan"/>, and
/// carries it out. What is asked for is written down first, so that no machine is forgotten.
/// </summary>
public sealed partial class Scaler : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly MachineSites _sites;
    private readonly TaskLedger _ledger;
    private readonly NodeFleet _fleet;
    private readonly OwnerLimits _limits;
    private readonly TaskTimes _times;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly WakeUp _wake;
    private readonly RestingPlaces _resting;
    private readonly MachineTender _tender;
    private readonly Queue<(string Site, DateTimeOffset At)> _started = [];
    private DateTimeOffset _savedAt;

    public Scaler(
        GatewayOptions options,
        MachineSites sites,
        MachineBook machines,
        TaskLedger ledger,
        NodeFleet fleet,
        OwnerLimits limits,
        TaskTimes times,
        TimeProvider clock,
        ILogger log
    )
    {
        (_sites, Machines, _ledger, _fleet, _limits) = (sites, machines, ledger, fleet, limits);
        (_times, _clock, _log) = (times, clock, log);
        _wake = new(clock);
        _resting = new(clock, log);
        var folder = Path.Combine(options.Data, "machines");
        _tender = new(folder, sites, machines, ledger, fleet, _resting, _wake, clock, log);
        fleet.Promised = Promised;
    }

    public MachineBook Machines { get; }

    /// <summary>What was decided last.</summary>
    public ScalePlan Plan { get; private set; } = new([], []);

    public ScaleSettings Settings => _sites.Settings;

    /// <summary>What a waiting task waits for, in words; null where nodes that are there say more.</summary>
    public string? Why(Guid task)
    {
        var plan = Plan;
        if (plan.WaitsFor.TryGetValue(task, out var id) && Machines.Find(id) is { IsComing: true } machine)
        {
            var coming = Machines
                .Live.Where(other => other.IsComing && other.Site == machine.Site)
                .DefaultIfEmpty(machine)
                .ToList();
            var since = ScalePlan.Words(_clock.GetUtcNow() - coming.Min(other => other.Asked));
            return coming.Count <= 1
                ? $"a machine of {machine.Site} is on its way since {since}: {machine.Why}"
                : $"{coming.Count} machines of {machine.Site} are on their way, the first since {since}: {coming[0].Why}";
        }
        return plan.Unmet.GetValueOrDefault(task) is { } why ? $"no machine is asked for: {why}" : null;
    }

    /// <summary>Why a site gives no machine now, and until when; null where it does.</summary>
    public (string Why, DateTimeOffset Until)? Resting(string site) => _resting.Of(site);

    public async Task RunAsync(CancellationToken ct)
    {
        _ledger.Changed += (_, _) => _wake.Make();
        _fleet.Changed += _wake.Make;
        _tender.Begin(ct);
        while (true)
        {
            try
            {
                await LookAsync(ct);
                await DecideAsync(ct);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                Stumbled(fault);
                await Task.Delay(Tick, _clock, ct);
            }
            await _wake.WaitAsync(Tick, ct);
        }
    }

    /// <summary>An operator has one drained and given back.</summary>
    public async Task<bool> GiveBackAsync(Guid id, string by)
    {
        if (Machines.Find(id) is not { IsLive: true } machine)
            return false;
        await _tender.EndAsync(machine, $"{by} gave it back");
        _wake.Make();
        return true;
    }

    /// <summary>Machines go on without us: whoever comes next finds them in the database.</summary>
    public async ValueTask DisposeAsync()
    {
        await _tender.DisposeAsync();
        _times.Save();
    }

    private async Task LookAsync(CancellationToken ct)
    {
        await _tender.TendAsync(ct);
        var now = _clock.GetUtcNow();
        if (now - _savedAt <= TimeSpan.FromMinutes(1))
            return;
        _savedAt = now;
        _times.Save();
        Machines.Forget();
    }

    private async Task DecideAsync(CancellationToken ct)
    {
        var now = _clock.GetUtcNow();
        while (_started.TryPeek(out var old) && now - old.At > TimeSpan.FromMinutes(1))
            _started.Dequeue();
        var machines = Machines.Live;
        var timed = Settings.Pools.Any(pool => pool.Sizes.Any(size => size.Time is not null));
        var plan = ScalePlan.For(
            new()
            {
                Now = now,
                Waiting = [.. _ledger.Live.Queue().Select(task => _times.Waiting(task, timed))],
                Nodes = _fleet.NodesAt(now),
                Held = [.. _ledger.Live.Held(), .. _ledger.Chores.Held()],
                Machines = machines,
                Settings = Settings,
                Pools = Settings.Pools.ToDictionary(pool => pool.Site, pool => FactsOf(pool, machines)),
                Spent = Machines.Spent(),
                MostAtOnce = _limits.MostAtOnce,
                LocalTime = TimeOnly.FromDateTime(_clock.GetLocalNow().DateTime),
            }
        );
        foreach (var machine in machines)
        {
            var isIdle = plan.Idle.Contains(machine.Id);
            if (isIdle != machine.IdleSince is not null)
                Machines.Change(machine.Id, known => known with { IdleSince = isIdle ? now : null });
        }
        foreach (var end in plan.Ends)
            if (Machines.Find(end.Machine) is { } machine)
                await _tender.EndAsync(machine, end.Why);
        foreach (var start in plan.Starts)
        {
            _started.Enqueue((start.Pool.Site, now));
            await _tender.StartAsync(start, FreeHosts(start.Pool.Site, Machines.Live)?.FirstOrDefault(), ct);
        }
        Plan = plan;
    }

    private PoolFacts FactsOf(ScalePool pool, IReadOnlyList<Machine> live)
    {
        var rest = Resting(pool.Site);
        return new(
            rest?.Until,
            rest?.Why ?? RestingHost(pool.Site) ?? "",
            _started.Count(start => start.Site == pool.Site),
            FreeHosts(pool.Site, live)?.Count
        );
    }

    private string? RestingHost(string site) =>
        (_tender.HostsOf(site) ?? [])
            .Select(host => (Host: host, Resting: _resting.Of(RestingPlaces.HostOf(site, host))))
            .Where(one => one.Resting is not null)
            .Select(one => $"{one.Host} rests after {one.Resting!.Value.Why}")
            .FirstOrDefault();

    /// <summary>Hosts without a machine of ours that are not at rest; null where the site chooses.</summary>
    private List<string>? FreeHosts(string site, IReadOnlyList<Machine> live) =>
        _tender.HostsOf(site) is not { } hosts
            ? null
            :
            [
                .. hosts.Where(host =>
                    !live.Any(machine => machine.Site == site && machine.Host == host)
                    && _resting.Of(RestingPlaces.HostOf(site, host)) is null
                ),
            ];

    /// <summary>What nodes there may be, as far as that is known before they answer.</summary>
    private IReadOnlyList<GatewayNode> Promised(bool now)
    {
        var live = Machines.Live;
        var at = _clock.GetUtcNow();
        return
        [
            .. from pool in Settings.Pools
            let has = live.Count(machine => machine.Site == pool.Site)
            where !now || has < pool.Most || live.Any(machine => machine.IsComing && machine.Site == pool.Site)
            from size in pool.Sizes
            select new GatewayNode
            {
                Id = $"{pool.Site}/{size.Images}",
                Url = new("http://127.0.0.1/"),
                Label = pool.Site,
                Health = NodeHealth.Well(TimeSpan.Zero, at),
                Facts = new()
                {
                    Slots =
                        pool.Node.Slots * Math.Max(0, pool.Most - (now ? 0 : live.Count(machine => machine.WasReady))),
                    MaxImages = size.Images,
                    TotalMemory = size.Memory,
                    Cores = size.Cpus,
                },
            },
        ];
    }

    [LoggerMessage(LogLevel.Error, "Scaling went wrong")]
    private partial void Stumbled(Exception fault);
}
