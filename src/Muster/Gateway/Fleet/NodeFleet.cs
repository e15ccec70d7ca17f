using System.Collections.Immutable;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Fleet;

/// <summary>The nodes that are known, and the ways to them.</summary>
public sealed class NodeFleet
{
    /// <summary>
    /// Held by whoever changes a node, while the database takes it too; nobody who reads waits for that.
    /// </summary>
    private readonly Lock _changing = new();
    private readonly TaskStore _store;
    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _http = NodeOdmClient.Connections();
    private volatile Known _known = new(ImmutableDictionary<string, GatewayNode>.Empty, []);

    public NodeFleet(TaskStore store, TimeProvider clock)
    {
        (_store, _clock) = (store, clock);
        foreach (var node in store.Nodes())
            Keep(node);
    }

    /// <summary>In the order in which they were added.</summary>
    public IReadOnlyList<GatewayNode> Nodes => _known.InOrder;

    /// <summary>The same, with the time that each has left at that moment.</summary>
    public IReadOnlyList<GatewayNode> NodesAt(DateTimeOffset now) =>
        Nodes.Any(node => node.Ends is not null) ? [.. Nodes.Select(node => node.At(now))] : Nodes;

    /// <summary>
    /// Nodes that sites can give: all kinds of them, or (true) only those on their way or to be had now.
    /// </summary>
    internal Func<bool, IReadOnlyList<GatewayNode>> Promised { get; set; } = _ => [];

    /// <summary>Those that are there, and those that there may be.</summary>
    internal IReadOnlyList<GatewayNode> Possible => With(Promised(false));

    /// <summary>Those that are there, and those that come or can be had now.</summary>
    internal IReadOnlyList<GatewayNode> PossibleNow => With(Promised(true));

    private IReadOnlyList<GatewayNode> With(IReadOnlyList<GatewayNode> more) =>
        more.Count > 0 ? [.. Nodes, .. more] : Nodes;

    /// <summary>Called after nodes came, went or changed.</summary>
    public event Action? Changed;

    /// <summary>Called when a node, or every one, is to be looked at now.</summary>
    internal event Action<string?>? Asked;

    /// <summary>Has a node, or every one, looked at without waiting for its turn.</summary>
    public void Refresh(string? id = null) => Asked?.Invoke(id);

    public GatewayNode? Find(string id) => _known.ById.GetValueOrDefault(id);

    /// <summary>Adds a node; the one that is there already when the address is known.</summary>
    public (GatewayNode Node, bool IsNew) Add(Uri url, string token, bool locked = false)
    {
        GatewayNode added;
        lock (_changing)
        {
            if (Nodes.FirstOrDefault(node => node.Url == url) is { } known)
                return (known, false);
            added = new()
            {
                Id = GatewayNode.NewId(),
                Url = url,
                Token = token,
                Locked = locked,
            };
            _store.Save(added);
            Keep(added);
        }
        Changed?.Invoke();
        return (added, true);
    }

    /// <summary>Our own node, wherever it listens this time.</summary>
    internal void Embed(Uri url)
    {
        lock (_changing)
        {
            var node = (Find(GatewayNode.EmbeddedId) ?? new() { Id = GatewayNode.EmbeddedId, Url = url }) with
            {
                Url = url,
            };
            _store.Save(node);
            Keep(node);
        }
        Changed?.Invoke();
    }

    /// <summary>The node of a machine, wherever it is reached now.</summary>
    /// <param name="make">Says null where there is none to keep.</param>
    internal void Put(string id, Func<GatewayNode?, GatewayNode?> make)
    {
        lock (_changing)
        {
            var before = Find(id);
            var after = make(before);
            if (after is null || after == before)
                return;
            _store.Save(after);
            Keep(after);
        }
        Changed?.Invoke();
    }

    /// <summary>Takes a node off the list at once. Its tasks are placed elsewhere.</summary>
    public bool Remove(string id)
    {
        lock (_changing)
        {
            if (Find(id) is null)
                return false;
            _store.RemoveNode(id);
            _known = new(_known.ById.Remove(id), _known.Order.Remove(id));
        }
        Changed?.Invoke();
        return true;
    }

    public bool SetLocked(string id, bool locked) => Save(id, node => node with { Locked = locked });

    /// <summary>No new tasks; when those it has are done, it is taken off the list.</summary>
    public bool SetDraining(string id, bool draining) => Save(id, node => node with { Draining = draining });

    public bool SetToken(string id, string token) => Save(id, node => node with { Token = token });

    /// <summary>
    /// A change of what is known of a node; it is kept when <paramref name="change"/> says something new that a restart
    /// should know.
    /// </summary>
    internal void See(string id, Func<GatewayNode, GatewayNode> change)
    {
        bool news;
        lock (_changing)
        {
            if (Find(id) is not { } before)
                return;
            var after = change(before);
            news =
                before.Health.Answers != after.Health.Answers
                || before.Facts is null
                || after.Facts is null
                || before.Facts with { AvailableMemory = null } != after.Facts with { AvailableMemory = null };
            if (
                before.Facts?.Version != after.Facts?.Version
                || before.Facts?.EngineVersion != after.Facts?.EngineVersion
                || before.Facts?.Slots != after.Facts?.Slots
            )
                _store.Save(after);
            Keep(after);
        }
        if (news)
            Changed?.Invoke();
    }

    public NodeOdmClient Client(GatewayNode node, TimeSpan? patience = null, long uploadSpeed = 0) =>
        new(_http, node.Url, node.Token.Length > 0 ? node.Token : null, patience ?? node.Health.Patience, _clock)
        {
            UploadSpeed = uploadSpeed,
        };

    private bool Save(string id, Func<GatewayNode, GatewayNode> change)
    {
        lock (_changing)
        {
            if (Find(id) is not { } before)
                return false;
            var after = change(before);
            _store.Save(after);
            Keep(after);
        }
        Changed?.Invoke();
        return true;
    }

    private void Keep(GatewayNode node) =>
        _known = new(
            _known.ById.SetItem(node.Id, node),
            _known.ById.ContainsKey(node.Id) ? _known.Order : _known.Order.Add(node.Id)
        );

    /// <summary>All nodes at one moment.</summary>
    private sealed class Known(ImmutableDictionary<string, GatewayNode> byId, ImmutableList<string> order)
    {
        private IReadOnlyList<GatewayNode>? _inOrder;

        public ImmutableDictionary<string, GatewayNode> ById => byId;
        public ImmutableList<string> Order => order;
        public IReadOnlyList<GatewayNode> InOrder => _inOrder ??= [.. order.Select(id => byId[id])];
    }
}
