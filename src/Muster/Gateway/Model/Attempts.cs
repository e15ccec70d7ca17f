namespace Muster.Gateway.Model;

/// <summary>What is remembered of earlier attempts at a task.</summary>
public sealed record Attempts
{
    public static readonly Attempts None = new();

    /// <summary>How often it was taken from a node, for any reason.</summary>
    public int Count { get; init; }

    /// <summary>How often of these the node had begun.</summary>
    public int Begun { get; init; }

    /// <summary>Nodes that could not do it, and are not asked again for this task.</summary>
    public IReadOnlyList<string> Avoid { get; init; } = [];
    public long? MoreMemoryThan { get; init; }
    public int? MoreImagesThan { get; init; }

    /// <summary>What the task asks of its next node.</summary>
    public TaskNeed Need(int images, bool isParent) =>
        new(images)
        {
            Avoid = Avoid,
            MoreMemoryThan = MoreMemoryThan,
            MoreImagesThan = MoreImagesThan,
            IsSplitMergeParent = isParent,
        };
}
