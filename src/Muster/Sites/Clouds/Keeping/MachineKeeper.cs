using System.Collections.Concurrent;
using System.Globalization;
using Muster.Faults;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// Keeps the machines of one cloud site: what is ordered is written down before it is asked for, doubts are resolved,
/// and what is not needed goes until it is proved gone. Any number of keepers may share a store, and one may die at any
/// moment: the next goes on from what is written.
/// </summary>
public sealed partial class MachineKeeper(
    ICloud cloud,
    IMachineStore store,
    KeeperOptions options,
    TimeProvider clock,
    Pause pause
)
{
    /// <summary>Calls at once. Providers count them.</summary>
    private const int AtOnce = 8;

    /// <summary>How old a price may be by which an attempt is weighed.</summary>
    private static readonly TimeSpan FreshPrices = TimeSpan.FromMinutes(1);

    /// <summary>What this keeper is acting on.</summary>
    private readonly ConcurrentDictionary<Guid, bool> _busy = [];
    private (IReadOnlyList<CloudPrice> All, DateTimeOffset At)? _prices;
    private CloudStanding _standing = new();

    private DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>
    /// Orders a machine, if limit and budget have room for the most that it can cost; <see cref="StepAsync"/> makes it.
    /// The same request again is the same order.
    /// </summary>
    public async Task<OrderAnswer> OrderAsync(MachineRequest request, CancellationToken ct)
    {
        if (await store.FindAsync(request.Id, ct) is { } known)
            return new OrderAnswer.Placed(known);
        var price = await DearestAsync(request, ct);
        var now = Now;
        var record = new MachineRecord
        {
            Request = request,
            Site = options.Site,
            Fleet = await store.FleetAsync(ct),
            Created = now,
            NextAt = now,
            Until = now + request.Life,
            Price = price,
        };
        record = record.To(record.State, now, $"ordered {request.Type} for {request.Purpose}{At(price)}");
        string? refusal = null;
        var placed = await PlaceAsync(
            all =>
                all.Any(other => other.Id == record.Id) ? null
                : (refusal = Allowance.Refusal(all, record, options, now)) is null ? record
                : null,
            ct
        );
        return placed is not null ? new OrderAnswer.Placed(placed)
            : refusal is null ? new OrderAnswer.Placed((await store.FindAsync(request.Id, ct))!)
            : new OrderAnswer.Refused(refusal);
    }

    /// <summary>Nobody needs the machine any more. It stays written down until it is proved gone.</summary>
    public Task<MachineRecord> ReleaseAsync(Guid id, string why, CancellationToken ct)
    {
        var now = Now;
        return ChangeAsync(
            id,
            record =>
                record.IsGone || record.Released is not null ? record
                : record with { Released = why } is var released && record.State is MachineState.Planned
                    ? released.To(new MachineState.Gone(now, why, null), now, why)
                : record.State is MachineState.Asking or MachineState.Doubtful
                    ? released.Later(record.NextAt, now, $"{why}; whether it was made is not known yet")
                : record.State is MachineState.Destroying ? released
                : released.End(now, why),
            ct
        );
    }

    /// <summary>Somebody is inside and sets it up.</summary>
    public Task<MachineRecord> PreparingAsync(Guid id, string why, CancellationToken ct)
    {
        var now = Now;
        return ChangeAsync(
            id,
            record =>
                record.State is MachineState.Booting
                    ? record.To(new MachineState.Preparing(now), now, why) is var next
                        ? next.Later(MachinePlan.NextLook(next, options), now)
                        : record
                    : record,
            ct
        );
    }

    /// <summary>It can work from now on.</summary>
    public Task<MachineRecord> ReadyAsync(Guid id, string why, CancellationToken ct)
    {
        var now = Now;
        return ChangeAsync(
            id,
            record =>
                record.State is MachineState.Booting or MachineState.Preparing
                    ? record.To(new MachineState.Ready(now), now, why).Later(record.Until, now)
                    : record,
            ct
        );
    }

    /// <summary>It does not answer: the provider is asked what it does.</summary>
    public Task<MachineRecord> LookAsync(Guid id, CancellationToken ct)
    {
        var now = Now;
        return ChangeAsync(
            id,
            record =>
                record.NextAt > now
                && record.State is MachineState.Booting or MachineState.Preparing or MachineState.Ready
                    ? record.Later(now, now)
                    : record,
            ct
        );
    }

    /// <summary>The site's machines that are not gone, and those that have gone since then.</summary>
    public Task<IReadOnlyList<MachineRecord>> MachinesAsync(DateTimeOffset goneSince, CancellationToken ct) =>
        store.ReadAsync(options.Site, goneSince, ct);

    /// <summary>
    /// Tries again at once whatever waits after a fault: the configuration has changed, or somebody asks for it.
    /// </summary>
    public async Task TryAgainAsync(CancellationToken ct)
    {
        var now = Now;
        _standing = await store.ChangeStandingAsync(
            options.Site,
            standing => standing.Pauses.Count == 0 ? standing : standing with { Pauses = [] },
            ct
        );
        foreach (var record in await AliveAsync(ct))
            if (record.State is MachineState.Planned or MachineState.Destroying)
                await ChangeAsync(record.Id, known => known.NextAt > now ? known.Later(now, now) : known, ct);
    }

    /// <summary>
    /// Brings every machine that is due one step on, and sweeps when it is time. It may be called again while a call is
    /// under way: a machine that is acted on is left alone.
    /// </summary>
    /// <returns>When to call it next, unless something is ordered, released or said before.</returns>
    public async Task<DateTimeOffset> StepAsync(CancellationToken ct)
    {
        _standing = await store.StandingAsync(options.Site, ct);
        // What costs and is not needed goes first, as a provider may soon refuse more calls.
        await ActAsync(await AliveAsync(ct), record => record.State is MachineState.Destroying, ct);
        if (Now >= SweepAt && IsOpen)
            await SweepAsync(destroy: true, ct);
        await ActAsync(await AliveAsync(ct), record => record.State is not MachineState.Planned, ct);
        await ActAsync(await AliveAsync(ct), record => record.State is MachineState.Planned, ct);
        // Whoever acts on one says by itself when it is next.
        var alive = (await AliveAsync(ct)).Where(record => !_busy.ContainsKey(record.Id));
        var next = alive.Select(record => record.NextAt).Append(SweepAt).Min();
        return _standing.Closed(Now) is { } closed && closed.Until > next ? closed.Until : next;
    }

    private bool IsOpen => _standing.Closed(Now) is null;

    private Task<IReadOnlyList<MachineRecord>> AliveAsync(CancellationToken ct) =>
        store.ReadAsync(options.Site, DateTimeOffset.MaxValue, ct);

    private async Task ActAsync(
        IReadOnlyList<MachineRecord> records,
        Func<MachineRecord, bool> which,
        CancellationToken ct
    )
    {
        var due = records.Where(record => record.NextAt <= Now && which(record));
        foreach (var some in due.Chunk(AtOnce))
            await Task.WhenAll(some.Select(record => ActAsync(record, ct)));
    }

    private async Task ActAsync(MachineRecord record, CancellationToken ct)
    {
        if (!IsOpen || !_busy.TryAdd(record.Id, true))
            return;
        try
        {
            await (
                record.State switch
                {
                    MachineState.Planned => TryAsync(record, ct),
                    MachineState.Asking or MachineState.Doubtful => ResolveAsync(record, ct),
                    MachineState.Destroying => DestroyAsync(record, ct),
                    MachineState.Gone => Task.CompletedTask,
                    _ => SeeAsync(record, ct),
                }
            );
        }
        catch (CloudException fault)
        {
            await HoldAsync(record, fault, ct);
        }
        finally
        {
            _busy.TryRemove(record.Id, out _);
        }
    }

    /// <summary>What the provider says about a machine that is made.</summary>
    private async Task SeeAsync(MachineRecord record, CancellationToken ct)
    {
        if (MachinePlan.Overdue(record, Now, options) is { } over)
        {
            await ChangeAsync(
                record.Id,
                known => MachinePlan.Overdue(known, Now, options) is { } why ? known.End(Now, why) : known,
                ct
            );
            return;
        }
        var machine = await cloud.GetAsync(record.Machine!.Place, record.Machine.Id, ct);
        var now = Now;
        await ChangeAsync(
            record.Id,
            known =>
            {
                if (known.State is MachineState.Destroying or MachineState.Gone)
                    return known;
                if (machine is null)
                    return MachinePlan.NotShown(known, now, byId: true) is var gone && gone.State != known.State
                        ? gone
                        : gone.Later(now + TimeSpan.FromSeconds(gone.State is MachineState.Made ? 10 : 60), now);
                var shown = MachinePlan.Shown(known, machine, now, options);
                return shown.State is MachineState.Booting or MachineState.Preparing or MachineState.Ready
                    ? shown.Later(MachinePlan.NextLook(shown, options), now)
                    : shown;
            },
            ct
        );
    }

    /// <summary>One step nearer to the end of a machine.</summary>
    private async Task DestroyAsync(MachineRecord record, CancellationToken ct)
    {
        if (record.Machine is not { } machine)
            throw new InvalidOperationException($"{record.Name} was never made");
        // Parts that the provider shows only now would be forgotten with the machine that they hang on.
        if (await cloud.GetAsync(machine.Place, machine.Id, ct) is { } shown)
        {
            record = await ChangeAsync(record.Id, known => known.Seen(shown, Now), ct);
            machine = record.Machine!;
        }
        var isGone = await cloud.DestroyAsync(machine, ct);
        var now = Now;
        var isSettled = now - (record.MeterFrom ?? record.Created) >= options.Settling;
        await ChangeAsync(
            record.Id,
            known =>
                known.State is not MachineState.Destroying going ? known
                : isGone && isSettled ? known.To(new MachineState.Gone(now, going.Why, null), now, $"gone: {going.Why}")
                : (known with { State = going with { Tries = going.Tries + 1 }, Held = null }).Later(
                    now + CloudPause.Doubled(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), going.Tries + 1),
                    now,
                    going.Tries > 0 && going.Tries % 60 == 0
                        ? $"still not gone since {going.Since:yyyy-MM-dd HH:mm:ss}, and costs: {going.Why}"
                        : null
                ),
            ct
        );
    }

    /// <summary>A call that only read or destroyed has failed: it is made again later.</summary>
    private async Task HoldAsync(MachineRecord record, CloudException fault, CancellationToken ct)
    {
        await PauseAsync(fault, null, null, Words(fault), ct);
        var most =
            fault.Fault is CloudFault.NoPermission or CloudFault.BadOrder ? CloudPause.Most
            : fault.Fault is CloudFault.Busy ? TimeSpan.FromSeconds(30)
            : TimeSpan.FromMinutes(1);
        var now = Now;
        await ChangeAsync(
            record.Id,
            known =>
                Held(known, now, most, fault.Fault is CloudFault.NoPermission or CloudFault.BadOrder ? most : null)
                    is var held
                && fault.Fault is CloudFault.Busy
                    ? held
                    : held.Later(held.NextAt, now, Words(fault)),
            ct
        );
    }

    private MachineRecord Held(MachineRecord record, DateTimeOffset now, TimeSpan most, TimeSpan? first = null)
    {
        var held = Absence.Again(record.Held, now);
        var wait = CloudPause.Doubled(first ?? TimeSpan.FromSeconds(1), most, held.Count);
        return record with { Held = held, NextAt = now + pause.About(wait) };
    }

    private async Task PauseAsync(CloudException fault, string? place, string? type, string words, CancellationToken ct)
    {
        // Of calls that create nothing, only those faults count that stop every other call.
        if (place is null && !new CloudPause(fault.Fault, null, null, default, 0, "").IsForAll)
            return;
        var now = Now;
        _standing = await store.ChangeStandingAsync(
            options.Site,
            standing => standing.After(fault, place, type, now, pause, words),
            ct
        );
    }

    /// <summary>Whether a record that waits for its next attempt is still the one that was read.</summary>
    private static bool IsSame(MachineRecord known, MachineRecord read) =>
        known is { State: MachineState.Planned, Released: null } && known.Attempts == read.Attempts;

    private async Task<CloudPrice?> PriceAsync(
        string type,
        string place,
        DateTimeOffset notBefore,
        CancellationToken ct
    ) => (await PricesAsync(notBefore, ct)).FirstOrDefault(price => price.IsOf(type) && price.Place == place);

    private async Task<IReadOnlyList<CloudPrice>> PricesAsync(DateTimeOffset notBefore, CancellationToken ct)
    {
        if (_prices is { } known && known.At >= notBefore)
            return known.All;
        var now = Now;
        var all = await cloud.PricesAsync(ct);
        _prices = (all, now);
        return all;
    }

    /// <summary>What it may cost at most, wherever it is made; null where that cannot be learned now.</summary>
    private async Task<CloudPrice?> DearestAsync(MachineRequest request, CancellationToken ct)
    {
        try
        {
            return (await PricesAsync(Now - FreshPrices, ct))
                .Where(price => price.IsOf(request.Type) && request.Places.Contains(price.Place))
                .MaxBy(price => price.PerHour);
        }
        catch (CloudException)
        {
            return null; // with a budget the order is refused, and asked again
        }
    }

    private string Words(CloudException fault) =>
        options.Redact(fault.RequestId is { } id ? $"{fault.Message} (request {id})" : fault.Message);

    private static string At(CloudPrice? price) =>
        price is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {price.PerHour:0.####} {price.Currency} an hour");

    private async Task<MachineRecord> ChangeAsync(
        Guid id,
        Func<MachineRecord, MachineRecord> change,
        CancellationToken ct
    )
    {
        MachineRecord? before = null;
        var after = await store.ChangeAsync(id, known => change(before = known), ct);
        Say(before, after);
        return after;
    }

    private async Task<MachineRecord?> PlaceAsync(
        Func<IReadOnlyList<MachineRecord>, MachineRecord?> place,
        CancellationToken ct
    )
    {
        IReadOnlyList<MachineRecord> before = [];
        var after = await store.PlaceAsync(options.Site, MachineLedger.MonthOf(Now), all => place(before = all), ct);
        if (after is not null)
            Say(before.FirstOrDefault(record => record.Id == after.Id), after);
        return after;
    }

    private void Say(MachineRecord? before, MachineRecord after)
    {
        if (options.Said is { } said)
            foreach (var news in after.Events.Except(before?.Events ?? []))
                said(after, news);
    }
}
