using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Tasks;

/// <summary>
/// Takes away what nobody needs any longer: uploads that were given up, old results, parts whose task is over.
/// </summary>
internal sealed partial class Housekeeper(
    TaskLedger ledger,
    TaskStore store,
    TaskActions actions,
    TokenBook tokens,
    NodeFleet fleet,
    SpoolFolder spool,
    GatewayOptions options,
    TimeProvider clock,
    ILogger log
)
{
    private static readonly TimeSpan Slowly = TimeSpan.FromMinutes(5);
    private const int EventsKept = 200_000;
    private const int AtOnce = 500;

    private readonly Dictionary<Guid, DateTimeOffset> _parentsOverSince = [];

    /// <summary>Where each split task was when the parts of its earlier lives were last looked for.</summary>
    private readonly Dictionary<Guid, Guid?> _livesSeen = [];

    public async Task RunAsync(CancellationToken ct)
    {
        var swept = false;
        var fast = TimeSpan.FromSeconds(Math.Clamp(options.PartsLease.TotalSeconds / 4, 0.2, 15));
        for (var next = DateTimeOffset.MinValue; ; await Task.Delay(fast, clock, ct))
        {
            try
            {
                ForgetPartsTokens();
                await EndOrphansAsync();
                await ForgetEarlierPartsAsync();
                await MakeRoomAsync();
                swept = swept || await SweptAsync(ct);
                if (clock.GetUtcNow() < next)
                    continue;
                next = clock.GetUtcNow() + (Slowly < options.UploadsExpire / 4 ? Slowly : options.UploadsExpire / 4);
                await ForgetUploadsAsync();
                await ForgetChoresAsync();
                await ForgetResultsAsync(ct);
                store.ForgetEvents(EventsKept);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                Stumbled(fault);
            }
        }
    }

    private async Task<bool> SweptAsync(CancellationToken ct)
    {
        try
        {
            var orphans = await spool.OrphansAsync(ct);
            // Where another gateway leads by now, this is not written: what was seen may be its.
            store.Set("swept", $"{clock.GetUtcNow():u}");
            await spool.SweepAsync(orphans, ct);
            return true;
        }
        catch (IOException)
        {
            return false; // the bucket does not answer
        }
    }

    /// <summary>
    /// Parts hold a lease on the task that sent them: when it is over, so are they, after a while in which it may be
    /// placed again.
    /// </summary>
    private async Task EndOrphansAsync()
    {
        var now = clock.GetUtcNow();
        var parts = ledger.Live.All().Where(task => task.Parent is not null).ToLookup(task => task.Parent!.Value);
        foreach (var parent in _parentsOverSince.Keys.Where(parent => !parts.Contains(parent)).ToList())
            _parentsOverSince.Remove(parent);
        foreach (var family in parts)
        {
            if (ledger.Find(family.Key)?.Phase.IsLive is true)
            {
                _parentsOverSince.Remove(family.Key);
                continue;
            }
            _parentsOverSince.TryAdd(family.Key, now);
            if (now - _parentsOverSince[family.Key] < options.PartsLease)
                continue;
            foreach (var part in family)
                await EndAsync(part);
        }
    }

    /// <summary>
    /// They open nothing any more once their whole is over; one that is being restarted just now has a new one.
    /// </summary>
    private void ForgetPartsTokens()
    {
        foreach (var whole in tokens.Parents)
        {
            if (
                ledger.Find(whole) is { } task
                && !(task.Phase is TaskPhase.Ended end && clock.GetUtcNow() - end.At > options.PartsLease)
            )
                continue;
            tokens.RevokePartsOf(whole);
        }
    }

    /// <summary>
    /// A split task that was begun anew hands all of its parts in anew: those of its earlier lives go, the ended ones
    /// too.
    /// </summary>
    private async Task ForgetEarlierPartsAsync()
    {
        var live = ledger.Live.All();
        // Those that have ended since, too: a later life may be over before it is looked at.
        var parents = live.Concat(ledger.Ended())
            .Where(task => task.IsSplitMergeParent && task.Attempts.Count > 0)
            .DistinctBy(task => task.Id)
            .ToDictionary(task => task.Id);
        foreach (var gone in _livesSeen.Keys.Where(id => !parents.ContainsKey(id)).ToList())
            _livesSeen.Remove(gone);
        var late = live.Where(part =>
                part.Parent is { } id && parents.TryGetValue(id, out var parent) && IsEarlier(part, parent)
            )
            .Select(part => part.Parent!.Value)
            .ToHashSet();
        foreach (var (id, parent) in parents)
        {
            var life = parent.Phase.Place?.OnNode;
            if (_livesSeen.TryGetValue(id, out var seen) && seen == life && !late.Contains(id))
                continue;
            await actions.RemovePartsAsync(
                id,
                part => IsEarlier(part, parent),
                "the gateway, because the task that it is part of was started again"
            );
            _livesSeen[id] = life;
        }
    }

    private static bool IsEarlier(GatewayTask part, GatewayTask parent) =>
        part.ParentOnNode is { } then && then != parent.Phase.Place?.OnNode;

    private Task EndAsync(GatewayTask part) =>
        part.IsListed && ledger.Find(part.Parent!.Value) is not null
            ? ledger.ChangeAsync(
                part.Id,
                (book, task) =>
                {
                    if (!task.Phase.IsLive)
                        return null;
                    book.Note("orphan", $"{task.Name}: the task of which it is a part is over", task.Id);
                    return TaskActions.Ended(book, task, "Cancelled: the task of which it is a part is over.");
                }
            )
            : actions.RemoveAsync(part.Id, "the gateway, as the task of which it is a part is over");

    /// <summary>Files of tasks that failed or were cancelled are kept for a restart only while there is room.</summary>
    private async Task MakeRoomAsync()
    {
        if (!spool.IsFull)
            return;
        foreach (
            var task in ledger
                .Ended()
                .Where(task => task.HasFiles)
                .OrderBy(task => ((TaskPhase.Ended)task.Phase).At)
                .Take(10)
        )
        {
            await ledger.ChangeAsync(
                task.Id,
                (book, now) => now is { HasFiles: true, Phase: TaskPhase.Ended } ? book.DropFiles(now) : null
            );
        }
    }

    private async Task ForgetUploadsAsync()
    {
        foreach (var task in ledger.Live.All())
        {
            if (task.Phase is TaskPhase.Receiving at && clock.GetUtcNow() - at.HeardAt > options.UploadsExpire)
                await actions.RemoveAsync(task.Id, "the gateway, as its upload was given up");
        }
    }

    /// <summary>A node that is off the list is told nothing any longer.</summary>
    private Task ForgetChoresAsync()
    {
        var lost = ledger.Chores.Nodes().Where(node => fleet.Find(node) is null).SelectMany(ledger.Chores.For).ToList();
        return lost.Count == 0 ? Task.CompletedTask : ledger.ChangeAsync(book => lost.ForEach(book.Fulfilled));
    }

    private async Task ForgetResultsAsync(CancellationToken ct)
    {
        while (store.EndedBefore(clock.GetUtcNow() - options.ResultsExpire, AtOnce) is { Count: > 0 } old)
        {
            foreach (var id in old)
            {
                ct.ThrowIfCancellationRequested();
                await actions.RemoveAsync(id, "the gateway, as its time was over");
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "Housekeeping went wrong")]
    private partial void Stumbled(Exception fault);
}
