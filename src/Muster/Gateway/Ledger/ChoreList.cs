using Muster.Gateway.Model;

namespace Muster.Gateway.Ledger;

/// <summary>What nodes have still to be told, by node.</summary>
public sealed class ChoreList
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<NodeChore>> _chores = [];

    public ChoreList(IEnumerable<NodeChore> chores)
    {
        foreach (var chore in chores)
            Add(chore);
    }

    public IReadOnlyList<NodeChore> For(string node)
    {
        lock (_lock)
            return _chores.TryGetValue(node, out var chores) ? [.. chores] : [];
    }

    /// <summary>The node has still to be told something of a task of that id.</summary>
    public bool Concern(string node, Guid onNode)
    {
        lock (_lock)
            return _chores.TryGetValue(node, out var chores) && chores.Exists(chore => chore.OnNode == onNode);
    }

    /// <summary>Slots of nodes that have not heard yet that they are free.</summary>
    public IEnumerable<HeldSlot> Held()
    {
        lock (_lock)
            return
            [
                .. from pair in _chores
                from chore in pair.Value
                where chore.HoldsSlot
                select new HeldSlot(pair.Key, "", false),
            ];
    }

    public IReadOnlyList<string> Nodes()
    {
        lock (_lock)
            return [.. _chores.Where(pair => pair.Value.Count > 0).Select(pair => pair.Key)];
    }

    public void Add(NodeChore chore)
    {
        lock (_lock)
        {
            if (!_chores.TryGetValue(chore.Node, out var chores))
                _chores[chore.Node] = chores = [];
            chores.RemoveAll(other => other.OnNode == chore.OnNode);
            chores.Add(chore);
        }
    }

    public void Remove(NodeChore chore)
    {
        lock (_lock)
            if (_chores.TryGetValue(chore.Node, out var chores))
                chores.RemoveAll(other => other.OnNode == chore.OnNode && other.Remove == chore.Remove);
    }
}
