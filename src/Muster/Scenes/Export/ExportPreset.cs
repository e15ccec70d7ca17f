using Muster.Faults;

namespace Muster.Scenes.Export;

/// <summary>The filter settings of one of DROID-SLAM's own programs.</summary>
/// <param name="Subsample">Every how many rows and columns a pixel is kept, from <paramref name="Offset"/> on.</param>
/// <param name="Threshold">How far two depths may differ and still agree, in scene units.</param>
/// <param name="Count">How many neighbours must agree.</param>
/// <param name="Ratio">How large an inverse depth must be, as a part of the mean.</param>
/// <param name="PerFrame">The mean is that of the key frame, not of the whole scene.</param>
/// <param name="Approximate">The program itself filters a map that is not saved; ours is read from the larger
/// one.</param>
public sealed record ExportPreset(
    string Name,
    int Subsample,
    int Offset,
    double Threshold,
    int Count,
    double Ratio,
    bool PerFrame,
    bool Approximate
)
{
    public static IReadOnlyList<ExportPreset> All { get; } =
    [
        new("upstream", 2, 0, 0.005, 3, 0.25, PerFrame: false, Approximate: false),
        new("live-2025", 8, 4, 0.02, 2, 0.25, PerFrame: false, Approximate: true),
        new("live-2022", 8, 3, 0.005, 2, 0.5, PerFrame: true, Approximate: true),
        new("fork-2023", 8, 3, 5, 2, 0.5, PerFrame: true, Approximate: true),
    ];

    public static ExportPreset Default => All[0];

    public static ExportPreset Get(string name) =>
        All.FirstOrDefault(preset => preset.Name == name)
        ?? throw UserException.Misuse(
            $"there is no preset '{name}'",
            $"Choose one of {string.Join(", ", All.Select(preset => preset.Name))}."
        );
}
