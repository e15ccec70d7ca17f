using Muster.Scenes.Formats.Colmap;
using Muster.Scenes.Formats.Ply;

namespace Muster.Scenes.Export;

/// <summary>What is kept of a reconstruction, and how it is written.</summary>
public sealed record ExportOptions
{
    public ExportPreset Filter { get; init; } = ExportPreset.Default;

    /// <summary>Neighbours are the three before and the three after, not DROID-SLAM's own odd choice.</summary>
    public bool Symmetric { get; init; }

    /// <summary>Thin the cloud to one point in a cube of this size, in units of the output.</summary>
    public double? Voxel { get; init; }

    /// <summary>Nothing farther from its camera, in scene units.</summary>
    public double? MaxDepth { get; init; }

    /// <summary>Only these key frames are written. All of them still vote.</summary>
    public Range Keyframes { get; init; } = Range.All;

    /// <summary>What the first row of the trajectory is the pose of.</summary>
    public int FirstFrame { get; init; }

    public double Scale { get; init; } = 1;
    public PlyFormat Ply { get; init; }
    public bool PlyDoubles { get; init; }
    public bool CamerasPly { get; init; }
    public bool Tum { get; init; } = true;
    public bool Kitti { get; init; }
    public ColmapForm? Colmap { get; init; }
    public bool DepthMaps { get; init; }
    public bool Images { get; init; }
}
