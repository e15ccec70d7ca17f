namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// What comes next for a machine, by what is known of it. <see cref="MachineKeeper"/> carries it out.
/// </summary>
internal static class MachinePlan
{
    /// <summary>Looks for what became of a doubtful attempt, counted from the call.</summary>
    private static readonly TimeSpan[] Looks =
    [
        TimeSpan.FromSeconds(5),
        TimeSpan.FromSeconds(15),
        TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(1),
    ];

    /// <summary>Looks at a machine that is not listed before it counts as gone, and over how long.</summary>
    private const int MissingLooks = 3;
    private static readonly TimeSpan MissingFor = TimeSpan.FromMinutes(5);

    /// <summary>After a doubtful call: the next look.</summary>
    public static TimeSpan UntilLook(int looks) => looks < Looks.Length ? Looks[looks] : TimeSpan.FromMinutes(1);

    /// <summary>Where the next attempt goes, or when there may be one, or why there never will be.</summary>
    public static NextAttempt Attempt(MachineRecord record, CloudStanding standing, DateTimeOffset now)
    {
        var request = record.Request;
        if (request.Attempts is { } most && record.Attempts >= Math.Max(most, request.Places.Count))
            return new NextAttempt.Never(null, $"{record.Attempts} attempts failed, the last: {record.Why}");
        var blocked = request
            .Places.Select((place, at) => (place, at, pause: standing.Blocks(place, request.Type, now)))
            .ToList();
        if (blocked.TrueForAll(one => one.pause is { Fault: CloudFault.NotHere }))
            return new NextAttempt.Never(CloudFault.NotHere, blocked[0].pause!.Words);
        // Each attempt begins at the next place, so that one which fails silently does not keep the others from use.
        var free = blocked
            .Where(one => one.pause is null)
            .OrderBy(one => (one.at - record.Attempts % blocked.Count + blocked.Count) % blocked.Count)
            .ToList();
        if (free is [var first, ..])
            return new NextAttempt.In(first.place);
        var soonest = blocked.MinBy(one => one.pause!.Until).pause!;
        return new NextAttempt.Wait(soonest.Until, soonest.Words);
    }

    /// <summary>After the provider showed a machine.</summary>
    public static MachineRecord Shown(
        MachineRecord record,
        CloudMachine machine,
        DateTimeOffset now,
        KeeperOptions options
    )
    {
        var seen = record.Seen(machine, now);
        return (record.State, machine.State) switch
        {
            (MachineState.Destroying or MachineState.Gone, _) => seen,
            (_, CloudState.Broken or CloudState.Deleting) => seen.End(now, $"the provider calls it '{machine.Word}'"),
            (MachineState.Made(var since), CloudState.Stopped or CloudState.Stopping)
                when now - since < options.Settling => seen.Later(now + TimeSpan.FromSeconds(10), now),
            (_, CloudState.Stopped or CloudState.Stopping) => seen.End(
                now,
                $"it is switched off ('{machine.Word}'): its lease was over, or somebody did it"
            ),
            (MachineState.Made, CloudState.Running)
                when (machine.PublicAddress ?? machine.PrivateAddress) is { } address => seen.To(
                    new MachineState.Booting(now),
                    now,
                    $"runs{In(machine.Place)} at {address}"
                )
                .Later(now + options.Boot, now),
            (MachineState.Made(var since), _) => seen.Later(
                now + TimeSpan.FromSeconds(now - since < TimeSpan.FromMinutes(1) ? 3 : 10),
                now,
                machine.Waits
            ),
            _ => seen,
        };
    }

    /// <summary>After the provider did not show a machine.</summary>
    /// <param name="byId">It was asked for by its id; a list alone proves nothing, as marks can be taken off.</param>
    public static MachineRecord NotShown(MachineRecord record, DateTimeOffset now, bool byId)
    {
        var missing = Absence.Again(record.Missing, now);
        var record2 = record with { Missing = missing };
        return !IsOverdue(missing, now) ? record2
            : byId
                ? record2.End(
                    now,
                    $"the provider has not shown it in {missing.Count} looks since {missing.First:HH:mm:ss}"
                )
            : record2.Later(now, now);
    }

    public static bool IsOverdue(Absence missing, DateTimeOffset now) =>
        missing.Count >= MissingLooks && now - missing.First >= MissingFor;

    /// <summary>Why its time is over, whatever it does; null while it is not.</summary>
    public static string? Overdue(MachineRecord record, DateTimeOffset now, KeeperOptions options) =>
        record.State switch
        {
            MachineState.Destroying or MachineState.Gone or MachineState.Planned => null,
            MachineState.Asking or MachineState.Doubtful => null,
            _ when record.Released is { } why => why,
            _ when now >= record.Until => $"its longest life ended at {record.Until:yyyy-MM-dd HH:mm:ss}",
            MachineState.Made(var since) when now >= since + options.Boot =>
                $"it did not start within {options.Boot.TotalMinutes:0} min"
                    + (record.Machine?.Waits is { } waits ? $": {waits}" : ""),
            MachineState.Booting(var since) when now >= since + options.Boot =>
                $"nobody could log in within {options.Boot.TotalMinutes:0} min",
            MachineState.Preparing(var since) when now >= since + options.Prepare =>
                $"setting it up took more than {options.Prepare.TotalMinutes:0} min",
            _ => null,
        };

    /// <summary>When a machine that runs is looked at again, if nothing is heard of it before.</summary>
    public static DateTimeOffset NextLook(MachineRecord record, KeeperOptions options) =>
        record.State switch
        {
            MachineState.Booting(var since) => Earlier(since + options.Boot, record.Until),
            MachineState.Preparing(var since) => Earlier(since + options.Prepare, record.Until),
            _ => record.Until,
        };

    /// <summary>A place in a sentence; nothing where the provider has only one, without a name.</summary>
    public static string In(string place) => place.Length > 0 ? $" in {place}" : "";

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>On its way out.</summary>
    public static MachineRecord End(this MachineRecord record, DateTimeOffset now, string why) =>
        record.To(new MachineState.Destroying(now, why, 0), now, why);
}

/// <summary>Where the next attempt goes.</summary>
internal abstract record NextAttempt
{
    private NextAttempt() { }

    public sealed record In(string Place) : NextAttempt;

    public sealed record Wait(DateTimeOffset Until, string Why) : NextAttempt;

    public sealed record Never(CloudFault? Fault, string Why) : NextAttempt;
}
