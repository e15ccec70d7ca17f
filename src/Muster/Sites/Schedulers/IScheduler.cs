using Muster.Shell;

namespace Muster.Sites.Schedulers;

/// <summary>What starts work on a site and knows of it: plain processes, or SLURM.</summary>
public interface IScheduler
{
    /// <summary>
    /// The shell functions <c>scheduler_start</c>, <c>scheduler_find</c> and <c>scheduler_stop</c> that the launcher
    /// calls.
    /// </summary>
    string LauncherScript { get; }

    /// <summary>One question about many jobs; null where the runs' own records already say everything.</summary>
    ShellText? Question(IReadOnlyCollection<string> handles);

    /// <summary>How many of the scheduler's commands a question takes at most.</summary>
    int MostCommands { get; }

    /// <summary>Reads the answer: a word for each handle, or none at all when the scheduler did not answer.</summary>
    SchedulerAnswer Read(string answer, IReadOnlyCollection<string> handles);
}

/// <summary>What a scheduler answered, and how many of its commands that took.</summary>
public sealed record SchedulerAnswer(IReadOnlyDictionary<string, SchedulerWord> Words, string? Silence, int Commands)
{
    /// <summary>When it was asked.</summary>
    public DateTimeOffset At { get; init; }
}
