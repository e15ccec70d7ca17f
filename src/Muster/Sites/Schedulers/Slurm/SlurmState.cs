namespace Muster.Sites.Schedulers.Slurm;

/// <summary>How a job ended, in SLURM's judgement.</summary>
public enum SlurmEnd
{
    Completed,
    Failed,
    Cancelled,
    TimedOut,
    OutOfMemory,
    NodeFailed,
    Preempted,
    DeadlineMissed,
}

/// <summary>Where SLURM says a job is, with the word it said.</summary>
public abstract record SlurmState
{
    private SlurmState(string word) => Word = word;

    public string Word { get; }

    /// <summary>It has not started, or has been put back into the queue.</summary>
    public sealed record Waiting(string Said) : SlurmState(Said);

    /// <summary>It holds its nodes.</summary>
    public sealed record Running(string Said) : SlurmState(Said);

    /// <param name="By">The number of the user who cancelled it, where SLURM tells.</param>
    public sealed record Ended(string Said, SlurmEnd End, int? By = null) : SlurmState(Said);

    /// <summary>A word of another release: the job is left as it was, and waited for.</summary>
    public sealed record Unknown(string Said) : SlurmState(Said);

    /// <summary>
    /// Reads the word of <c>squeue</c>, <c>sacct</c> or <c>scontrol</c>: long (<c>PENDING</c>), compact (<c>PD</c>),
    /// cut off
    /// (<c>CANCELLED+</c>), or with more behind it (<c>CANCELLED by 1000</c>).
    /// </summary>
    public static SlurmState Read(string text)
    {
        var said = text.Trim();
        var word = said.Split(' ', 2)[0].ToUpperInvariant();
        return (word.EndsWith('+') ? Uncut(word) : word) switch
        {
            // REVOKED: another cluster of the federation runs it. SPECIAL_EXIT and the holds: back in the queue, and
            // held there.
            "PENDING"
            or "PD"
            or "CONFIGURING"
            or "CF"
            or "REQUEUED"
            or "RQ"
            or "REQUEUE_HOLD"
            or "RH"
            or "REQUEUE_FED"
            or "RF"
            or "RESV_DEL_HOLD"
            or "RD"
            or "SPECIAL_EXIT"
            or "SE"
            or "REVOKED"
            or "RV"
            or "POWER_UP_NODE"
            or "EXPEDITING" => new Waiting(said),
            // COMPLETING: the end is near and not yet known.
            "RUNNING"
            or "R"
            or "COMPLETING"
            or "CG"
            or "SUSPENDED"
            or "S"
            or "STOPPED"
            or "ST"
            or "SIGNALING"
            or "SI"
            or "STAGE_OUT"
            or "SO"
            or "RESIZING"
            or "RS" => new Running(said),
            "COMPLETED" or "CD" => new Ended(said, SlurmEnd.Completed),
            "FAILED" or "F" => new Ended(said, SlurmEnd.Failed),
            "CANCELLED" or "CA" => new Ended(said, SlurmEnd.Cancelled, CancelledBy(said)),
            "TIMEOUT" or "TO" => new Ended(said, SlurmEnd.TimedOut),
            "OUT_OF_MEMORY" or "OOM" => new Ended(said, SlurmEnd.OutOfMemory),
            "NODE_FAIL" or "NF" or "BOOT_FAIL" or "BF" => new Ended(said, SlurmEnd.NodeFailed),
            "PREEMPTED" or "PR" => new Ended(said, SlurmEnd.Preempted),
            "DEADLINE" or "DL" => new Ended(said, SlurmEnd.DeadlineMissed),
            _ => new Unknown(said),
        };
    }

    private static readonly string[] CutWords =
    [
        "PENDING",
        "CONFIGURING",
        "REQUEUED",
        "REQUEUE_HOLD",
        "REQUEUE_FED",
        "RESV_DEL_HOLD",
        "SPECIAL_EXIT",
        "REVOKED",
        "POWER_UP_NODE",
        "RUNNING",
        "COMPLETING",
        "SUSPENDED",
        "STOPPED",
        "SIGNALING",
        "STAGE_OUT",
        "RESIZING",
        "COMPLETED",
        "FAILED",
        "CANCELLED",
        "TIMEOUT",
        "OUT_OF_MEMORY",
        "NODE_FAIL",
        "BOOT_FAIL",
        "PREEMPTED",
        "DEADLINE",
    ];

    /// <summary>
    /// The one long word that begins like this: sacct cuts to a column's width unless told otherwise.
    /// </summary>
    private static string Uncut(string cut) =>
        cut.Length > 4
        && CutWords.Where(word => word.StartsWith(cut[..^1], StringComparison.Ordinal)).ToList() is [var only]
            ? only
            : cut;

    private static int? CancelledBy(string said) =>
        said.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, "by", var user]
        && int.TryParse(user, out var number)
            ? number
            : null;
}
