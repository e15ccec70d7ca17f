using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Placing;

/// <summary>A task that waits, its place, and why it is not on a node yet.</summary>
public sealed record WaitingEntry(int Position, GatewayTask Task, DateTimeOffset Since, string Why);

/// <summary>The queue for people: who waits, in the order of commits, and for what.</summary>
/// <param name="machines">What a task waits for among machines that sites give; null where that says nothing.</param>
public sealed class WaitingList(
    TaskLedger ledger,
    NodeFleet fleet,
    OwnerLimits limits,
    TaskTimes times,
    Func<Guid, string?> machines,
    TimeProvider clock
)
{
    private const int NodesNamed = 4;

    public IReadOnlyList<WaitingEntry> Entries(int most = int.MaxValue)
    {
        List<HeldSlot> held = [.. ledger.Live.Held(), .. ledger.Chores.Held()];
        var taken = held.CountBy(slot => slot.Node).ToDictionary();
        var holds = held.CountBy(slot => slot.Share).ToDictionary();
        List<NodeSlots> nodes =
        [
            .. fleet.NodesAt(clock.GetUtcNow()).Select(node => new NodeSlots(node, taken.GetValueOrDefault(node.Id))),
        ];
        var timed = nodes.Any(node => node.Node.Left is not null);
        var known = new Dictionary<(string Owner, int Images), string>(); // thousands wait for the same reason
        string WhyOf(GatewayTask task, TaskNeed need) =>
            Why(need, nodes, holds.GetValueOrDefault(task.Owner), limits.MostAtOnce(task.Owner));
        string KnownWhyOf(GatewayTask task)
        {
            if (machines(task.Id) is { } coming)
                return coming;
            var need = times.Waiting(task, timed).Need;
            if (!need.IsPlain)
                return WhyOf(task, need);
            var like = (task.Owner, need.Images);
            return known.TryGetValue(like, out var why) ? why : known[like] = WhyOf(task, need);
        }
        return
        [
            .. ledger
                .Live.Queue()
                .Take(most)
                .Select(
                    (task, n) => new WaitingEntry(n + 1, task, ((TaskPhase.Queued)task.Phase).Since, KnownWhyOf(task))
                ),
        ];
    }

    /// <summary>One task that waits; null when it does not.</summary>
    public WaitingEntry? Find(GatewayTask task) =>
        task.Phase is TaskPhase.Queued ? Entries().FirstOrDefault(entry => entry.Task.Id == task.Id) : null;

    /// <param name="holds">Slots that its token holds already.</param>
    /// <param name="most">Slots that its token may hold.</param>
    internal static string Why(TaskNeed need, IReadOnlyList<NodeSlots> nodes, int holds, int? most)
    {
        if (nodes.Count == 0)
            return "there is no node";
        if (holds >= most)
            return $"its token may have {most} at work, and has";
        var able = NodeChoice.Able(nodes, need).ToList();
        if (able.Count == 0)
        {
            var reasons = nodes
                .Take(NodesNamed)
                .Select(node => $"{node.Node.Name}: {NodeChoice.WhyNot(node.Node, need)}");
            return $"no node can take it: "
                + $"{string.Join("; ", reasons)}"
                + $"{(nodes.Count > NodesNamed ? $"; and {nodes.Count - NodesNamed} more" : "")}";
        }
        if (able.Any(node => node.Free > 0))
            return need.IsSplitMergeParent ? "the last free slot is for parts of another task" : "it is placed next";
        if (able.All(node => node.Node.Facts is { Slots: 0 }))
            return $"{able[0].Node.Name}{(able.Count > 1 ? " and others are" : " is")} starting";
        return able.Count == 1 ? $"{able[0].Node.Name} is full" : $"all {able.Count} nodes that can take it are full";
    }
}
