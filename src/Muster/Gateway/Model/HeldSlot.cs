namespace Muster.Gateway.Model;

/// <summary>A task that holds a slot of a node.</summary>
public sealed record HeldSlot(string Node, string Share, bool ByParent);
