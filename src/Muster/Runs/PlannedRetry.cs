using System.Text.Json.Serialization;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>After which ends a run is launched again by itself, and how often at most.</summary>
public sealed record PlannedRetry(int Times, IReadOnlyList<Outcome> On)
{
    /// <summary>The ends that a run may be launched again after.</summary>
    public static readonly IReadOnlyList<Outcome> Possible =
    [
        Outcome.Preempted,
        Outcome.NodeFailed,
        Outcome.OutOfMemory,
        Outcome.Lost,
        Outcome.TimedOut,
        Outcome.Failed,
    ];

    /// <summary>Those that it is no fault of the command to have come to.</summary>
    public static readonly IReadOnlyList<Outcome> Usual =
    [
        Outcome.Preempted,
        Outcome.NodeFailed,
        Outcome.OutOfMemory,
        Outcome.Lost,
    ];

    /// <summary>By how much its memory grows each time that it ran out of it.</summary>
    public double? GrowMemory { get; init; }

    /// <summary>A line for the shell that takes the command's place from the second attempt on.</summary>
    public string? Resume { get; init; }

    /// <summary>What it asks for at first, in megabytes.</summary>
    public int? Memory { get; init; }

    /// <summary>A scheduler's own requeue does the same.</summary>
    [JsonIgnore]
    public bool WantsRequeue => On.Contains(Outcome.Preempted) || On.Contains(Outcome.NodeFailed);

    /// <summary>What the attempt after these asks for; null where it is what it was at first.</summary>
    public int? MemoryAfter(IReadOnlyList<Attempt> attempts) =>
        GrowMemory is { } factor
        && Memory is { } memory
        && attempts.Count(attempt => attempt.Outcome is Outcome.OutOfMemory) is > 0 and var times
            ? (int)Math.Min(Math.Ceiling(memory * Math.Pow(factor, times)), int.MaxValue)
            : null;
}

/// <summary>An attempt that has ended and was followed by another.</summary>
/// <param name="Restarts">How often its scheduler itself began it again.</param>
public sealed record Attempt(Outcome Outcome, DateTimeOffset At, string Text, int Restarts)
{
    /// <summary>How often the run was begun again, the attempt after these counted.</summary>
    public static int Begun(IReadOnlyList<Attempt> attempts) => attempts.Sum(attempt => 1 + attempt.Restarts);
}
