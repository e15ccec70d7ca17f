using System.Text;
using Muster.Scenes.Drawing;

namespace Muster.Cli.Terminal;

/// <summary>
/// A picture as lines of text: two pixels a letter where the terminal has colours, else darker and lighter letters.
/// </summary>
internal static class TextPicture
{
    private const string Shades = " .:-=+*#%@";

    public static IEnumerable<string> Lines(Raster picture, int width, TextColours colours)
    {
        var small = Shrunk(
            picture,
            width,
            Math.Max(2, (int)Math.Round((double)width * picture.Height / picture.Width / 2) * 2)
        );
        for (var y = 0; y + 1 < small.Height; y += 2)
        {
            var line = new StringBuilder();
            for (var x = 0; x < small.Width; x++)
            {
                var (above, below) = (small[x, y], small[x, y + 1]);
                if (colours == TextColours.None)
                    line.Append(
                        Shades[Math.Min(Shades.Length - 1, (Light(above) + Light(below)) * Shades.Length / 512)]
                    );
                else
                    line.Append($"\u001b[38;{Code(above, colours)};48;{Code(below, colours)}m▀");
            }
            yield return colours == TextColours.None ? line.ToString().TrimEnd() : line.Append("\u001b[0m").ToString();
        }
    }

    /// <summary>What this terminal can show.</summary>
    public static TextColours ColoursHere() =>
        Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } ? TextColours.None
        : Environment.GetEnvironmentVariable("COLORTERM") is "truecolor" or "24bit" ? TextColours.All
        : Environment.GetEnvironmentVariable("TERM")?.Contains("256color", StringComparison.Ordinal) is true
            ? TextColours.Cube
        : TextColours.None;

    /// <summary>The brightest pixel of each field: thin things on a dark ground must not fade.</summary>
    private static Raster Shrunk(Raster picture, int width, int height)
    {
        var small = new Raster(width, height);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var best = picture[x * picture.Width / width, y * picture.Height / height];
                for (var row = y * picture.Height / height; row < (y + 1) * picture.Height / height; row++)
                {
                    for (var column = x * picture.Width / width; column < (x + 1) * picture.Width / width; column++)
                        if (Light(picture[column, row]) > Light(best))
                            best = picture[column, row];
                }
                small[x, y] = best;
            }
        }
        return small;
    }

    private static int Light(Ink ink) => ((54 * ink.Red) + (183 * ink.Green) + (19 * ink.Blue)) >> 8;

    private static string Code(Ink ink, TextColours colours)
    {
        static int Step(byte value) => (value * 5 + 127) / 255;
        return colours == TextColours.All
            ? $"2;{ink.Red};{ink.Green};{ink.Blue}"
            : $"5;{16 + (36 * Step(ink.Red)) + (6 * Step(ink.Green)) + Step(ink.Blue)}";
    }
}

/// <summary>None, the six-by-six-by-six cube, or all of them.</summary>
internal enum TextColours
{
    None,
    Cube,
    All,
}
