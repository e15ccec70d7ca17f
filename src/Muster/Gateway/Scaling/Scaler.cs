using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Tokens;
using Muster.Runs;
using Muster.Sites;
using Muster.Sites.Scaling;
using Muster.Sites.Schedulers;
using Kept = Muster.Sites.Clouds.Keeping.MachineState;

namespace Muster.Gateway.Scaling;

/// <summary>
/// Has as many machines as the work needs: one loop that looks at what there is, asks <see cref="ScalePlan"/>, and
/// carries it out. What is asked for is written down first, so that no machine is forgotten.
/// </summary>
public sealed partial class Scaler : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A machine whose submission an earlier gateway has begun, and whose site says nothing of it, is taken back.
    /// </summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(1);

    private readonly MachineSites _sites;
    private readonly TaskLedger _ledger;
    private readonly NodeFleet _fleet;
    private readonly OwnerLimits _limits;
    private readonly TaskTimes _times;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly NodeRuns _runs;
    private readonly IReadOnlyDictionary<string, CloudMachines> _clouds;
    private readonly WakeUp _wake;
    private readonly ConcurrentDictionary<Guid, Task> _starting = new();
    private readonly Dictionary<string, Rest> _resting = []; // by site, or site/host
    private readonly Queue<(string Site, DateTimeOffset At)> _started = [];
    private readonly DateTimeOffset _began;
    private IReadOnlyList<Task> _keeping = [];
    private DateTimeOffset _lookedAt;
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
        _runs = new(sites, Path.Combine(options.Data, "machines"), clock);
        _clouds = sites
            .Sites.Values.OfType<CloudSite>()
            .Where(site => sites.PoolSites.Contains(site) || machines.Live.Any(machine => machine.Site == site.Name))
            .ToDictionary(
                site => site.Name,
                site => new CloudMachines(site, Path.Combine(options.Data, "machines", site.Name), sites.Places, clock)
            );
        _wake = new(clock);
        _began = clock.GetUtcNow();
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
    public (string Why, DateTimeOffset Until)? Resting(string site)
    {
        lock (_resting)
            return _resting.TryGetValue(site, out var rest) && rest.Until > _clock.GetUtcNow()
                ? (rest.Why, rest.Until)
                : null;
    }

    public async Task RunAsync(CancellationToken ct)
    {
        _ledger.Changed += (_, _) => _wake.Make();
        _fleet.Changed += _wake.Make;
        _keeping = [.. _clouds.Values.Select(cloud => Task.Run(() => KeepAsync(cloud, ct), CancellationToken.None))];
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
        await EndAsync(machine, $"{by} gave it back");
        _wake.Make();
        return true;
    }

    /// <summary>Machines go on without us: whoever comes next finds them in the database.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var start in _starting.Values.Concat(_keeping))
            await start.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _times.Save();
        await _runs.DisposeAsync();
        foreach (var cloud in _clouds.Values)
            await cloud.DisposeAsync();
    }

    private async Task KeepAsync(CloudMachines cloud, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await cloud.RunAsync(_wake.Make, ct);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                Stumbled(fault);
                await Task.Delay(TimeSpan.FromSeconds(5), _clock, ct);
            }
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        var now = _clock.GetUtcNow();
        foreach (var machine in Machines.Live)
            await MoveOnAsync(machine, now, ct);
        if (now - _lookedAt < LookEvery)
            return;
        _lookedAt = now;
        if (now - _savedAt > TimeSpan.FromMinutes(1))
        {
            _savedAt = now;
            _times.Save();
            Machines.Forget();
        }
        var live = Machines.Live.Where(machine => machine.Run is not null).ToList();
        if (live.Count == 0)
            return;
        foreach (var (id, run) in await _runs.LookAsync(live, ct))
            if (Machines.Find(id) is { IsLive: true } machine)
                await SeeAsync(machine, run, ct);
    }

    /// <summary>What follows from what is known here, without asking the site.</summary>
    private async Task MoveOnAsync(Machine machine, DateTimeOffset now, CancellationToken ct)
    {
        var node = _fleet.Find(machine.Node);
        if (!_sites.Sites.ContainsKey(machine.Site))
        {
            Machines.Change(
                machine.Id,
                known =>
                    known with
                    {
                        Why = $"{machine.Site} is no longer in the configuration: add it, to give this back",
                    }
            );
            return; // it may be there and cost
        }
        if (_clouds.TryGetValue(machine.Site, out var cloud) && !await MoveOnAsync(machine, cloud, ct))
            return;
        switch (machine.State)
        {
            case MachineState.Asked when !_starting.ContainsKey(machine.Id):
                if (machine.Run is null)
                    await GoneAsync(machine, "nothing was sent before the gateway stopped", ct);
                else if (now - (machine.Asked > _began ? machine.Asked : _began) > Abandoned)
                    await EndAsync(machine, "an earlier gateway asked for it, and the site does not know it");
                break;
            case MachineState.Booting when node?.Health.Answers is true:
                Machines.Change(
                    machine.Id,
                    known => known with { State = MachineState.Ready, WasReady = true, Why = "takes tasks" }
                );
                Recover(machine);
                await NoteAsync(machine, $"ready {ScalePlan.Words(now - machine.Asked)} after it was asked for");
                break;
            case MachineState.Draining when node is null:
                Machines.Change(machine.Id, known => known with { State = MachineState.Ending });
                break;
            // somebody took its node off the list
            case MachineState.Ready when node is null:
                await EndAsync(machine, "its node was taken off the list");
                break;
        }
    }

    /// <summary>What a cloud's machine is doing.</summary>
    /// <returns>Whether its node is a matter yet.</returns>
    private async Task<bool> MoveOnAsync(Machine machine, CloudMachines cloud, CancellationToken ct)
    {
        if (!cloud.IsRead)
            return false;
        if (cloud.Find(machine.Id) is not { } record)
        {
            var isOld = machine.Asked < _began || _clock.GetUtcNow() - machine.Asked > Abandoned;
            if (!_starting.ContainsKey(machine.Id) && isOld)
                await GoneAsync(machine, "it was never ordered", ct);
            return false;
        }
        if (record.IsGone)
        {
            if (!machine.WasReady && machine.State is not MachineState.Ending)
                Pause(machine, record.Why ?? "no machine could be made");
            await GoneAsync(machine, record.Why ?? "it is gone", ct);
            return false;
        }
        if (machine.State is MachineState.Ending)
        {
            await cloud.ReleaseAsync(machine.Id, machine.Why, ct);
            return false;
        }
        var isReady = record.State is Kept.Ready;
        if (isReady)
            _runs.Know(cloud.HostOf(record));
        var known = Machines.Change(
            machine.Id,
            before =>
                before with
                {
                    Where = record.Name,
                    Began = record.MeterFrom,
                    Ends = record.MeterFrom is null ? null : record.Until,
                    Size = record.Price is { } price ? before.Size with { Price = price.PerHour } : before.Size,
                    Why = before is { Run: null, IsComing: true } ? record.Why ?? before.Why : before.Why,
                    State = before.State is MachineState.Asked ? MachineState.Queued : before.State,
                }
        );
        if (known is { Run: null, IsComing: true } && isReady && PoolOf(known) is { } pool)
            _ = _starting.GetOrAdd(
                known.Id,
                _ => Task.Run(() => SubmitAsync(known, pool, cloud.HostOf(record), ct), CancellationToken.None)
            );
        return known is { Run: not null };
    }

    private async Task SeeAsync(Machine machine, Run run, CancellationToken ct)
    {
        var now = _clock.GetUtcNow();
        switch (run.State)
        {
            case RunState.Ended end:
                await EndedAsync(machine, end, ct);
                return;
            case RunState.Queued(_, var reason):
                Machines.Change(
                    machine.Id,
                    known =>
                        known.State is MachineState.Asked or MachineState.Queued
                            ? known with
                            {
                                State = MachineState.Queued,
                                Why = $"in the queue of {machine.Site}: {reason}",
                            }
                            : known
                );
                break;
            case RunState.Running(_, var where, var since):
                var comes = Machines.Change(
                    machine.Id,
                    known =>
                        (
                            known.State is MachineState.Asked or MachineState.Queued
                                ? known with
                                {
                                    State = MachineState.Booting,
                                    Why = "its node is starting",
                                }
                                : known
                        ) with
                        {
                            Where = known.Where ?? (_runs.HostsOf(machine.Site) is null ? where : null),
                            Began = known.Began ?? since,
                            Ends = run.Plan.Time is { } time ? since + time : known.Ends,
                        }
                );
                if (
                    comes is { State: MachineState.Booting or MachineState.Ready }
                    && _runs.Bring(comes, run) is { } url
                )
                    _fleet.Put(
                        comes.Node,
                        known =>
                            (known ?? new GatewayNode { Id = comes.Node, Url = url }) with
                            {
                                Url = url,
                                Token = comes.Token,
                                Label = comes.Name,
                                Ends = comes.Ends,
                                Whole = run.Plan.Time,
                            }
                    );
                if (comes is { State: MachineState.Booting } && now - comes.Since > PoolOf(comes)?.Boot)
                {
                    var said = await _runs.LastWordsAsync(comes, ct);
                    Pause(comes, $"a node did not answer within {ScalePlan.Words(now - comes.Since)}{Said(said)}");
                    await EndAsync(comes, $"its node did not answer in time{Said(said)}");
                }
                break;
        }
        if (
            Machines.Find(machine.Id) is { State: MachineState.Ending } ending
            && !run.CancelWished
            && !_clouds.ContainsKey(machine.Site) // there the machine ends with it
        )
        {
            try
            {
                await _runs.EndAsync(ending, ct);
            }
            catch (UserException) { } // the request is kept, and the next look carries it out
        }
    }

    private async Task EndedAsync(Machine machine, RunState.Ended end, CancellationToken ct)
    {
        var why = end.Outcome switch
        {
            Outcome.TimedOut => "its time was over",
            Outcome.Cancelled => machine.Why,
            Outcome.Succeeded => "its node ended by itself",
            _ => $"its node ended: {end.Outcome.Word()}, {end.Evidence.Text}",
        };
        var wished = machine.State is MachineState.Ending or MachineState.Draining;
        if (!machine.WasReady && !wished)
        {
            var said = await _runs.LastWordsAsync(machine, ct);
            Pause(machine, $"a node did not come up: {why}{Said(said)}");
            why += Said(said);
        }
        await GoneAsync(machine, why, ct);
    }

    private static string Said(string words) => words.Length == 0 ? "" : $" ({words.ReplaceLineEndings("; ")})";

    /// <summary>Proved gone: its tasks go back into the queue, with the reason.</summary>
    private async Task GoneAsync(Machine machine, string why, CancellationToken ct)
    {
        var isCloud = _clouds.TryGetValue(machine.Site, out var cloud);
        var record = cloud?.Find(machine.Id);
        var node = _fleet.Find(machine.Node);
        foreach (var task in _ledger.Live.On(machine.Node))
            await _ledger.ChangeAsync(
                task.Id,
                (book, known) =>
                    known.Phase.Place?.Node == machine.Node && known.Phase.IsLive
                        ? Retries.Apply(
                            book,
                            known,
                            new(FailureKind.Vanished, $"Its machine is gone: {why}."),
                            node,
                            _fleet.Possible
                        )
                        : null
            );
        if (node is not null)
            _fleet.Remove(machine.Node);
        foreach (var chore in _ledger.Chores.For(machine.Node))
            await _ledger.ChangeAsync(book => book.Fulfilled(chore));
        var failed = !machine.WasReady && machine.State is not MachineState.Ending;
        await _runs.LetGoAsync(machine, keepFolder: failed || isCloud, ct);
        if (cloud is not null && record is { IsGone: false })
        {
            // Its node is over; the machine is there, and costs, until it is proved gone.
            await cloud.ReleaseAsync(machine.Id, why, ct);
            Machines.Change(
                machine.Id,
                known => known with { State = MachineState.Ending, Why = why, Run = null, IdleSince = null }
            );
            return;
        }
        Machines.Change(
            machine.Id,
            known => known with { State = MachineState.Gone, Why = why, Gone = _clock.GetUtcNow() }
        );
        await NoteAsync(machine, $"gone: {why}");
        _wake.Make();
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
                await EndAsync(machine, end.Why);
        foreach (var start in plan.Starts)
            await StartAsync(start, ct);
        Plan = plan;
    }

    private async Task StartAsync(ScaleStart start, CancellationToken ct)
    {
        var now = _clock.GetUtcNow();
        var machine = new Machine
        {
            Id = Guid.CreateVersion7(now),
            Site = start.Pool.Site,
            Size = start.Size,
            Slots = start.Pool.Node.Slots,
            Asked = now,
            Since = now,
            Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Host = FreeHosts(start.Pool.Site, Machines.Live)?.FirstOrDefault(),
            Why = $"asking {start.Pool.Site}",
        };
        Machines.Add(machine);
        _started.Enqueue((machine.Site, now));
        await NoteAsync(machine, $"asked for: {start.Why}");
        _starting[machine.Id] = Task.Run(
            () =>
                _clouds.TryGetValue(machine.Site, out var cloud)
                    ? OrderAsync(machine, cloud, ct)
                    : SubmitAsync(machine, start.Pool, _sites.Sites[machine.Site], ct),
            CancellationToken.None
        );
    }

    private async Task OrderAsync(Machine machine, CloudMachines cloud, CancellationToken ct)
    {
        try
        {
            if (await cloud.OrderAsync(machine, ct) is { } refusal)
            {
                Pause(machine, refusal);
                await GoneAsync(machine, refusal, ct);
            }
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            Stumbled(fault);
        }
        finally
        {
            _starting.TryRemove(machine.Id, out _);
            _wake.Make();
        }
    }

    private async Task SubmitAsync(Machine machine, ScalePool pool, Site site, CancellationToken ct)
    {
        try
        {
            await _runs.StartAsync(
                machine,
                pool,
                site,
                run => Machines.Change(machine.Id, known => known with { Run = run }),
                ct
            );
        }
        catch (UserException fault)
        {
            Pause(machine, fault.Message);
            await GoneAsync(machine, $"{fault.Message} {fault.Fix}", ct);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            Stumbled(fault); // what became of it, the next looks tell
        }
        finally
        {
            _starting.TryRemove(machine.Id, out _);
            _wake.Make();
        }
    }

    /// <summary>No more tasks for it; it is given back when it has none.</summary>
    private async Task EndAsync(Machine machine, string why)
    {
        if (machine.State is MachineState.Ending or MachineState.Gone)
            return;
        var hasNode = _fleet.SetDraining(machine.Node, true);
        Machines.Change(
            machine.Id,
            known =>
                known with
                {
                    State = hasNode ? MachineState.Draining : MachineState.Ending,
                    Why = why,
                    IdleSince = null,
                }
        );
        if (hasNode)
            _fleet.Refresh(machine.Node);
        _lookedAt = default;
        await NoteAsync(machine, $"{(hasNode ? "drained" : "given back")}: {why}");
    }

    private Task NoteAsync(Machine machine, string text) =>
        _ledger.ChangeAsync(book => book.Note("machine", $"{machine.Name}: {text}", node: machine.Node));

    private ScalePool? PoolOf(Machine machine) => Settings.Pools.FirstOrDefault(pool => pool.Site == machine.Site);

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
        (_runs.HostsOf(site) ?? [])
            .Select(host => (Host: host, Resting: Resting($"{site}/{host}")))
            .Where(one => one.Resting is not null)
            .Select(one => $"{one.Host} rests after {one.Resting!.Value.Why}")
            .FirstOrDefault();

    /// <summary>Hosts without a machine of ours that are not at rest; null where the site chooses.</summary>
    private List<string>? FreeHosts(string site, IReadOnlyList<Machine> live) =>
        _runs.HostsOf(site) is not { } hosts
            ? null
            :
            [
                .. hosts.Where(host =>
                    !live.Any(machine => machine.Site == site && machine.Host == host)
                    && Resting($"{site}/{host}") is null
                ),
            ];

    /// <summary>Asks the site, or the host, again later and later.</summary>
    private void Pause(Machine machine, string why)
    {
        var key = machine.Host is null ? machine.Site : $"{machine.Site}/{machine.Host}";
        lock (_resting)
        {
            var times = _resting.GetValueOrDefault(key)?.Times + 1 ?? 0;
            var pause = Faults.Pause.Usual.After(times + 1, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15));
            _resting[key] = new(_clock.GetUtcNow() + pause, why, times);
        }
        Paused(key, why);
    }

    private void Recover(Machine machine)
    {
        lock (_resting)
        {
            _resting.Remove(machine.Site);
            _resting.Remove($"{machine.Site}/{machine.Host}");
        }
    }

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

    private sealed record Rest(DateTimeOffset Until, string Why, int Times);

    [LoggerMessage(LogLevel.Error, "Scaling went wrong")]
    private partial void Stumbled(Exception fault);

    [LoggerMessage(LogLevel.Warning, "{Place} gives no machine for a while: {Why}")]
    private partial void Paused(string place, string why);
}
