using System.Security.Cryptography;
using System.Text;

namespace Muster.Sites.Clouds.Keeping;

public sealed partial class MachineKeeper
{
    /// <summary>Something is missing: it is looked for sooner than usual.</summary>
    private static readonly TimeSpan SweepSoon = TimeSpan.FromMinutes(2.5);

    /// <summary>The next time for it; at the start, at once.</summary>
    private DateTimeOffset SweepAt { get; set; }

    /// <summary>
    /// Compares what the provider has of this fleet with what is written down. What nobody needs is destroyed, or only
    /// shown.
    /// </summary>
    /// <param name="destroy">Destroy strays; otherwise they are only reported.</param>
    public async Task<IReadOnlyList<SweepLine>> SweepAsync(bool destroy, CancellationToken ct)
    {
        SweepAt = Now + SweepSoon; // where this one breaks
        var fleet = await store.FleetAsync(ct);
        _standing = await store.StandingAsync(options.Site, ct);
        var before = await AliveAsync(ct);
        CloudListing listing;
        try
        {
            listing = await cloud.ListAsync(fleet, _standing.Places, ct);
        }
        catch (CloudException fault)
        {
            await PauseAsync(fault, null, null, Words(fault), ct);
            SweepAt = Now + pause.About(TimeSpan.FromMinutes(1));
            return [new(null, null, SweepVerdict.Unseen, Words(fault))];
        }
        var lines = new List<SweepLine>();
        foreach (var machine in listing.Machines)
            lines.Add(await SweepAsync(machine, before, fleet, destroy, ct));
        foreach (var part in listing.Leftovers)
            lines.Add(await SweepAsync(part, ct));
        var isMissing = false;
        foreach (var record in before.Where(record => record.Machine is not null))
            if (!listing.Machines.Any(machine => IsOf(record, machine)))
                isMissing |= await MissAsync(record, lines, ct);
        var now = Now;
        await store.ChangeStandingAsync(options.Site, standing => standing with { SweptAt = now }, ct);
        SweepAt = now + (isMissing ? SweepSoon : options.SweepEvery);
        return lines;
    }

    private async Task<SweepLine> SweepAsync(
        CloudMachine machine,
        IReadOnlyList<MachineRecord> alive,
        string fleet,
        bool destroy,
        CancellationToken ct
    )
    {
        if (machine.Fleet != fleet)
            return new(machine, null, SweepVerdict.Foreign, $"of another fleet ({machine.Fleet ?? "no mark"})");
        // By its id first, as somebody may have changed its marks. Read anew: the list took its time.
        Guid?[] ids = [alive.FirstOrDefault(known => IsOf(known, machine))?.Id, machine.Order, StrayId(machine)];
        MachineRecord? record = null;
        foreach (var id in ids.OfType<Guid>())
            record ??= await store.FindAsync(id, ct);
        var now = Now;
        if (record is not null && record.Site != options.Site)
            return new(machine, null, SweepVerdict.Known, $"of site {record.Site}");
        if (record is not null && IsOf(record, machine))
        {
            if (record.IsGone)
            {
                const string back = "it was proved gone, and is back";
                if (destroy)
                    await ChangeAsync(
                        record.Id,
                        known =>
                            known.IsGone ? (known with { MeterTo = null }).Seen(machine, now).End(now, back) : known,
                        ct
                    );
                return new(machine, null, SweepVerdict.Stray, back);
            }
            record = await ChangeAsync(
                record.Id,
                known => known.IsGone ? known : MachinePlan.Shown(known, machine, now, options),
                ct
            );
            return new(machine, null, SweepVerdict.Known, $"{record.State.Word}: {record.Why}");
        }
        if (record?.Order is { } order && order.Place == machine.Place)
        {
            await MadeAsync(order, now, machine, ct);
            return new(machine, null, SweepVerdict.Known, "what a doubtful attempt has made");
        }
        if (record is null && machine.Created is { } made && now - made < options.Grace && !(machine.Until < now))
            return new(machine, null, SweepVerdict.Unknown, "nobody knows it, and it is too young to be a stray");
        var why = record is null ? "nobody knows it" : $"{record.Name} has moved on ({record.State.Word})";
        if (destroy)
            await DestroyStrayAsync(machine, why, ct);
        return new(machine, null, SweepVerdict.Stray, why);
    }

