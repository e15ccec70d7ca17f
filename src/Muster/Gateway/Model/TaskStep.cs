namespace Muster.Gateway.Model;

/// <summary>When a task came into a phase, and on which node; the next one ends it.</summary>
/// <param name="Phase">As <see cref="TaskPhase.Word"/> says it; for an end, the state that it ended in.</param>
public sealed record TaskStep(string Phase, DateTimeOffset At, string? Node = null);
