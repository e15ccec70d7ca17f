using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Tasks;

/// <summary>
/// What can be done with a task: cancel, remove, restart. Each succeeds against our own record; nodes are told as soon
/// as they listen.
/// </summary>
public sealed class TaskActions(
    TaskLedger ledger,
    TaskStore store,
    NodeFleet fleet,
    ResultFolder results,
    TokenBook tokens
)
{
    private static readonly TimeSpan RestartPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    public async Task<bool> CancelAsync(Guid id, string by) =>
        await ledger.ChangeAsync(
            id,
            (book, task) =>
            {
                if (!task.IsListed)
                    return null;
                if (task.Phase is TaskPhase.Ended)
                    return task; // what is done stays done
                book.Note("cancelled", $"{task.Name}: by {by}", id, task.Phase.Place?.Node);
                return Ended(book, task, "Cancelled.");
            }
        )
            is not null;

    /// <summary>Ends a task that is not wanted any longer. Its files stay for a restart.</summary>
    internal static GatewayTask Ended(TaskBook book, GatewayTask task, string line)
    {
        var place = task.Phase.Place;
        if (place is { } at)
            book.Request(
                new(at.Node, at.OnNode, Remove: task.Phase is TaskPhase.Sending, HoldsSlot: task.Phase.Slot is not null)
            );
        return book.Say(
            task with
            {
                Phase = new TaskPhase.Ended(TaskCode.Canceled, book.Now, null, place?.Node, place?.OnNode),
                ProcessingTime = -1,
            },
            line
        );
    }

    public async Task<bool> RemoveAsync(Guid id, string by)
    {
        ledger.Recall(id);
        var removed = await ledger.ChangeAsync(book =>
        {
            if (book.Find(id) is not { } task)
                return null;
            if (task.Phase.Place is { } at)
                book.Request(new(at.Node, at.OnNode, Remove: true, HoldsSlot: task.Phase.Slot is not null));
            book.Note("removed", $"{task.Name}: by {by}", id, task.Phase.Place?.Node);
            book.Remove(id);
            return task;
        });
        if (removed is null)
            return false;
        await results.DeleteAsync(removed);
        tokens.RevokePartsOf(id);
        if (removed.IsSplitMergeParent)
            await RemovePartsAsync(id, _ => true, "the gateway, with the task of which it is a part");
        return true;
    }

    /// <summary>Takes away parts of a split task that nobody asks for any longer, however they ended.</summary>
    internal async Task RemovePartsAsync(Guid parent, Func<GatewayTask, bool> which, string by)
    {
        foreach (var id in store.PartsOf(parent))
        {
            if (ledger.Find(id) is { } part && which(part))
                await RemoveAsync(id, by);
        }
    }

    /// <summary>
    /// Waits until the node has heard what it is still to be told of a task: a cancel that came behind a restart would
    /// end it again.
    /// </summary>
    private async Task<bool> HasHeardAsync(GatewayNode node, Guid onNode, CancellationToken ct)
    {
        for (
            var waited = TimeSpan.Zero;
            ledger.Chores.For(node.Id).Any(chore => chore.OnNode == onNode);
            waited += Look
        )
        {
            if (waited >= RestartPatience || fleet.Find(node.Id) is not { Health.Answers: true })
                return false;
            await Task.Delay(Look, ct);
        }
        return true;
    }

    /// <summary>The options that a node is told; those of a whole with a token for its parts.</summary>
    private string? Sent(GatewayTask task, string? options) =>
        task.IsSplitMergeParent
            ? SplitMergeOptions.WithToken(options ?? task.Options, tokens.MakeForParts(task))
            : options;

    /// <summary>
    /// Runs an ended task again: where it was, as the work that is done there counts, else from the beginning.
    /// </summary>
    /// <param name="options">JSON text that replaces its options, checked already; null keeps them.</param>
    public async Task<string?> RestartAsync(Guid id, string? options, CancellationToken ct)
    {
        if (ledger.Recall(id) is not { } task || !task.IsListed)
            return $"{id} not found";
        if (task.Phase is not TaskPhase.Ended end)
            return "Task cannot be restarted";
        // Where parts go is ours to say, in these options as in the first: the node is told a token for them.
        options = SplitMergeOptions.Rewritten(options, SplitMergeOptions.AddressIn(task.Options));
        var onNode =
            end is { Node: { } name, OnNode: { } there }
            && fleet.Find(name) is { } node
            && await HasHeardAsync(node, there, ct)
            && await fleet.Client(node, RestartPatience).RestartAsync(there.ToString(), Sent(task, options), ct)
                is NodeReply<bool>.Said(true);
        if (!onNode && (!task.HasFiles || task.Files == 0))
            return "Task cannot be restarted: its node no longer has it. Please create a new task.";
        var restarted = await ledger.ChangeAsync(
            id,
            (book, now) =>
            {
                if (now.Phase != end)
                    return null;
                if (end is { Node: { } at, OnNode: { } old })
                {
                    if (onNode)
                        book.Fulfilled(new(at, old, Remove: false, HoldsSlot: true));
                    else
                        book.Request(new(at, old, Remove: true, HoldsSlot: true)); // what it has of it is of no use
                }
                var fresh = book.ClearOutput(
                    now with
                    {
                        Options = options ?? now.Options,
                        Created = book.Now,
                        Progress = 0,
                        ProcessingTime = -1,
                        Order = book.NextOrder(),
                        WebhookDue = false,
                        FinishDue = false,
                    }
                );
                book.Note("restarted", now.Name, id, end.Node);
                return onNode
                    ? book.Say(
                        fresh with
                        {
                            Phase = new TaskPhase.Running(end.Node!, end.OnNode!.Value, book.Now),
                            Attempts = Attempts.None,
                        },
                        "Restarted where it was."
                    )
                    : book.Say(
                        fresh with
                        {
                            Phase = new TaskPhase.Queued(book.Now, false),
                            Attempts = Attempts.None with { Count = 1 },
                        },
                        "Restarted from the beginning."
                    );
            }
        );
        await results.DeleteAsync(task);
        if (restarted?.IsSplitMergeParent is true)
            await RemovePartsAsync(id, _ => true, "the gateway, because the task that it is part of is started again");
        return null;
    }
}
