using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Evaluation;

/// <summary>Poses of an estimate and a reference, pair by pair, the estimate brought into place.</summary>
public sealed record MatchedPoses
{
    public required double[] Times { get; init; }
    public required Pose[] Reference { get; init; }
    public required Pose[] Estimate { get; init; }

    /// <summary>What was done to the estimate.</summary>
    public required Similarity Alignment { get; init; }

    public static MatchedPoses Of(
        Trajectory reference,
        Trajectory estimate,
        Association association,
        AlignmentMode mode,
        int? alignFirst = null
    )
    {
        var pairs = association.Pair(reference, estimate);
        Pose[] there = [.. pairs.Select(pair => reference.Poses[pair.Reference])],
            here = [.. pairs.Select(pair => estimate.Poses[pair.Estimate])];
        var alignment = Evaluation.Alignment.Fit(mode, here, there, alignFirst);
        return new()
        {
            Times = [.. pairs.Select(pair => estimate.Times[pair.Estimate])],
            Reference = there,
            Estimate = Array.ConvertAll(here, alignment.Apply),
            Alignment = alignment,
        };
    }

    /// <summary>How far the reference had travelled at each pose.</summary>
    public double[] Travelled()
    {
        var way = new double[Reference.Length];
        for (var i = 1; i < way.Length; i++)
            way[i] = way[i - 1] + (Reference[i].Position - Reference[i - 1].Position).Length;
        return way;
    }
}
