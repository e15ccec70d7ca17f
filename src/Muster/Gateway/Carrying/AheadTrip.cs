using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Carrying;

/// <summary>
/// The files of one task on their way to its likely node, until the task is placed or over. The node is chosen as for a
/// task that is committed now, and given up when another would be chosen.
/// </summary>
internal sealed class AheadTrip(
    Guid id,
    TaskLedger ledger,
    NodeFleet fleet,
    SpoolFolder spool,
    OwnerLimits limits,
    TaskTimes times,
    NodeForm forms,
    GatewayOptions options,
    TimeProvider clock
)
{
    private const int AtOnce = 2;
    private const int MostBeginnings = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ChosenFor = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// A client that brings nothing for so long may not come back, and its node's disk is used for it.
    /// </summary>
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    private readonly WakeUp _wake = new(clock);
    private readonly Lock _lock = new();
    private readonly Queue<SpoolFile> _waiting = [];
    private readonly HashSet<string> _named = [];
    private readonly HashSet<string> _failed = [];
    private (string? Node, long At)? _chosen;

    /// <summary>The last answer was of a moment ago, and may be another by now.</summary>
    private bool _chosenBefore;
    private volatile Leg? _leg;
    private volatile bool _claimed;

    /// <summary>Something has changed.</summary>
    public void Wake() => _wake.Make();

    /// <summary>Another file is here.</summary>
    public void Take(SpoolFile file)
    {
        lock (_lock)
            if (_named.Add(file.Name))
                _waiting.Enqueue(file);
    }

    /// <summary>Others send the rest: it ends when what is on its way has arrived.</summary>
    public void Claim()
    {
        _claimed = true;
        _wake.Make();
    }

    public void Cut() => _leg?.Stop.Cancel();

    /// <summary>To be asked when it has ended: what the node surely has under that id.</summary>
    public IReadOnlySet<string>? There(Guid onNode) =>
        _leg is { Fault: null } leg && leg.At.OnNode == onNode ? leg.There : null;

    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (!_claimed && ledger.Live.Find(id) is { } task)
            {
                if (_leg is { } leg && (!leg.IsOf(task) || leg.Fault is not null || IsOver(task, leg)))
                    await EndAsync(leg);
                else if (_leg is null && task.Phase is not TaskPhase.Receiving)
                    return;
                else if (_leg is not null || !await BeginAsync(task, ct))
                {
                    if (_leg is { } going && task.Phase is TaskPhase.Receiving && IsToGoOn(task, going))
                        Upload(going);
                    await _wake.WaitAsync(
                        _leg is not null ? Tick
                            : _chosenBefore ? ChosenFor
                            : Timeout.InfiniteTimeSpan,
                        ct
                    );
                }
            }
        }
        finally
        {
            if (_leg is { } last)
            {
                if (!_claimed)
                    await last.Stop.CancelAsync();
                await last.ArrivedAsync();
            }
        }
    }

    /// <summary>Written down first, so that whoever starts after a crash has the node forget it.</summary>
    private async Task<bool> BeginAsync(GatewayTask task, CancellationToken ct)
    {
        _chosenBefore = false;
        if (
            task.AheadBegun >= MostBeginnings
            || IsIdle(task)
            || Choice(task) is not { } place
            || fleet.Find(place) is not { } node
        )
            return false;
        // Its own id, unless something of that name may be there that the node is to forget.
        var isFirst = task.AheadBegun == 0 && !ledger.Chores.Concern(place, id);
        var at = new Ahead(place, isFirst ? id : Guid.NewGuid());
        var written = await ledger.ChangeAsync(
            id,
            (book, now) =>
                now.Phase is TaskPhase.Receiving
                    ? book.GiveUpAhead(now) with
                    {
                        Ahead = at,
                        AheadBegun = now.AheadBegun + 1,
                    }
                    : null
        );
        if (written is null)
            return false;
        var leg = new Leg(at, fleet.Client(node, Patience, options.UploadMaxSpeed), ct);
        _leg = leg;
        lock (_lock)
        {
            _waiting.Clear();
            _named.Clear();
            foreach (var file in (ledger.Live.Find(id) ?? written).Received.Values)
                Take(file);
        }
        var begun = await leg.Client.InitAsync(leg.Id, forms.Of(written, node, at.OnNode), ct);
        if (begun is not NodeReply<string>.Said)
            leg.Fault = begun.Text;
        else if (ledger.Live.Find(id) is not { } still || !leg.IsOf(still))
            await ledger.ChangeAsync(book => book.Forget(at)); // it may have heard that before it began
        return true;
    }

    /// <summary>Nothing is on its way any more when the node is told to forget it.</summary>
    private async Task EndAsync(Leg leg)
    {
        if (leg.Fault is not null)
        {
            _failed.Add(leg.At.Node);
            fleet.Refresh(leg.At.Node);
        }
        await leg.Stop.CancelAsync();
        await leg.ArrivedAsync();
        _leg = null;
        _chosen = null;
        await ledger.ChangeAsync(id, (book, now) => now.Ahead == leg.At ? book.GiveUpAhead(now) : null);
        leg.Stop.Dispose();
    }

    /// <summary>A node that is silent for a moment is waited for; what it has is not sent elsewhere for that.</summary>
    private bool IsOver(GatewayTask task, Leg leg)
    {
        var now = clock.GetUtcNow();
        if (
            fleet.Find(leg.At.Node) is not { Draining: false, Locked: false } node
            || !node.Health.IsOnline(now)
            || IsIdle(task)
        )
            return task.Phase is not TaskPhase.Sending;
        if (task.Phase is not TaskPhase.Receiving || !node.Health.Answers)
            return false;
        return Choice(task) is { } best
            ? best != leg.At.Node
            : NodeChoice.WhyNot(node.At(now), WaitingOf(task, timed: node.Ends is not null).Need) is not null;
    }

    private bool IsIdle(GatewayTask task) =>
        task.Phase is TaskPhase.Receiving { HeardAt: var heard } && clock.GetUtcNow() - heard > Idle;

    /// <summary>Its node would get it now: it is there, and has a slot.</summary>
    private bool IsToGoOn(GatewayTask task, Leg leg) =>
        fleet.Find(leg.At.Node) is { Health.Answers: true } && Choice(task) == leg.At.Node;

    /// <summary>
    /// Where the task would be placed if it were committed now, behind all that wait, and beside others that are sent
    /// ahead; null where no slot is free for it.
    /// </summary>
    private string? Choice(GatewayTask task)
    {
        _chosenBefore = _chosen is { } last && clock.GetElapsedTime(last.At) < ChosenFor;
        if (_chosenBefore)
            return _chosen!.Value.Node;
        var nodes = fleet.NodesAt(clock.GetUtcNow());
        var timed = nodes.Any(node => node.Left is not null);
        var others =
            from other in ledger.Live.Ahead()
            where other.Id != id && other.Phase is TaskPhase.Receiving
            select new HeldSlot(other.Ahead!.Node, other.Owner, false);
        var plan = QueuePlan.For(
            Waiting(task, timed),
            [.. ledger.Live.Held(), .. ledger.Chores.Held(), .. others],
            nodes,
            limits.MostAtOnce
        );
        var node = plan.Placements.FirstOrDefault(placement => placement.Task == id)?.Node;
        _chosen = (node, clock.GetTimestamp());
        return node;
    }

    private IEnumerable<WaitingTask> Waiting(GatewayTask task, bool timed)
    {
        foreach (var before in ledger.Live.Queue())
            yield return times.Waiting(before, timed);
        yield return WaitingOf(task, timed);
    }

    private WaitingTask WaitingOf(GatewayTask task, bool timed)
    {
        var waiting = times.Waiting(task, timed);
        return _failed.Count == 0
            ? waiting
            : waiting with
            {
                Need = waiting.Need with { Avoid = [.. waiting.Need.Avoid, .. _failed] },
            };
    }

    private void Upload(Leg leg)
    {
        while (leg.Uploading < AtOnce && Next() is { Count: > 0 } group)
        {
            leg.Count(1);
            leg.Send(UploadAsync(leg, group));
        }
    }

    private IReadOnlyList<SpoolFile> Next()
    {
        lock (_lock)
        {
            var group = FileGroups.Of(_waiting).FirstOrDefault() ?? [];
            foreach (var _ in group)
                _waiting.Dequeue();
            return group;
        }
    }

    private async Task UploadAsync(Leg leg, IReadOnlyList<SpoolFile> group)
    {
        await Task.Yield();
        try
        {
            var reply = await leg.Client.UploadAsync(
                leg.Id,
                [.. group.Select(file => new UploadFile(file.Name, file.Bytes, () => spool.Open(file)))],
                leg.Stop.Token
            );
            if (reply is NodeReply<bool>.Said)
                leg.Has(group);
            else
                leg.Fault = reply.Text;
        }
        catch (Exception fault) // whatever it is, nobody knows what arrived, and FileSender finds it too
        {
            leg.Fault = fault.Message;
        }
        leg.Count(-1);
        _wake.Make();
    }

    /// <summary>What goes to one node under one id.</summary>
    private sealed class Leg(Ahead at, NodeOdmClient client, CancellationToken ct)
    {
        private readonly Lock _lock = new();
        private readonly List<Task> _uploads = [];
        private readonly HashSet<string> _there = [];
        private int _uploading;

        public Ahead At => at;
        public string Id => at.OnNode.ToString();
        public NodeOdmClient Client => client;
        public CancellationTokenSource Stop { get; } = CancellationTokenSource.CreateLinkedTokenSource(ct);

        /// <summary>Why nobody knows what the node has of it.</summary>
        public string? Fault { get; set; }
        public IReadOnlySet<string> There => _there;
        public int Uploading => Volatile.Read(ref _uploading);

        public bool IsOf(GatewayTask task) =>
            task.Ahead == at || (task.Phase is TaskPhase.Sending sending && sending.OnNode == at.OnNode);

        public void Send(Task upload)
        {
            _uploads.RemoveAll(sent => sent.IsCompleted);
            _uploads.Add(upload);
        }

        /// <summary>One upload more, or one less.</summary>
        public void Count(int change) => Interlocked.Add(ref _uploading, change);

        public Task ArrivedAsync() => Task.WhenAll(_uploads);

        public void Has(IEnumerable<SpoolFile> files)
        {
            lock (_lock)
                _there.UnionWith(files.Select(file => file.Name));
        }
    }
}
