namespace Muster.Gateway.Model;

/// <summary>
/// The node to which a task's files go while they still come in: the one that it would get. It is written down before
/// the first byte goes there, and cleared when the task is placed there or the node is told to forget it.
/// </summary>
/// <param name="OnNode">Its id there.</param>
public sealed record Ahead(string Node, Guid OnNode);
