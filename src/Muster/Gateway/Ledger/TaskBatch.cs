using Muster.Gateway.Model;

namespace Muster.Gateway.Ledger;

/// <summary>What is written in one transaction.</summary>
public sealed class TaskBatch
{
    public Dictionary<Guid, GatewayTask> Tasks { get; } = [];
    public HashSet<Guid> Removed { get; } = [];
    public List<(Guid Task, SpoolFile File)> Files { get; } = [];
    public HashSet<Guid> FilesGone { get; } = [];
    public List<OutputLines> Output { get; } = [];
    public HashSet<Guid> OutputGone { get; } = [];
    public List<NodeChore> Chores { get; } = [];
    public List<NodeChore> ChoresDone { get; } = [];
    public List<GatewayEvent> Events { get; } = [];

    public bool IsEmpty =>
        Tasks.Count
            + Removed.Count
            + Files.Count
            + FilesGone.Count
            + Output.Count
            + OutputGone.Count
            + Chores.Count
            + ChoresDone.Count
            + Events.Count
        == 0;

    /// <summary>Takes what was made after all this.</summary>
    internal void Add(TaskBatch later)
    {
        foreach (var id in later.Removed)
        {
            Tasks.Remove(id);
            Removed.Add(id);
        }
        foreach (var (id, task) in later.Tasks)
        {
            Removed.Remove(id);
            Tasks[id] = task;
        }
        if (later.OutputGone.Count > 0)
            Output.RemoveAll(lines => later.OutputGone.Contains(lines.Task));
        OutputGone.UnionWith(later.OutputGone);
        Output.AddRange(later.Output);
        Files.AddRange(later.Files);
        FilesGone.UnionWith(later.FilesGone);
        if (later.Chores.Count > 0)
            ChoresDone.RemoveAll(later.Chores.Contains);
        Chores.AddRange(later.Chores);
        ChoresDone.AddRange(later.ChoresDone);
        Events.AddRange(later.Events);
    }
}

/// <summary>Lines of a task's output, from the one numbered <paramref name="First"/> on.</summary>
public sealed record OutputLines(Guid Task, int First, IReadOnlyList<string> Lines);