    /// <summary>A volume or address without a machine.</summary>
    private async Task<SweepLine> SweepAsync(CloudPart part, CancellationToken ct)
    {
        var all = await store.ReadAsync(options.Site, DateTimeOffset.MinValue, ct);
        if (all.LastOrDefault(record => record.Machine is { } machine && Owns(machine, part)) is not { } owner)
            return new(null, part, SweepVerdict.Unknown, "nobody here knows whose it was");
        var now = Now;
        var why = $"its {part.Kind} {part.Id} was left";
        await ChangeAsync(
            owner.Id,
            known =>
                known.IsGone
                    ? (
                        known with
                        {
                            Machine = known.Machine! with { Parts = [.. known.Machine.Parts.Union([part])] },
                        }
                    ).End(now, why)
                    : known,
            ct
        );
        return new(null, part, SweepVerdict.Stray, $"of {owner.Name}");
    }

    private static bool Owns(CloudMachine machine, CloudPart part) =>
        machine.Name == part.Name || machine.Parts.Any(known => (known.Kind, known.Id) == (part.Kind, part.Id));

    /// <summary>A machine that is not listed. True while it is in doubt.</summary>
    private async Task<bool> MissAsync(MachineRecord record, List<SweepLine> lines, CancellationToken ct)
    {
        var now = Now;
        var after = await ChangeAsync(
            record.Id,
            known =>
                known.State is MachineState.Booting or MachineState.Preparing or MachineState.Ready
                    ? MachinePlan.NotShown(known, now, byId: false)
                    : known,
            ct
        );
        if (after.Missing is not { } missing)
            return false;
        lines.Add(
            new(
                after.Machine,
                null,
                SweepVerdict.Missing,
                $"not listed in {missing.Count} looks since {missing.First:yyyy-MM-dd HH:mm:ss}"
            )
        );
        return true;
    }

    private static bool IsOf(MachineRecord record, CloudMachine machine) =>
        record.Machine is { } known && (known.Id, known.Place) == (machine.Id, machine.Place);

    /// <summary>Writes a machine down that nobody needs, so that it goes as every other does.</summary>
    private async Task DestroyStrayAsync(CloudMachine machine, string why, CancellationToken ct)
    {
        var price = machine.Price;
        try
        {
            price ??= await PriceAsync(machine.Type, machine.Place, notBefore: Now - CloudPause.Most, ct);
        }
        catch (CloudException)
        {
            // It goes whatever it costs.
        }
        var now = Now;
        var fleet = await store.FleetAsync(ct);
        await PlaceAsync(
            all =>
                all.FirstOrDefault(record => record.Id == StrayId(machine)) is { IsGone: false }
                    ? null
                    : new MachineRecord
                    {
                        Request = new()
                        {
                            Id = StrayId(machine),
                            Type = machine.Type,
                            Image = "",
                            Places = [machine.Place],
                            Life = TimeSpan.Zero,
                            PublicKey = "",
                            Purpose = "nothing: a sweep found it",
                        },
                        Site = options.Site,
                        Fleet = fleet,
                        Created = now,
                        NextAt = now,
                        Until = now,
                        Price = price,
                        MeterFrom = machine.Created ?? now,
                        Released = why,
                    }
                        .Seen(machine, now)
                        .End(now, $"{machine.Name} ({machine.Id}{MachinePlan.In(machine.Place)}): {why}"),
            ct
        );
    }

    /// <summary>The same for every keeper that finds it.</summary>
    private static Guid StrayId(CloudMachine machine) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes($"{machine.Place}\n{machine.Id}\n{machine.Name}")).AsSpan(0, 16));
}

/// <summary>What a sweep found, and what it made of it.</summary>
public sealed record SweepLine(CloudMachine? Machine, CloudPart? Part, SweepVerdict Verdict, string Words);

public enum SweepVerdict
{
    /// <summary>It is where it should be.</summary>
    Known,

    /// <summary>Nobody needs it: destroyed, or to be.</summary>
    Stray,

    /// <summary>It bears the fleet's mark, and may be somebody's.</summary>
    Unknown,

    /// <summary>It should be there and is not listed.</summary>
    Missing,

    /// <summary>Of another fleet; never touched.</summary>
    Foreign,

    /// <summary>The provider could not be asked.</summary>
    Unseen,
}
