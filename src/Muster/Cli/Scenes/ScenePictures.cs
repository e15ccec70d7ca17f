using Muster.Faults;
using Muster.Scenes.Drawing;
using Muster.Scenes.Formats.Png;

namespace Muster.Cli.Scenes;

/// <summary>Pictures as files.</summary>
internal static class ScenePictures
{
    /// <summary>The same drawing as vectors and as pixels.</summary>
    public static IReadOnlyList<string> Write(string folder, string name, Sketch sketch) =>
        Writing(
            folder,
            () =>
            {
                Directory.CreateDirectory(folder);
                var svg = Path.Combine(folder, $"{name}.svg");
                File.WriteAllText(svg, sketch.ToSvg());
                return [svg, .. Write(Path.Combine(folder, $"{name}.png"), sketch.ToPixels())];
            }
        );

    public static IReadOnlyList<string> Write(string png, Raster raster) =>
        Writing(
            png,
            () =>
            {
                using var file = File.Create(png);
                PngWriter.Write(file, raster);
                return [png];
            }
        );

    private static IReadOnlyList<string> Writing(string path, Func<IReadOnlyList<string>> write)
    {
        try
        {
            return write();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"{path} cannot be written: {fault.Message}",
                "Name a folder that may be written to.",
                fault
            );
        }
    }
}
