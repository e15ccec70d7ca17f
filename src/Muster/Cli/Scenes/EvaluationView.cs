using Muster.Cli.Context;
using Muster.Scenes.Evaluation;
using Muster.Scenes.Geometry;

namespace Muster.Cli.Scenes;

/// <summary>What `scene evaluate --json` answers.</summary>
public sealed record EvaluationView
{
    public int Schema { get; init; } = 1;
    public required string Metric { get; init; }
    public required string Reference { get; init; }
    public required string Estimate { get; init; }
    public required int ReferencePoses { get; init; }
    public required int EstimatePoses { get; init; }
    public required int Pairs { get; init; }
    public required AssociationView Association { get; init; }
    public required AlignmentView Alignment { get; init; }
    public DeltaView? Delta { get; init; }
    public required ErrorStatistics TranslationMetres { get; init; }
    public required ErrorStatistics RotationDegrees { get; init; }
    public IReadOnlyList<string> Files { get; init; } = [];
}

public sealed record AssociationView(string Mode, double MaxDifference, double Offset);

public sealed record AlignmentView(string Mode, double Scale, double[] RotationRowMajor, double[] Translation)
{
    public static AlignmentView Of(AlignmentMode mode, Similarity fit)
    {
        var (r, t) = (fit.Rotation, fit.Translation);
        return new(
            Choice.Word(mode),
            fit.Scale,
            [r.M11, r.M12, r.M13, r.M21, r.M22, r.M23, r.M31, r.M32, r.M33],
            [t.X, t.Y, t.Z]
        );
    }
}

public sealed record DeltaView(double Size, string Unit, string Pairs, string Convention);

/// <summary>What `scene evaluate suite --json` answers.</summary>
public sealed record SuiteView(
    int Schema,
    string Suite,
    string Source,
    bool Passed,
    double? Mean,
    double? MeanPublished,
    double? MeanAllowed,
    double? Score,
    double? ScorePublished,
    double? ScoreTight,
    IReadOnlyList<SequenceResult> Sequences
)
{
    public static SuiteView Of(SuiteResult result) =>
        new(
            1,
            result.Suite.Name,
            result.Suite.Source,
            result.Passed,
            result.Mean,
            result.Suite.Mean,
            result.MeanAllowed,
            result.Score,
            result.Suite.Score,
            result.ScoreTight,
            result.Sequences
        );
}
