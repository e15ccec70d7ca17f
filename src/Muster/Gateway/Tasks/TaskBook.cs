using System.Collections.Concurrent;
using System.Collections.Immutable;
using Muster.Gateway.Spool;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Tasks;

/// <summary>The tasks as a change finds and leaves them. Nobody else sees it before it is on disk.</summary>
public sealed class TaskBook(ConcurrentDictionary<Guid, GatewayTask> known, TaskBatch batch, Func<long> nextOrder, DateTimeOffset now)
{
    public DateTimeOffset Now => now;

    public GatewayTask? Find(Guid id) => batch.Removed.Contains(id) ? null : batch.Tasks.TryGetValue(id, out var changed) ? changed : known.GetValueOrDefault(id);

    /// <summary>All live tasks, and those that ended lately.</summary>
    public IEnumerable<GatewayTask> All() => known.Keys.Union(batch.Tasks.Keys).Select(Find).OfType<GatewayTask>();

    public long NextOrder() => nextOrder();

    public GatewayTask Put(GatewayTask task)
    {
        batch.Removed.Remove(task.Id);
        if (task.Phase is TaskPhase.Ended && Find(task.Id)?.Phase.IsLive is true) task = task with { WebhookDue = task.Webhook is not null, FinishDue = LightningProvider.IsOwner(task.Owner) };
        return batch.Tasks[task.Id] = task;
    }

    public void Remove(Guid id)
    {
        batch.Tasks.Remove(id);
        batch.Removed.Add(id);
    }

    /// <summary>Gives the task another file. It is kept with the rest of the change.</summary>
    public GatewayTask AddFile(GatewayTask task, SpoolFile file)
    {
        batch.Files.Add((task.Id, file));
        return Put(task with { Received = task.Received.SetItem(file.Name, file) });
    }

    /// <summary>The task has no more files in the spool.</summary>
    public GatewayTask DropFiles(GatewayTask task)
    {
        batch.FilesGone.Add(task.Id);
        return Put(task with { HasFiles = false, Received = ImmutableDictionary<string, SpoolFile>.Empty });
    }

    public GatewayTask Say(GatewayTask task, params IReadOnlyList<string> lines)
    {
        if (lines.Count == 0) return task;
        batch.Output.Add(new(task.Id, task.Lines, lines));
        return Put(task with { Lines = task.Lines + lines.Count });
    }

    public GatewayTask ClearOutput(GatewayTask task)
    {
        batch.Output.RemoveAll(lines => lines.Task == task.Id);
        batch.OutputGone.Add(task.Id);
        return Put(task with { Lines = 0 });
    }

    public void Wish(NodeChore chore) => batch.Chores.Add(chore);

    public void Fulfilled(NodeChore chore) => batch.ChoresDone.Add(chore);

    public void Note(string kind, string text, Guid? task = null, string? node = null) => batch.Events.Add(new(0, now, kind, text, task, node));
}
