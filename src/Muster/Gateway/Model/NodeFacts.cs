namespace Muster.Gateway.Model;

/// <summary>What a node said about itself when it last answered.</summary>
public sealed record NodeFacts
{
    public string Version { get; init; } = "?";
    public string Engine { get; init; } = "?";
    public string EngineVersion { get; init; } = "?";

    /// <summary>Null when it takes any number.</summary>
    public int? MaxImages { get; init; }
    public int Slots { get; init; }

    /// <summary>Tasks in its own queue, ours and those of others.</summary>
    public int Queue { get; init; }

    /// <summary>Those of them that are not ours.</summary>
    public int Foreign { get; init; }
    public long? TotalMemory { get; init; }
    public long? AvailableMemory { get; init; }
    public int? Cores { get; init; }
}
