using System.Globalization;
using Muster.Shell;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>SLURM, asked through its own commands. Accounting may be missing or down.</summary>
public sealed class SlurmScheduler(TimeProvider clock)
{
    /// <summary>squeue, scontrol, sacct: each section of the answer stands for one.</summary>
    public const int MostCommands = 3;

    /// <summary>One question about many jobs.</summary>
    public ShellText Question(IReadOnlyCollection<JobHandle> handles)
    {
        var since = clock.GetUtcNow().AddDays(-30).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return ShellText.Script(
            "Sites/Schedulers/Slurm/see.sh",
            [SlurmText.Separator, SqueueLine.Format, SacctLine.Format, since, .. handles.Select(handle => handle.Text)]
        );
    }

    /// <summary>Reads the answer: a word for each handle, or none at all when the scheduler did not answer.</summary>
    public static SchedulerAnswer Read(string answer, IReadOnlyCollection<JobHandle> handles)
    {
        var words = new Dictionary<JobHandle, SchedulerWord>();
        var sections = Sections(answer);
        var squeue = sections.GetValueOrDefault("squeue");
        var silence = squeue is null or { Answered: false } ? squeue?.Silence ?? "no answer" : null;
        var live = SqueueLine.ReadAll(squeue?.Text ?? "").ToLookup(line => line.Job.Id);
        var described = ScontrolJob
            .ReadAll(sections.GetValueOrDefault("scontrol")?.Text ?? "")
            .ToLookup(job => job.Job.Id);
        var remembered = SacctLine
            .ReadAll(sections.GetValueOrDefault("sacct")?.Text ?? "")
            .ToLookup(line => line.Job.Id);
        foreach (var handle in handles)
        {
            if (SlurmJobId.Find(handle.Text) is { } job)
            {
                SchedulerWord[] all =
                    live.Contains(job.Id)
                        ? [.. live[job.Id].Select(line => Word(line.State, line.Reason, line.Nodes, line.Start, null))]
                    : described.Contains(job.Id)
                        ?
                        [
                            .. described[job.Id]
                                .Select(line => Word(line.State, line.Reason, line.Nodes, line.Start, line.ExitCode)),
                        ]
                    :
                    [
                        .. remembered[job.Id]
                            .Select(line => Word(line.State, null, line.Nodes, line.Start, line.ExitCode)),
                    ];
                if (all.Length > 0)
                    words[handle] = Together(all);
                else if (silence is null)
                    words[handle] = new SchedulerWord.Absent();
            }
        }
        return new(words, silence, Math.Max(1, sections.Count));
    }

    private sealed record Section(bool Answered, string? Silence, string Text);

    private static Dictionary<string, Section> Sections(string answer)
    {
        var sections = new Dictionary<string, Section>();
        foreach (var part in ("\n" + answer).Split("\n= ").Skip(1))
        {
            var end = part.IndexOf('\n');
            var head = (end < 0 ? part : part[..end]).Split(' ', 3);
            sections[head[0]] = new(
                head.ElementAtOrDefault(1) is "ok" or "unknown",
                head.ElementAtOrDefault(2),
                end < 0 ? "" : part[(end + 1)..]
            );
        }
        return sections;
    }

    private static SchedulerWord Word(
        SlurmState state,
        string? reason,
        string? nodes,
        DateTimeOffset? start,
        SlurmExitCode? exit
    ) =>
        state switch
        {
            SlurmState.Waiting => new SchedulerWord.Waiting(reason ?? (state.Word is "PENDING" ? "None" : state.Word)),
            SlurmState.Running => new SchedulerWord.Running(nodes ?? "", start),
            SlurmState.Ended ended => new SchedulerWord.Ended(
                OutcomeOf(ended.End),
                exit?.Code,
                $"SLURM says {state.Word}"
                    + $"{(exit is { } code ? $", exit code {code.Code}:{code.Signal}" : "")}"
                    + $"{(reason is null ? "" : $" ({reason})")}"
            ),
            _ => new SchedulerWord.Other(state.Word),
        };

    private static Outcome OutcomeOf(SlurmEnd end) =>
        end switch
        {
            SlurmEnd.Completed => Outcome.Succeeded,
            SlurmEnd.Cancelled => Outcome.Cancelled,
            SlurmEnd.TimedOut or SlurmEnd.DeadlineMissed => Outcome.TimedOut,
            SlurmEnd.OutOfMemory => Outcome.OutOfMemory,
            SlurmEnd.NodeFailed => Outcome.NodeFailed,
            SlurmEnd.Preempted => Outcome.Preempted,
            _ => Outcome.Failed,
        };

    /// <summary>The word on an array: it runs while one of its tasks does, and waits while one of them does.</summary>
    private static SchedulerWord Together(SchedulerWord[] tasks) =>
        tasks.OfType<SchedulerWord.Running>().FirstOrDefault() as SchedulerWord
        ?? tasks.OfType<SchedulerWord.Waiting>().FirstOrDefault() as SchedulerWord
        ?? tasks.OfType<SchedulerWord.Other>().FirstOrDefault() as SchedulerWord
        ?? tasks.OfType<SchedulerWord.Ended>().OrderBy(end => end.Outcome == Outcome.Succeeded).First();
}
