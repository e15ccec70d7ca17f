using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>What an export did, as `export.json` keeps it.</summary>
public sealed record ExportReport
{
    public int Schema { get; init; } = 1;
    public required string Source { get; init; }
    public required string Folder { get; init; }
    public required FilterReport Filter { get; init; }
    public required int Keyframes { get; init; }
    public int? TrackedFrames { get; init; }
    public required int GridWidth { get; init; }
    public required int GridHeight { get; init; }
    public required string Timestamps { get; init; }
    public required int Stride { get; init; }
    public required double Scale { get; init; }
    public required double MeanDisparity { get; init; }

    /// <summary>How many pixels had no vote, one vote, and so on to six.</summary>
    public required IReadOnlyList<long> Votes { get; init; }

    /// <summary>Before thinning.</summary>
    public required long PointsKept { get; init; }
    public required IReadOnlyList<int> PointsByKeyframe { get; init; }
    public required long Points { get; init; }
    public required Vec3? Centroid { get; init; }
    public required Bounds? Bounds { get; init; }
    public required IReadOnlyList<string> Files { get; init; }
    public required IReadOnlyList<SceneWarning> Warnings { get; init; }
}

/// <param name="Approximate">The preset's own program works on a map that is not saved; this one was read from the
/// larger map.</param>
public sealed record FilterReport(
    string Preset,
    double Threshold,
    int Count,
    double MinDispRatio,
    string MeanScope,
    int Subsample,
    int Offset,
    string Neighbours,
    double? Voxel,
    double? MaxDepth,
    bool Approximate
);

/// <summary>The smallest box around points.</summary>
public sealed record Bounds(Vec3 Min, Vec3 Max)
{
    [JsonIgnore]
    public Vec3 Size => Max - Min;

    [JsonIgnore]
    public Vec3 Centre => 0.5 * (Min + Max);
}

/// <summary>How an export is stored beside its files.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ExportReport))]
internal sealed partial class ExportJson : JsonSerializerContext
{
    /// <summary>For files that people read.</summary>
    public static ExportJson Indented { get; } =
        new(
            new JsonSerializerOptions
            {
                PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
                DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
                WriteIndented = true,
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
