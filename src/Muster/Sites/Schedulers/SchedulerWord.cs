namespace Muster.Sites.Schedulers;

/// <summary>
/// The scheduler's word on a job, in our terms. Absent is a word too: it answered and does not know the job.
/// </summary>
public abstract record SchedulerWord
{
    private SchedulerWord() { }

    public sealed record Waiting(string Reason) : SchedulerWord;

    public sealed record Running(string Where, DateTimeOffset? Since) : SchedulerWord;

    public sealed record Ended(Outcome Outcome, int? Code, string Text) : SchedulerWord;

    public sealed record Absent : SchedulerWord;

    /// <summary>It said something that is no end, such as a state that is new to us.</summary>
    public sealed record Other(string Text) : SchedulerWord;
}
