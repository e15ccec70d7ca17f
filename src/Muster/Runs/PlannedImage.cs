namespace Muster.Runs;

/// <summary>The image of a run as one of its hosts has it.</summary>
/// <param name="Runtime">What runs it; empty where only the compute nodes know.</param>
/// <param name="Image">A path, below the site's root if it is none from <c>/</c>; or its number in the runtime's own
/// storage.</param>
public sealed record PlannedImage(string? Host, string Runtime, string Image)
{
    /// <summary>What its registry calls this content; of a file, its hash.</summary>
    public string? Digest { get; init; }

    /// <summary>From where a compute node loads it that lacks it.</summary>
    public string? Archive { get; init; }
}
