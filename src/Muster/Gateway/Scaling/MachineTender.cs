using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Runs;
using Muster.Sites;
using Muster.Sites.Scaling;
using Muster.Sites.Schedulers;
using Kept = Muster.Sites.Clouds.Keeping.MachineState;

namespace Muster.Gateway.Scaling;

/// <summary>Tends machines, from being asked for until they are proved gone.</summary>
internal sealed partial class MachineTender : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>A place that does not answer is not waited for longer: the others go on without it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A machine whose submission an earlier gateway has begun, and whose site says nothing of it, is taken back.
    /// </summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(1);

    private readonly MachineSites _sites;
    private readonly MachineBook _machines;
    private readonly TaskLedger _ledger;
    private readonly NodeFleet _fleet;
    private readonly RestingPlaces _resting;
    private readonly WakeUp _wake;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly NodeRuns _runs;
    private readonly Dictionary<string, CloudMachines> _clouds;
    private readonly ConcurrentDictionary<Guid, Task> _starting = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _lookedAt = new(); // by place
    private readonly Dictionary<string, Task> _tending = []; // by place
    private readonly DateTimeOffset _began;
    private IReadOnlyList<Task> _keeping = [];

    /// <param name="folder">A private one, for the runs and machines.</param>
    public MachineTender(
        string folder,
        MachineSites sites,
        MachineBook machines,
        TaskLedger ledger,
        NodeFleet fleet,
        RestingPlaces resting,
        WakeUp wake,
        TimeProvider clock,
        ILogger log
    )
    {
        (_sites, _machines, _ledger, _fleet, _resting) = (sites, machines, ledger, fleet, resting);
        (_wake, _clock, _log) = (wake, clock, log);
        _runs = new(sites, folder, clock);
        _clouds = sites
            .Sites.Values.OfType<CloudSite>()
            .Where(site => sites.PoolSites.Contains(site) || machines.Live.Any(machine => machine.Site == site.Name))
            .ToDictionary(
                site => site.Name,
                site => new CloudMachines(site, Path.Combine(folder, site.Name), sites.Places, clock)
            );
        _began = clock.GetUtcNow();
    }

    /// <summary>Hosts of a site on which machines may be started; null where the site chooses.</summary>
    public IReadOnlyList<string>? HostsOf(string site) => _runs.HostsOf(site);

    /// <summary>Clouds are looked after from now on.</summary>
    public void Begin(CancellationToken ct) =>
        _keeping = [.. _clouds.Values.Select(cloud => Task.Run(() => KeepAsync(cloud, ct), CancellationToken.None))];

    /// <summary>
    /// Sees what became of every machine, each place for itself: one that does not answer is left behind, and told of
    /// when it does.
    /// </summary>
    public async Task TendAsync(CancellationToken ct)
    {
        var begun = new List<Task>();
        foreach (var place in _machines.Live.GroupBy(PlaceOf))
        {
            if (_tending.TryGetValue(place.Key, out var before) && !before.IsCompleted)
                continue;
            var ids = place.Select(machine => machine.Id).ToList();
            begun.Add(_tending[place.Key] = Task.Run(() => TendAsync(place.Key, ids, ct), CancellationToken.None));
        }
        var all = Task.WhenAll(begun);
        if (await Task.WhenAny(all, Task.Delay(Patience, _clock, ct)) != all)
            _ = all.ContinueWith(_ => _wake.Make(), TaskScheduler.Default);
    }

    /// <summary>Machines go on without us: whoever comes next finds them in the database.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var work in _starting.Values.Concat(_tending.Values).Concat(_keeping))
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _runs.DisposeAsync();
        foreach (var cloud in _clouds.Values)
            await cloud.DisposeAsync();
    }

    private static string PlaceOf(Machine machine) =>
        machine.Host is { } host ? RestingPlaces.HostOf(machine.Site, host) : machine.Site;

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

    private async Task TendAsync(string place, IReadOnlyList<Guid> ids, CancellationToken ct)
    {
        try
        {
            var now = _clock.GetUtcNow();
            foreach (var id in ids)
                if (_machines.Find(id) is { IsLive: true } machine)
                    await MoveOnAsync(machine, now, ct);
            if (_lookedAt.TryGetValue(place, out var before) && now - before < LookEvery)
                return;
            _lookedAt[place] = now;
            var begun = ids.Select(_machines.Find)
                .OfType<Machine>()
                .Where(one => one is { IsLive: true, Run: not null });
            foreach (var (id, run) in await _runs.LookAsync([.. begun], ct))
                if (_machines.Find(id) is { IsLive: true } machine)
                    await SeeAsync(machine, run, ct);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            Stumbled(fault);
        }
    }

    /// <summary>What follows from what is known here, without asking the site.</summary>
    private async Task MoveOnAsync(Machine machine, DateTimeOffset now, CancellationToken ct)
    {
        var node = _fleet.Find(machine.Node);
        if (!_sites.Sites.ContainsKey(machine.Site))
        {
            _machines.Change(
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
                _machines.Change(
                    machine.Id,
                    known =>
                        known.State is MachineState.Booting
                            ? known with
                            {
                                State = MachineState.Ready,
                                WasReady = true,
                                Why = "takes tasks",
                            }
                            : known
                );
                _resting.Recover(machine);
                await NoteAsync(machine, $"ready {ScalePlan.Words(now - machine.Asked)} after it was asked for");
                break;
            case MachineState.Draining when node is null:
                _machines.Change(machine.Id, known => known with { State = MachineState.Ending });
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
                _resting.Pause(machine, record.Why ?? "no machine could be made");
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
        var known = _machines.Change(
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
        if (run.UnreachableSince is not null && _clouds.TryGetValue(machine.Site, out var cloud))
            await cloud.DoubtAsync(machine.Id, ct);
        switch (run.State)
        {
            case RunState.Ended end:
                await EndedAsync(machine, end, ct);
                return;
            case RunState.Queued(_, var reason):
                _machines.Change(
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
                var comes = _machines.Change(
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
                    comes is { State: MachineState.Booting or MachineState.Ready or MachineState.Draining }
                    && _runs.Bring(comes, run) is { } url
                )
                    _fleet.Put(
                        comes.Node,
                        known =>
                            known is null && comes.State is not MachineState.Booting
                                ? null // it has been taken off the list
                                : (known ?? new GatewayNode { Id = comes.Node, Url = url }) with
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
                    _resting.Pause(
                        comes,
                        $"a node did not answer within {ScalePlan.Words(now - comes.Since)}{Said(said)}"
                    );
                    await EndAsync(comes, $"its node did not answer in time{Said(said)}");
                }
                break;
        }
        if (
            _machines.Find(machine.Id) is { State: MachineState.Ending } ending
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
            _resting.Pause(machine, $"a node did not come up: {why}{Said(said)}");
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
            _machines.Change(
                machine.Id,
                known => known with { State = MachineState.Ending, Why = why, Run = null, IdleSince = null }
            );
            return;
        }
        _machines.Change(
            machine.Id,
            known => known with { State = MachineState.Gone, Why = why, Gone = _clock.GetUtcNow() }
        );
        await NoteAsync(machine, $"gone: {why}");
        _wake.Make();
    }

    /// <summary>No more tasks for it; it is given back when it has none.</summary>
    public async Task EndAsync(Machine machine, string why)
    {
        if (machine.State is MachineState.Ending or MachineState.Gone)
            return;
        var hasNode = _fleet.SetDraining(machine.Node, true);
        _machines.Change(
            machine.Id,
            known =>
                known.State is MachineState.Ending
                    ? known
                    : known with
                    {
                        State = hasNode ? MachineState.Draining : MachineState.Ending,
                        Why = why,
                        IdleSince = null,
                    }
        );
        if (hasNode)
            _fleet.Refresh(machine.Node);
        _lookedAt.TryRemove(PlaceOf(machine), out _);
        await NoteAsync(machine, $"{(hasNode ? "drained" : "given back")}: {why}");
    }

    private Task NoteAsync(Machine machine, string text) =>
        _ledger.ChangeAsync(book => book.Note("machine", $"{machine.Name}: {text}", node: machine.Node));

    private ScalePool? PoolOf(Machine machine) =>
        _sites.Settings.Pools.FirstOrDefault(pool => pool.Site == machine.Site);

    [LoggerMessage(LogLevel.Error, "Tending machines went wrong")]
    private partial void Stumbled(Exception fault);
}
