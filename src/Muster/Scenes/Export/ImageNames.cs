using System.Globalization;
using Muster.Faults;

namespace Muster.Scenes.Export;

/// <summary>
/// The images of a run in the order in which they were taken: as a file lists them, else as DROID-SLAM does, by the
/// code points of their names.
/// </summary>
public sealed record ImageNames(IReadOnlyList<string> Names)
{
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg"];

    /// <summary>From the folder of the images, or from a file with a name a line.</summary>
    public static ImageNames Read(string path)
    {
        try
        {
            var names = Directory.Exists(path)
                ? Directory
                    .EnumerateFiles(path)
                    .Select(file => Path.GetFileName(file)!)
                    .Where(name => Endings.Contains(Path.GetExtension(name).ToLowerInvariant()))
                    .Order(StringComparer.Ordinal)
                : File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#');
            return new([.. names]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"the image names cannot be read from {path}: {fault.Message}",
                "Name the folder of the images, or a file with a name a line, with --names.",
                fault
            );
        }
    }

    public bool AreNumbers => Names.Count > 0 && Names.All(name => IsNumber(Path.GetFileNameWithoutExtension(name)));

    internal static bool IsNumber(string text) =>
        text.Length > 0
        && double.TryParse(
            text,
            NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture,
            out var number
        )
        && double.IsFinite(number);
}
