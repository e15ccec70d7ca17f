namespace Muster.Gateway.Model;

/// <summary>What a task asks of a node.</summary>
public sealed record TaskNeed(int Images)
{
    /// <summary>Nodes that have failed it.</summary>
    public IReadOnlyCollection<string> Avoid { get; init; } = [];

    /// <summary>Memory that was not enough: the node must have more.</summary>
    public long? MoreMemoryThan { get; init; }

    /// <summary>A limit of images whose node was too small: the node must take more.</summary>
    public int? MoreImagesThan { get; init; }

    /// <summary>How long tasks like it took; null where that does not matter.</summary>
    public TimeSpan? LikelyTime { get; init; }

    /// <summary>The node that has files of it already.</summary>
    public string? Ahead { get; init; }

    /// <summary>It sends parts of itself to other nodes and merges them itself at the end.</summary>
    public bool IsSplitMergeParent { get; init; }

    /// <summary>Nothing but its size decides where it can go.</summary>
    public bool IsPlain => Avoid.Count == 0 && MoreMemoryThan is null && MoreImagesThan is null && !IsSplitMergeParent;

    /// <summary>
    /// What ODM needs for so many images, after the table in its documentation: 4 GB and 50 MB an image.
    /// </summary>
    public long LikelyMemory => 4_000_000_000 + (Images * 50_000_000L);
}
