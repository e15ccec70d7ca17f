namespace Muster.Runs;

/// <summary>What the command reads as its standard input: a local file, which is kept for another time.</summary>
public sealed record PlannedStdin(string Path)
{
    /// <summary>Its size; null until it was read to its end.</summary>
    public long? Bytes { get; init; }
}
