namespace Muster.Gateway.Model;

/// <summary>How the whole cluster stood in one hour, with a value for each minute: null where nobody looked.</summary>
public sealed record ClusterHour
{
    /// <summary>The most tasks that waited for a place.</summary>
    public IReadOnlyList<int?> Waiting { get; init; } = new int?[NodeHour.Minutes];

    /// <summary>How long the first of them had waited, in seconds.</summary>
    public IReadOnlyList<int?> OldestWait { get; init; } = new int?[NodeHour.Minutes];

    /// <summary>The most tasks that nodes worked on.</summary>
    public IReadOnlyList<int?> Running { get; init; } = new int?[NodeHour.Minutes];

    /// <summary>The most slots that tasks of ours held.</summary>
    public IReadOnlyList<int?> SlotsHeld { get; init; } = new int?[NodeHour.Minutes];

    /// <summary>Of nodes that were online.</summary>
    public IReadOnlyList<int?> Slots { get; init; } = new int?[NodeHour.Minutes];

    /// <summary>The fewest.</summary>
    public IReadOnlyList<int?> NodesOnline { get; init; } = new int?[NodeHour.Minutes];
    public IReadOnlyList<int?> Nodes { get; init; } = new int?[NodeHour.Minutes];

    /// <summary>Tasks that ended so in that minute.</summary>
    public IReadOnlyList<int?> Completed { get; init; } = new int?[NodeHour.Minutes];
    public IReadOnlyList<int?> Failed { get; init; } = new int?[NodeHour.Minutes];
    public IReadOnlyList<int?> Cancelled { get; init; } = new int?[NodeHour.Minutes];
}
