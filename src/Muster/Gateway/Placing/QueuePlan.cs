using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

/// <summary>A task in the queue, as far as placing it is concerned.</summary>
/// <param name="Share">Whose share of the nodes it uses.</param>
public sealed record WaitingTask(Guid Id, string Share, TaskNeed Need)
{
    /// <summary>Part of a task that is on a node already and waits for it.</summary>
    public bool IsChild { get; init; }
}

/// <summary>Which waiting tasks go to which nodes now.</summary>
public sealed record QueuePlan(IReadOnlyList<Placement> Placements)
{
    /// <param name="waiting">In the order in which they were committed. It is read only where a slot is free.</param>
    /// <param name="held">Every slot that is taken or promised; a plan never promises one twice.</param>
    /// <param name="mostAtOnce">How many slots a share may hold, parts of its tasks included. Null when there is no
    /// limit. Where wholes take all of them, <see cref="SplitMerge"/> lets their engines work parts off
    /// themselves.</param>
    public static QueuePlan For(
        IEnumerable<WaitingTask> waiting,
        IReadOnlyList<HeldSlot> held,
        IReadOnlyList<GatewayNode> nodes,
        Func<string, int?> mostAtOnce
    )
    {
        var taken = held.CountBy(slot => slot.Node).ToDictionary();
        var slots = nodes.ToDictionary(node => node.Id, node => new NodeSlots(node, taken.GetValueOrDefault(node.Id)));
        var free = slots.Values.Where(Usable).Sum(node => node.Free);
        if (free == 0)
            return new([]);
        var shares = waiting.GroupBy(task => task.Share).Select(group => new Queue<WaitingTask>(group)).ToList();
        var holds = held.CountBy(slot => slot.Share).ToDictionary();
        var children = shares.Sum(share => share.Count(task => task.IsChild));
        var placed = new List<Placement>();
        var turn = nodes.Max(node => node.Turn);
        // images for which no node is free; with as many or more it need not be looked for again
        var tooMany = int.MaxValue;

        // The share that holds the fewest slots is served next; among equals the one that waits longest.
        while (free > 0 && shares.Count > 0)
        {
            var share = shares.MinBy(queue => holds.GetValueOrDefault(queue.Peek().Share))!;
            var name = share.Peek().Share;
            var task = share.Dequeue();
            if (share.Count == 0)
                shares.Remove(share);
            if (holds.GetValueOrDefault(name) >= (mostAtOnce(name) ?? int.MaxValue))
                continue;
            // The last slot is not given to a parent while parts of another one wait for it: both would wait for ever.
            if (task.Need.IsSplitMergeParent && free == 1 && children > 0)
                continue;
            if (task.Need.IsPlain && task.Need.Images >= tooMany)
                continue;
            // it waits for a larger node; others may go before it
            if (NodeChoice.For(slots.Values, task.Need) is not { } node)
            {
                if (task.Need.IsPlain)
                    tooMany = task.Need.Images;
                continue;
            }
            slots[node.Node.Id] = new(node.Node with { Turn = ++turn }, node.Taken + 1);
            holds[name] = holds.GetValueOrDefault(name) + 1;
            if (task.IsChild)
                children--;
            free--;
            placed.Add(new(task.Id, node.Node.Id, turn));
        }
        return new(placed);
    }

    private static bool Usable(NodeSlots node) => node.Node is { Locked: false, Draining: false, Health.Answers: true };
}

/// <summary>A task's place.</summary>
/// <param name="Turn">The node's turn from now on.</param>
public sealed record Placement(Guid Task, string Node, long Turn);
