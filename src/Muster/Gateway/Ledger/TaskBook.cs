using System.Collections.Concurrent;
using System.Collections.Immutable;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Ledger;

/// <summary>The tasks as one change finds and leaves them. Nobody else sees it before it is on disk.</summary>
/// <param name="earlier">What changes before this one have made, and is written with it.</param>
public sealed class TaskBook(
    ConcurrentDictionary<Guid, GatewayTask> known,
    TaskBatch earlier,
    Func<long> nextOrder,
    DateTimeOffset now
)
{
    /// <summary>Of a task's life that are remembered, so that one which is tried again and again stays small.</summary>
    private const int MostSteps = 100;

    private readonly TaskBatch _made = new();

    public DateTimeOffset Now => now;

    public GatewayTask? Find(Guid id) =>
        Changed(_made, id, out var mine) ? mine
        : Changed(earlier, id, out var theirs) ? theirs
        : known.GetValueOrDefault(id);

    private static bool Changed(TaskBatch batch, Guid id, out GatewayTask? task) =>
        batch.Tasks.TryGetValue(id, out task) || batch.Removed.Contains(id);

    public long NextOrder() => nextOrder();

    public GatewayTask Put(GatewayTask task)
    {
        _made.Removed.Remove(task.Id);
        var step = StepOf(task.Phase);
        if (task.Steps is not [.., var last] || (last.Phase, last.Node) != (step.Phase, step.Node))
            task = task with { Steps = [.. (task.Steps ?? []).TakeLast(MostSteps - 1), step] };
        if (task is { Ahead: { } ahead, Phase: not (TaskPhase.Receiving or TaskPhase.Queued) })
        {
            if (task.Phase.Slot != (ahead.Node, ahead.OnNode))
                Forget(ahead);
            task = task with { Ahead = null };
        }
        if (task.Phase is TaskPhase.Ended && Find(task.Id)?.Phase.IsLive is true)
            task = task with { WebhookDue = task.Webhook is not null, FinishDue = Caller.IsOfProvider(task.Owner) };
        return _made.Tasks[task.Id] = task;
    }

    private TaskStep StepOf(TaskPhase phase) =>
        new(
            phase is TaskPhase.Ended end ? end.Code.ToString().ToLowerInvariant() : phase.Word,
            now,
            phase.IsLive ? phase.Place?.Node : null
        );

    /// <summary>Its files are not to go there any longer, and what came there is forgotten.</summary>
    public GatewayTask GiveUpAhead(GatewayTask task)
    {
        if (task.Ahead is { } ahead)
            Forget(ahead);
        return task with { Ahead = null };
    }

    /// <summary>The node is told to forget a task that was never committed there.</summary>
    public void Forget(Ahead ahead) => Request(new(ahead.Node, ahead.OnNode, Remove: true, HoldsSlot: false));

    public void Remove(Guid id)
    {
        if (Find(id)?.Ahead is { } ahead)
            Forget(ahead);
        _made.Tasks.Remove(id);
        _made.Removed.Add(id);
    }

    /// <summary>Gives the task another file. It is kept with the rest of the change.</summary>
    public GatewayTask AddFile(GatewayTask task, SpoolFile file)
    {
        _made.Files.Add((task.Id, file));
        return Put(
            task with
            {
                Received = task.Received.SetItem(file.Name, file),
                Files = task.Files + 1,
                Images = task.Images + (UploadName.IsImage(file.Name) ? 1 : 0),
                Bytes = task.Bytes + file.Bytes,
            }
        );
    }

    /// <summary>The task has no more files in the spool.</summary>
    public GatewayTask DropFiles(GatewayTask task)
    {
        _made.FilesGone.Add(task.Id);
        return Put(task with { HasFiles = false, Received = ImmutableDictionary<string, SpoolFile>.Empty });
    }

    public GatewayTask Say(GatewayTask task, params IReadOnlyList<string> lines)
    {
        if (lines.Count == 0)
            return task;
        _made.Output.Add(new(task.Id, task.Lines, lines));
        return Put(task with { Lines = task.Lines + lines.Count });
    }

    public GatewayTask ClearOutput(GatewayTask task)
    {
        _made.Output.RemoveAll(lines => lines.Task == task.Id);
        _made.OutputGone.Add(task.Id);
        return Put(task with { Lines = 0 });
    }

    public void Request(NodeChore chore) => _made.Chores.Add(chore);

    public void Fulfilled(NodeChore chore) => _made.ChoresDone.Add(chore);

    public void Note(string kind, string text, Guid? task = null, string? node = null) =>
        _made.Events.Add(new(0, now, kind, text, task, node));

    /// <summary>The change is whole: it is written with those before it.</summary>
    internal void Close() => earlier.Add(_made);
}
