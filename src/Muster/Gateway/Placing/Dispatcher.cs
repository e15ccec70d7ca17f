using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Placing;

/// <summary>Carries out <see cref="QueuePlan"/>: the only place where tasks get nodes.</summary>
internal sealed partial class Dispatcher(
    TaskLedger ledger,
    NodeFleet fleet,
    OwnerLimits limits,
    TaskTimes times,
    TimeProvider clock,
    ILogger log
)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PositionsEvery = TimeSpan.FromSeconds(30);
    private const int PositionsTold = 200;

    private readonly WakeUp _wake = new(clock);
    private readonly Dictionary<Guid, int> _positions = [];
    private DateTimeOffset _toldAt;
    private long _placing;

    /// <summary>How long it has looked for places so far.</summary>
    public TimeSpan Placing => TimeSpan.FromTicks(Volatile.Read(ref _placing));

    public async Task RunAsync(CancellationToken ct)
    {
        ledger.Changed += (_, _) => _wake.Make();
        fleet.Changed += _wake.Make;
        while (true)
        {
            await _wake.WaitAsync(Tick, ct);
            try
            {
                if (ledger.Live.Waiting == 0)
                    continue;
                await PlaceAsync();
                await HoldPartsAsync();
                await TellPositionsAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                Stumbled(fault);
                await Task.Delay(Tick, clock, ct);
            }
        }
    }

    private async Task PlaceAsync()
    {
        var began = clock.GetTimestamp();
        var waiting = ledger.Live.Queue();
        var nodes = fleet.NodesAt(clock.GetUtcNow());
        var timed = nodes.Any(node => node.Left is not null);
        var plan = QueuePlan.For(
            waiting.Select(task => times.Waiting(task, timed)),
            [.. ledger.Live.Held(), .. ledger.Chores.Held()],
            nodes,
            limits.MostAtOnce
        );
        Volatile.Write(ref _placing, _placing + clock.GetElapsedTime(began).Ticks);
        if (plan.Placements.Count == 0)
            return;
        await ledger.ChangeAsync(book =>
        {
            foreach (var placement in plan.Placements)
            {
                if (
                    book.Find(placement.Task) is not { Phase: TaskPhase.Queued queued } task
                    || fleet.Find(placement.Node) is not { } node
                )
                    continue;
                // What was sent ahead is gone on with. Else an id of its own for each attempt but the first, as nobody
                // knows what an earlier one has left there.
                var ahead = task.Ahead?.Node == placement.Node ? task.Ahead : null;
                var isFirst =
                    task is { Attempts.Count: 0, AheadBegun: 0 } && !ledger.Chores.Concern(placement.Node, task.Id);
                var placed = task with
                {
                    Phase = new TaskPhase.Sending(
                        placement.Node,
                        ahead?.OnNode ?? (isFirst ? task.Id : Guid.NewGuid()),
                        book.Now,
                        ahead is null ? SendingStage.Placed : SendingStage.Uploading
                    ),
                };
                book.Note(
                    "placed",
                    $"{task.Name}: {task.Files} files for {node.Name}, after "
                        + $"{(book.Now - queued.Since).TotalSeconds:0.0} s; {waiting.Count - 1} others wait",
                    task.Id,
                    node.Id
                );
                book.Say(
                    placed,
                    ahead is null
                        ? $"Placed on {node.Name}; its {task.Files} files are being sent there."
                        : $"Placed on {node.Name}; what is not there yet of its {task.Files} files is being sent."
                );
            }
        });
        foreach (var placement in plan.Placements)
        {
            fleet.See(placement.Node, node => node with { Turn = placement.Turn });
            _positions.Remove(placement.Task);
        }
    }

    /// <summary>
    /// Parts that would wait for ever are shown as queued, so that the engine that sent them works them off itself.
    /// </summary>
    private async Task HoldPartsAsync()
    {
        var parts = ledger.Live.Queue().Where(task => task.Phase is TaskPhase.Queued { ShownRunning: true }).ToList();
        if (parts.Count == 0)
            return;
        var (nodes, held, now) = (fleet.PossibleNow, ledger.Live.Held(), clock.GetUtcNow());
        var stuck = parts
            .Select(part => part.Owner)
            .Distinct()
            .Where(owner => !SplitMerge.PartsMayWait(nodes, held, owner, limits.MostAtOnce(owner), now))
            .ToHashSet();
        if (stuck.Count == 0)
            return;
        await ledger.ChangeAsync(book =>
        {
            foreach (var part in parts.Where(part => stuck.Contains(part.Owner)))
            {
                if (book.Find(part.Id) is not { Phase: TaskPhase.Queued { ShownRunning: true } queued } task)
                    continue;
                book.Note(
                    "held",
                    $"{task.Name}: every slot it could have belongs to a task that waits for its parts",
                    task.Id
                );
                book.Put(task with { Phase = queued with { ShownRunning = false } });
            }
        });
    }

    private async Task TellPositionsAsync()
    {
        var now = clock.GetUtcNow();
        if (now - _toldAt < PositionsEvery)
            return;
        _toldAt = now;
        var queue = ledger.Live.Queue();
        var news = queue
            .Take(PositionsTold)
            .Select((task, n) => (task.Id, Position: n + 1))
            .Where(pair => _positions.GetValueOrDefault(pair.Id) != pair.Position)
            .ToList();
        if (news.Count == 0)
            return;
        await ledger.ChangeAsync(book =>
        {
            foreach (var (id, position) in news)
            {
                if (book.Find(id) is { Phase: TaskPhase.Queued } task)
                    book.Say(task, $"Waiting for a free node, position {position} of {queue.Count}.");
            }
        });
        _positions.Clear();
        foreach (var (task, n) in queue.Take(PositionsTold).Select((task, n) => (task, n)))
            _positions[task.Id] = n + 1;
    }

    [LoggerMessage(LogLevel.Error, "Placing tasks went wrong")]
    private partial void Stumbled(Exception fault);
}
