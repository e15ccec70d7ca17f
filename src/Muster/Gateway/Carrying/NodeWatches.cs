using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Carrying;

/// <summary>A watch for each node on the list, and a new place for tasks whose node was taken off it.</summary>
internal sealed partial class NodeWatches(
    NodeFleet fleet,
    TaskLedger ledger,
    OptionCatalog catalog,
    TokenBook tokens,
    GatewayOptions options,
    TimeProvider clock,
    ILogger log
)
{
    private readonly Dictionary<string, (NodeWatch Watch, Task Running)> _watches = [];
    private readonly WakeUp _changed = new(clock);

    public async Task RunAsync(CancellationToken ct)
    {
        fleet.Changed += _changed.Make;
        _changed.Make();
        ledger.Changed += Wake;
        ledger.ChoresAdded += Wake;
        fleet.Asked += WakeAsked;
        try
        {
            while (true)
            {
                await _changed.WaitAsync(TimeSpan.FromSeconds(5), ct);
                var nodes = fleet.Nodes;
                lock (_watches)
                {
                    foreach (var node in nodes.Where(node => !_watches.ContainsKey(node.Id)))
                    {
                        var watch = new NodeWatch(node.Id, fleet, ledger, catalog, tokens, options, clock, log);
                        _watches[node.Id] = (watch, Task.Run(() => watch.RunAsync(ct), CancellationToken.None));
                    }
                    foreach (var id in _watches.Keys.Except(nodes.Select(node => node.Id)).ToList())
                        _watches.Remove(id);
                }
                try
                {
                    foreach (var id in ledger.Live.Nodes().Except(nodes.Select(node => node.Id)))
                        await MoveAllAsync(id);
                }
                catch (IOException fault)
                {
                    NotMoved(fault.Message); // the disk is full; the next look tries again
                }
            }
        }
        finally
        {
            ledger.Changed -= Wake;
            ledger.ChoresAdded -= Wake;
            fleet.Asked -= WakeAsked;
            await Task.WhenAll(_watches.Values.Select(entry => entry.Running))
                .ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    /// <summary>A node that got a task is looked at without waiting for its turn.</summary>
    private void Wake(IReadOnlyList<GatewayTask> tasks, IReadOnlyCollection<Guid> removed)
    {
        foreach (var task in tasks)
            if (task.Phase is TaskPhase.Running { Seen: 0, Waiting: false } at && task.ProcessingTime < 0)
                Wake(at.Node);
    }

    private void Wake(IReadOnlyList<NodeChore> chores)
    {
        foreach (var chore in chores)
            Wake(chore.Node);
    }

    private void WakeAsked(string? asked)
    {
        lock (_watches)
            foreach (var (node, entry) in _watches)
                if (asked is null || asked == node)
                    entry.Watch.Wake();
    }

    private void Wake(string node)
    {
        lock (_watches)
            if (_watches.TryGetValue(node, out var entry))
                entry.Watch.Wake();
    }

    [LoggerMessage(LogLevel.Warning, "Tasks of a removed node could not be placed again: {Why}")]
    private partial void NotMoved(string why);

    private async Task MoveAllAsync(string node)
    {
        foreach (var task in ledger.Live.On(node))
        {
            await ledger.ChangeAsync(
                task.Id,
                (book, now) =>
                    now.Phase == task.Phase
                        ? Retries.Apply(
                            book,
                            now,
                            new(FailureKind.Vanished, "Its node was taken off the list."),
                            null,
                            fleet.Possible
                        )
                        : null
            );
        }
    }
}
