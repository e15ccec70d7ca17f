namespace Muster.Gateway.Model;

/// <summary>Something that happened, for people and pages.</summary>
/// <param name="Number">Rises; an event stream goes on behind it. 0 until it is written.</param>
public sealed record GatewayEvent(
    long Number,
    DateTimeOffset At,
    string Kind,
    string Text,
    Guid? Task = null,
    string? Node = null
);

/// <summary>A request that a node has not taken yet: the task is over or elsewhere.</summary>
/// <param name="Remove">Forget it and its files; else only stop it.</param>
/// <param name="HoldsSlot">The node may be working on it still.</param>
public sealed record NodeChore(string Node, Guid OnNode, bool Remove, bool HoldsSlot);
