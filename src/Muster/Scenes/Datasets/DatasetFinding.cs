namespace Muster.Scenes.Datasets;

public enum FindingLevel
{
    Warning,
    Error,
}

/// <summary>One thing that a check found, under its number.</summary>
public sealed record DatasetFinding(FindingLevel Level, int Code, string Text)
{
    public override string ToString() => $"{(Level == FindingLevel.Error ? 'E' : 'W')}{Code} {Text}";
}

/// <summary>What was measured of a sequence. What could not be measured is not there.</summary>
public sealed record SequenceFigures
{
    public int Images { get; init; }
    public int? Width { get; init; }
    public int? Height { get; init; }
    public double? KnownDepth { get; init; }
    public double? DepthLeast { get; init; }
    public double? DepthMedian { get; init; }
    public double? DepthMost { get; init; }
    public double? LargestStep { get; init; }
    public double? MedianStep { get; init; }

    /// <summary>
    /// The median difference of grey between an image and the next, seen through depths and poses, and where both are
    /// laid over each other.
    /// </summary>
    public double? WarpError { get; init; }
    public double? IdentityError { get; init; }

    /// <summary>How many images have moved less than 8, 8 to 96, and more than 96 pixels from the one before.</summary>
    public int? FlowBelow { get; init; }
    public int? FlowWithin { get; init; }
    public int? FlowAbove { get; init; }
    public int? ClipStarts { get; init; }
}

/// <summary>A sequence of a data set, what is wrong with it and what was measured.</summary>
public sealed record SequenceReport(string Path, SequenceFigures Figures, IReadOnlyList<DatasetFinding> Findings)
{
    public bool IsSound => Findings.All(finding => finding.Level != FindingLevel.Error);
}
