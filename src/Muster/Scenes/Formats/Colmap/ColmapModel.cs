using Muster.Scenes.Geometry;

namespace Muster.Scenes.Formats.Colmap;

public enum ColmapForm
{
    Text,
    Binary,
}

/// <summary>
/// A camera as COLMAP knows it: pixels are counted from their corners, so that principal points lie half a pixel
/// further than elsewhere in Muster.
/// </summary>
public sealed record ColmapCamera(uint Id, string Model, long Width, long Height, IReadOnlyList<double> Parameters)
{
    /// <summary>COLMAP's models by their numbers, and how many parameters each has.</summary>
    internal static readonly (string Name, int Parameters)[] Models =
    [
        ("SIMPLE_PINHOLE", 3),
        ("PINHOLE", 4),
        ("SIMPLE_RADIAL", 4),
        ("RADIAL", 5),
        ("OPENCV", 8),
        ("OPENCV_FISHEYE", 8),
        ("FULL_OPENCV", 12),
        ("FOV", 5),
        ("SIMPLE_RADIAL_FISHEYE", 4),
        ("RADIAL_FISHEYE", 5),
        ("THIN_PRISM_FISHEYE", 12),
    ];
}

/// <summary>Where an image was taken.</summary>
public sealed record ColmapImage(uint Id, Pose WorldToCamera, uint Camera, string Name);
