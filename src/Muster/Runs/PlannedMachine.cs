namespace Muster.Runs;

/// <summary>The machine of a cloud that a run is on; its name is the plan's host.</summary>
/// <param name="Type">The provider's word.</param>
public sealed record PlannedMachine(Guid Id, string Type);
