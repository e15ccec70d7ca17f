using System.CommandLine;

namespace Muster.Cli.Scenes;

/// <summary>Where scenes are read from and what is written of them.</summary>
internal static class ScenePaths
{
    public static Argument<string> Argument() =>
        new("PATH")
        {
            Description = "Output of `scene export`, a PLY file, a COLMAP model, a trajectory, or DROID-SLAM output.",
        };
}
