namespace Muster.Runs;

/// <summary>The machine of a cloud that a run is on; its name is the plan's host.</summary>
/// <param name="Type">The provider's word.</param>
/// <param name="Image">What it is made of, where a run's container is the machine itself, as in a cluster.</param>
public sealed record PlannedMachine(Guid Id, string Type, string? Image = null);
