using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Carrying;

/// <summary>
/// Looks at one node again and again: whether it is well, how its tasks go, and what it has still to be told. The only
/// place where nodes are polled.
/// </summary>
internal sealed partial class NodeWatch(
    string id,
    NodeFleet fleet,
    TaskLedger ledger,
    OptionCatalog catalog,
    TokenBook tokens,
    GatewayOptions options,
    TimeProvider clock,
    ILogger log
)
{
    private static readonly TimeSpan InfoEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OptionsEvery = TimeSpan.FromMinutes(10);
    private const int LinesForCause = 40;

    private readonly WakeUp _wake = new(clock);
    private DateTimeOffset _infoAt = DateTimeOffset.MinValue;
    private DateTimeOffset _optionsAt = DateTimeOffset.MinValue;

    /// <summary>Look now, as something has changed.</summary>
    public void Wake() => _wake.Make();

    public async Task RunAsync(CancellationToken ct)
    {
        while (fleet.Find(id) is { } node)
        {
            try
            {
                await LookAsync(node, ct);
                if (IsDrained() && fleet.Remove(id))
                    await ledger.ChangeAsync(book =>
                        book.Note("node", $"{node.Name} is drained and off the list", node: id)
                    );
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                Stumbled(node.Name, fault);
            }
            var health = (fleet.Find(id) ?? node).Health;
            var busy = ledger.Live.On(id).Count > 0 || ledger.Chores.For(id).Count > 0;
            var pause = health.Pause(busy || health.Missed > 0 ? options.PollEvery : InfoEvery);
            await _wake.WaitAsync(health.Missed > 0 ? pause.Jittered() : pause, ct);
        }
    }

    private async Task LookAsync(GatewayNode node, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (!node.Health.Answers || now - _infoAt >= InfoEvery)
        {
            if (await InfoAsync(node, ct) is not { } seen)
            {
                if (fleet.Find(id) is { } away && away.Health.Away(now) >= options.MoveAfter)
                    await MoveAllAsync(away);
                return;
            }
            node = seen;
            if (
                now - _optionsAt >= OptionsEvery
                && await fleet.Client(node).OptionsAsync(ct)
                    is NodeReply<IReadOnlyList<OptionDescription>>.Said(var known)
            )
            {
                catalog.Learn(node, known);
                _optionsAt = now;
            }
        }
        foreach (var chore in ledger.Chores.For(id))
            await TellAsync(node, chore, ct);
        foreach (var task in ledger.Live.On(id))
        {
            if (task.Phase is TaskPhase.Running at && !await AskAsync(node, task, at, ct))
                return;
        }
    }

    /// <summary>Nothing of ours is there any more; whether it answers is no matter then.</summary>
    private bool IsDrained() =>
        fleet.Find(id) is { Draining: true }
        && ledger.Live.On(id).Count == 0
        && !ledger.Live.Ahead().Any(task => task.Ahead!.Node == id)
        && ledger.Chores.For(id).Count == 0;

    private async Task<GatewayNode?> InfoAsync(GatewayNode node, CancellationToken ct)
    {
        var began = clock.GetTimestamp();
        var reply = await fleet.Client(node).InfoAsync(ct);
        var now = clock.GetUtcNow();
        _infoAt = now;
        if (reply is NodeReply<NodeInfo>.Said(var info))
        {
            var ours =
                ledger.Live.On(id).Count(task => task.Phase.Slot is not null)
                + ledger.Chores.For(id).Count(chore => chore.HoldsSlot);
            fleet.See(
                id,
                before =>
                    before with
                    {
                        Facts = FactsOf(info, ours),
                        Health = NodeHealth.Well(clock.GetElapsedTime(began), now),
                    }
            );
            if (!node.Health.Answers)
                await ledger.ChangeAsync(book =>
                    book.Note(
                        "node",
                        $"{node.Name} answers: {info.Engine} {info.EngineVersion}, {info.MaxParallelTasks} at once",
                        node: id
                    )
                );
        }
        else
        {
            Missed(reply.Text, now);
            if (node.Health.Answers)
                await ledger.ChangeAsync(book =>
                    book.Note("node", $"{node.Name} does not answer: {reply.Text}", node: id)
                );
        }
        return reply is NodeReply<NodeInfo>.Said ? fleet.Find(id) : null;
    }

    private void Missed(string why, DateTimeOffset now) =>
        fleet.See(id, before => before with { Health = before.Health.MissedAnswer(why, now) });

    /// <summary>False when the node does not answer: the others need not be asked now.</summary>
    private async Task<bool> AskAsync(GatewayNode node, GatewayTask task, TaskPhase.Running at, CancellationToken ct)
    {
        int? from = task.Lines < options.Limits.OutputLines ? at.Seen : null; // more of it is not kept
        var reply = await fleet.Client(node).TaskInfoAsync(at.OnNode.ToString(), from, ct);
        switch (reply)
        {
            case NodeReply<TaskInfo>.Said(var told):
                var info = task.IsSplitMergeParent ? WithoutTokens(told) : told;
                await ledger.ChangeAsync(
                    task.Id,
                    (book, now) =>
                        now.Phase is TaskPhase.Running still && still.OnNode == at.OnNode && still.Seen == at.Seen
                            ? Take(
                                book,
                                TaskCourse.After(
                                    now,
                                    still,
                                    info,
                                    info.Status.Code == TaskCode.Failed
                                        ? ledger.Output(now, Math.Max(0, now.Lines - LinesForCause))
                                        : [],
                                    book.Now
                                ),
                                node
                            )
                            : null
                );
                return true;
            case NodeReply<TaskInfo>.Denied { IsUnauthorized: false } denied
                when denied.Error.Contains("not found", StringComparison.OrdinalIgnoreCase):
                await ledger.ChangeAsync(
                    task.Id,
                    (book, now) =>
                        now.Phase is TaskPhase.Running still && still.OnNode == at.OnNode
                            ? Take(book, TaskCourse.Unknown(now, still, options.UnknownAfter, book.Now), node)
                            : null
                );
                return true;
            case NodeReply<TaskInfo>.Denied:
                return true;
            default:
                Missed(reply.Text, clock.GetUtcNow());
                return false;
        }
    }

    /// <summary>Its engine has the token for its parts, and prints its options.</summary>
    private TaskInfo WithoutTokens(TaskInfo told) =>
        told with
        {
            Output = told.Output is { } lines ? [.. lines.Select(tokens.Without)] : null,
            Status = told.Status with
            {
                ErrorMessage = told.Status.ErrorMessage is { } error ? tokens.Without(error) : null,
            },
        };

    private GatewayTask Take(TaskBook book, TaskCourse course, GatewayNode node)
    {
        var (before, most) = (course.Task.Lines, options.Limits.OutputLines);
        var passesIt = before < most && before + course.Lines.Count >= most;
        var task = book.Say(
            course.Task,
            passesIt ? [.. course.Lines, $"The output has {most} lines; more of it is not kept."] : course.Lines
        );
        return course.Failure is { } failure ? Retries.Apply(book, task, failure, node, fleet.Possible) : task;
    }

    private async Task TellAsync(GatewayNode node, NodeChore chore, CancellationToken ct)
    {
        var client = fleet.Client(node);
        var reply = chore.Remove
            ? await client.RemoveAsync(chore.OnNode.ToString(), ct)
            : await client.CancelAsync(chore.OnNode.ToString(), ct);
        // Whatever it answers, it has heard; what it does not know needs no telling.
        if (reply is NodeReply<bool>.Said or NodeReply<bool>.Denied { IsUnauthorized: false })
            await ledger.ChangeAsync(book => book.Fulfilled(chore));
    }

    private async Task MoveAllAsync(GatewayNode node)
    {
        foreach (var task in ledger.Live.On(id).Where(task => task.Phase is TaskPhase.Running or TaskPhase.Collecting))
        {
            await ledger.ChangeAsync(
                task.Id,
                (book, now) =>
                    now.Phase == task.Phase
                        ? Retries.Apply(
                            book,
                            now,
                            new(
                                FailureKind.Vanished,
                                $"{node.Name} has not answered for "
                                    + (
                                        options.MoveAfter < TimeSpan.FromMinutes(1)
                                            ? $"{options.MoveAfter.TotalSeconds:0} s"
                                            : $"{options.MoveAfter.TotalMinutes:0} min"
                                    )
                                    + $"."
                            ),
                            node,
                            fleet.Possible
                        )
                        : null
            );
        }
    }

    private static NodeFacts FactsOf(NodeInfo info, int ours) =>
        new()
        {
            Version = info.Version,
            Engine = info.Engine,
            EngineVersion = info.EngineVersion,
            MaxImages = info.MaxImages,
            Slots = info.MaxParallelTasks,
            Queue = info.TaskQueueCount,
            Foreign = Math.Max(0, info.TaskQueueCount - ours),
            TotalMemory = info.TotalMemory > 0 ? info.TotalMemory : null,
            AvailableMemory = info.AvailableMemory > 0 ? info.AvailableMemory : null,
            Cores = info.CpuCores is > 0 and < 1_000_000 ? (int)info.CpuCores : null,
        };

    [LoggerMessage(LogLevel.Error, "Looking at {Node} went wrong")]
    private partial void Stumbled(string node, Exception fault);
}
