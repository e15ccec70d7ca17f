using Muster.Scenes;
using Muster.Scenes.Export;
using Muster.Scenes.Geometry;
using Muster.Scenes.Looking;

namespace Muster.Cli.Scenes;

/// <summary>What `scene show --json` answers.</summary>
public sealed record SceneView
{
    public int Schema { get; init; } = 1;
    public required string Path { get; init; }
    public required string Kind { get; init; }
    public required long Points { get; init; }
    public required int Cameras { get; init; }
    public int? ImageWidth { get; init; }
    public int? ImageHeight { get; init; }
    public Vec3? Centroid { get; init; }
    public Bounds? Bounds { get; init; }

    /// <summary>The bounds without the farthest hundredth at each side.</summary>
    public Bounds? Core { get; init; }
    public required double WayLength { get; init; }

    /// <summary>Half of the points are nearer to the middle of the way.</summary>
    public double? TypicalDistance { get; init; }
    public IReadOnlyList<SceneWarning> Warnings { get; init; } = [];
    public IReadOnlyList<string> Files { get; init; } = [];

    public static SceneView Of(Scene scene, SceneSurvey survey) =>
        new()
        {
            Path = scene.Path,
            Kind = scene.Kind,
            Points = survey.Points,
            Cameras = survey.Cameras,
            ImageWidth = scene.ImageSize?.Width,
            ImageHeight = scene.ImageSize?.Height,
            Centroid = survey.Centroid,
            Bounds = survey.Bounds,
            Core = survey.Core,
            WayLength = survey.Way,
            TypicalDistance = survey.Typical,
            Warnings = scene.Warnings,
        };
}

/// <summary>What `scene view` and `scene thin` answer with `--json`.</summary>
public sealed record SceneFileView(int Schema, string File, long Points, long PointsBefore, long Bytes);
