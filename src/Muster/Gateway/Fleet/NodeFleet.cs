using Muster.Gateway.Tasks;
using Muster.NodeOdm;

namespace Muster.Gateway.Fleet;

/// <summary>The nodes that are known, and the ways to them.</summary>
public sealed class NodeFleet
{
    private readonly Lock _lock = new();
    private readonly TaskStore _store;
    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _http = NodeOdmClient.Connections();
    private readonly OrderedDictionary<string, GatewayNode> _nodes = [];
    private IReadOnlyList<GatewayNode>? _inOrder;

    public NodeFleet(TaskStore store, TimeProvider clock)
    {
        (_store, _clock) = (store, clock);
        foreach (var node in store.Nodes()) _nodes.Add(node.Id, node);
    }

    /// <summary>In the order in which they were added.</summary>
    public IReadOnlyList<GatewayNode> Nodes { get { lock (_lock) return _inOrder ??= [.. _nodes.Values]; } }

    /// <summary>Called after nodes came, went or changed.</summary>
    public event Action? Changed;

    /// <summary>Called when a node, or every one, is to be looked at now.</summary>
    internal event Action<string?>? Asked;

    /// <summary>Has a node, or every one, looked at without waiting for its turn.</summary>
    public void Refresh(string? id = null) => Asked?.Invoke(id);

    public GatewayNode? Find(string id)
    {
        lock (_lock) return _nodes.GetValueOrDefault(id);
    }

    /// <summary>Adds a node; the one that is there already when the address is known.</summary>
    public (GatewayNode Node, bool IsNew) Add(Uri url, string token, bool locked = false)
    {
        GatewayNode added;
        lock (_lock)
        {
            if (Nodes.FirstOrDefault(node => node.Url == url) is { } known) return (known, false);
            added = new() { Id = GatewayNode.NewId(), Url = url, Token = token, Locked = locked };
            _store.Save(added);
            Keep(added);
        }
        Changed?.Invoke();
        return (added, true);
    }

    /// <summary>Our own node, wherever it listens this time.</summary>
    internal void Embed(Uri url)
    {
        lock (_lock)
        {
            var node = (Find(GatewayNode.EmbeddedId) ?? new() { Id = GatewayNode.EmbeddedId, Url = url }) with { Url = url };
            _store.Save(node);
            Keep(node);
        }
        Changed?.Invoke();
    }

    /// <summary>Takes a node off the list at once. Its tasks are placed elsewhere.</summary>
    public bool Remove(string id)
    {
        lock (_lock)
        {
            if (Find(id) is null) return false;
            _store.RemoveNode(id);
            _nodes.Remove(id);
            _inOrder = null;
        }
        Changed?.Invoke();
        return true;
    }

    public bool SetLocked(string id, bool locked) => Save(id, node => node with { Locked = locked });

    /// <summary>No new tasks; when those it has are done, it is taken off the list.</summary>
    public bool SetDraining(string id, bool draining) => Save(id, node => node with { Draining = draining });

    public bool SetToken(string id, string token) => Save(id, node => node with { Token = token });

    /// <summary>A change of what is known of a node; it is kept when <paramref name="change"/> says something new that a restart should know.</summary>
    internal void See(string id, Func<GatewayNode, GatewayNode> change)
    {
        bool news;
        lock (_lock)
        {
            if (Find(id) is not { } before) return;
            var after = change(before);
            news = before.Health.Answers != after.Health.Answers || before.Facts is null || after.Facts is null || before.Facts with { AvailableMemory = null } != after.Facts with { AvailableMemory = null };
            if (before.Facts?.Version != after.Facts?.Version || before.Facts?.EngineVersion != after.Facts?.EngineVersion || before.Facts?.Slots != after.Facts?.Slots) _store.Save(after);
            Keep(after);
        }
        if (news) Changed?.Invoke();
    }

    public NodeOdmClient Client(GatewayNode node, TimeSpan? patience = null, long uploadSpeed = 0) => new(_http, node.Url, node.Token.Length > 0 ? node.Token : null, patience ?? node.Health.Patience, _clock) { UploadSpeed = uploadSpeed };

    private bool Save(string id, Func<GatewayNode, GatewayNode> change)
    {
        lock (_lock)
        {
            if (Find(id) is not { } before) return false;
            var after = change(before);
            _store.Save(after);
            Keep(after);
        }
        Changed?.Invoke();
        return true;
    }

    private void Keep(GatewayNode node)
    {
        _nodes[node.Id] = node;
        _inOrder = null;
    }
}
