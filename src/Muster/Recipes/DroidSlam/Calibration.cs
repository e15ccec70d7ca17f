using System.Globalization;
using System.Text;

namespace Muster.Recipes.DroidSlam;

/// <summary>
/// A camera as one line of text: <c>fx fy cx cy</c> and the coefficients of its distortion in OpenCV's order.
/// </summary>
internal static class Calibration
{
    private static readonly int[] Counts = [4, 8, 9, 12, 16, 18];

    /// <param name="size">The size of the images, where it is known.</param>
    public static IEnumerable<RecipeFinding> Check(string path, (int Width, int Height)? size)
    {
        if (LineOf(path) is not { } line)
        {
            yield return RecipeFinding.Error(
                $"{path} must be a text of one line that is not empty and no comment",
                "E201"
            );
            yield break;
        }
        var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var numbers = words
            .Select(word =>
                double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : double.NaN
            )
            .ToList();
        if (!Counts.Contains(numbers.Count) || !numbers.All(double.IsFinite))
        {
            yield return RecipeFinding.Error(
                $"{path} must hold 4, 8, 9, 12, 16 or 18 numbers: fx fy cx cy, and k1 k2 p1 p2 [k3 [k4 k5 k6 …]]; it "
                    + $"holds {words.Length}{(numbers.All(double.IsFinite) ? "" : ", not all of them numbers")}",
                "E202"
            );
            yield break;
        }
        var (fx, fy, cx, cy) = (numbers[0], numbers[1], numbers[2], numbers[3]);
        if (!(fx > 0 && fy > 0))
            yield return RecipeFinding.Error(
                $"{path}: fx and fy must be above 0, not {words[0]} and {words[1]}",
                "E203"
            );
        else if (
            size is var (width, height)
            && (cx <= 0 || cx >= width || cy <= 0 || cy >= height || Unlikely(fx, width) || Unlikely(fy, width))
        )
        {
            yield return RecipeFinding.Warning(
                $"{path} does not look like that of images of {width} × {height}: {string.Join(' ', words.Take(4))}",
                "W204"
            );
        }
        if (numbers.Count > 4 && Math.Abs(numbers[4]) > 1)
            yield return RecipeFinding.Warning(
                $"{path}: k1 is {words[4]}, as of a fisheye lens, which DROID-SLAM's pinhole camera cannot follow",
                "W205"
            );
    }

    private static bool Unlikely(double focal, int width) => focal < 0.2 * width || focal > 5 * width;

    private static string? LineOf(string path)
    {
        try
        {
            if (new FileInfo(path).Length > 1 << 16)
                return null;
            var lines = new UTF8Encoding(false, throwOnInvalidBytes: true)
                .GetString(File.ReadAllBytes(path))
                .TrimStart('\uFEFF')
                .Split('\n')
                .Select(line => line.Trim())
                .Where(line => line.Length > 0 && line[0] is not '#')
                .ToList();
            return lines is [var only] && !only.Any(c => char.IsControl(c) && c is not '\t') ? only : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            return null;
        }
    }
}
