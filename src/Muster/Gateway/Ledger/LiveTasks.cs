using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Ledger;

/// <summary>The tasks that have not ended: those that wait, in their order, and those that nodes have.</summary>
public sealed class LiveTasks
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, GatewayTask> _all = [];
    private readonly SortedDictionary<long, GatewayTask> _queue = [];
    private readonly Dictionary<string, Dictionary<Guid, GatewayTask>> _on = [];
    private readonly Dictionary<Guid, GatewayTask> _ahead = [];
    private readonly Dictionary<TaskCode, int> _ended = [];

    public IReadOnlyList<GatewayTask> All()
    {
        lock (_lock)
            return [.. _all.Values];
    }

    public GatewayTask? Find(Guid id)
    {
        lock (_lock)
            return _all.GetValueOrDefault(id);
    }

    public int Waiting
    {
        get
        {
            lock (_lock)
                return _queue.Count;
        }
    }

    /// <summary>The one that is next, by its place.</summary>
    public GatewayTask? First()
    {
        lock (_lock)
            return _queue.Values.FirstOrDefault();
    }

    public IReadOnlyList<GatewayTask> Queue()
    {
        lock (_lock)
            return [.. _queue.Values];
    }

    /// <summary>Tasks that a node has, or is to get.</summary>
    public IReadOnlyList<GatewayTask> On(string node)
    {
        lock (_lock)
            return _on.TryGetValue(node, out var tasks) ? [.. tasks.Values] : [];
    }

    /// <summary>Nodes that have tasks.</summary>
    public IReadOnlyList<string> Nodes()
    {
        lock (_lock)
            return [.. _on.Keys];
    }

    public IReadOnlyList<HeldSlot> Held()
    {
        lock (_lock)
        {
            return
            [
                .. from tasks in _on.Values
                from task in tasks.Values
                where task.Phase.Slot is not null
                select new HeldSlot(task.Phase.Slot!.Value.Node, task.Owner, task.IsSplitMergeParent),
            ];
        }
    }

    /// <summary>Tasks whose files go to a node before they have a place.</summary>
    public IReadOnlyList<GatewayTask> Ahead()
    {
        lock (_lock)
            return [.. _ahead.Values];
    }

    /// <summary>How many have ended so since the start; one that was restarted ends again.</summary>
    public int Ended(TaskCode code)
    {
        lock (_lock)
            return _ended.GetValueOrDefault(code);
    }

    internal void Change(GatewayTask? before, GatewayTask? after)
    {
        lock (_lock)
        {
            if (before is not null)
            {
                _all.Remove(before.Id);
                _ahead.Remove(before.Id);
                if (before.Phase is TaskPhase.Queued)
                    _queue.Remove(before.Order);
                if (
                    before.Phase is { IsLive: true, Place: { } place }
                    && _on.TryGetValue(place.Node, out var tasks)
                    && tasks.Remove(before.Id)
                    && tasks.Count == 0
                )
                    _on.Remove(place.Node);
            }
            if (before?.Phase.IsLive is true && after?.Phase is TaskPhase.Ended end)
                _ended[end.Code] = _ended.GetValueOrDefault(end.Code) + 1;
            if (after?.Phase.IsLive is not true)
                return;
            _all[after.Id] = after;
            if (after.Ahead is not null)
                _ahead[after.Id] = after;
            if (after.Phase is TaskPhase.Queued)
                _queue[after.Order] = after;
            if (after.Phase.Place is { } at)
            {
                if (!_on.TryGetValue(at.Node, out var tasks))
                    _on[at.Node] = tasks = [];
                tasks[after.Id] = after;
            }
        }
    }
}
