using System.Globalization;
using Muster.Faults;

namespace Muster.Scenes.Export;

/// <summary>When a frame was taken, as the text that a trajectory file gets.</summary>
public sealed class Timestamps
{
    private readonly Func<long, string> _text;

    private Timestamps(string rule, int stride, Func<long, string> text) =>
        (Rule, Stride, _text) = (rule, stride, text);

    public string Rule { get; }

    /// <summary>Every how many images one was looked at.</summary>
    public int Stride { get; }

    /// <param name="frame">Its index in the list of images that were looked at.</param>
    public string Of(double frame) =>
        double.IsFinite(frame) && Math.Abs(frame) < long.MaxValue / 1e6 ? _text((long)frame) : _text(-1);

    /// <param name="rule">`filename`, `file:PATH`, `fps:NUMBER` or `index`; none: by name where all are numbers, else
    /// by index.</param>
    /// <param name="stride">None: as it follows from the number of images and of tracked frames.</param>
    /// <param name="lastFrame">The largest frame of which the time will be asked.</param>
    public static Timestamps Read(string? rule, int? stride, ImageNames? images, int? trackedFrames, double lastFrame)
    {
        if (stride < 1)
            throw UserException.Misuse(
                $"a stride of {stride}",
                "A stride is 1 or more: every how many images one was looked at."
            );
        rule ??= images is { AreNumbers: true } ? "filename" : "index";
        int Stride() =>
            stride
            ?? StrideOf(images, trackedFrames)
            ?? throw UserException.Misuse(
                $"with --timestamps {rule} the stride must be known",
                "Say every how many images the run took: --stride 3 is DROID-SLAM's own default."
            );
        switch (rule.Split(':', 2))
        {
            case ["index"]:
                return new(
                    rule,
                    stride ?? StrideOf(images, trackedFrames) ?? 1,
                    frame => frame.ToString(CultureInfo.InvariantCulture)
                );
            case ["filename"]:
                if (images is null)
                    throw UserException.Misuse(
                        "timestamps from file names need the names",
                        "Name the folder of the images, or a file with a name a line, with --names."
                    );
                return FromList(
                    rule,
                    Stride(),
                    [.. images.Names.Select(name => Path.GetFileNameWithoutExtension(name))],
                    lastFrame
                );
            case ["file", var path]:
                return FromList(rule, Stride(), ReadTimes(path), lastFrame);
            case ["fps", var number]
                when double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var fps)
                    && fps > 0
                    && double.IsFinite(fps):
                var every = Stride();
                return new(rule, every, frame => (frame * every / fps).ToString("F6", CultureInfo.InvariantCulture));
            default:
                throw UserException.Misuse(
                    $"--timestamps '{rule}' is no rule",
                    "Say filename, file:PATH, fps:NUMBER or index."
                );
        }
    }

    private static Timestamps FromList(string rule, int stride, List<string> times, double lastFrame)
    {
        if (times.FirstOrDefault(time => !ImageNames.IsNumber(time)) is { } word)
            throw UserException.Misuse(
                $"'{word}' is no time",
                "Use --timestamps index, fps:NUMBER, or file:PATH with a number a line."
            );
        if (lastFrame * stride + 1 > times.Count)
            throw new SceneException(
                SceneFault.ImageListTooShort,
                $"there are {times.Count} image names, but frame {lastFrame:0} at a stride of {stride} is image "
                    + $"{(lastFrame * stride) + 1:0}",
                "Name the images that the run really took, and its --stride."
            );
        return new(
            rule,
            stride,
            frame =>
                frame >= 0
                    ? times[(int)(frame * stride)]
                    : throw new SceneException(
                        SceneFault.ImageListTooShort,
                        "a frame has no index, so no image name",
                        "Use --timestamps index."
                    )
        );
    }

    /// <summary>The stride at which so many images give so many frames, where only one does.</summary>
    private static int? StrideOf(ImageNames? images, int? trackedFrames)
    {
        if (images is null || trackedFrames is not > 0)
            return null;
        var count = images.Names.Count;
        var (least, most) = (
            (count + trackedFrames.Value - 1) / trackedFrames.Value,
            trackedFrames == 1 ? int.MaxValue : (count - 1) / (trackedFrames.Value - 1)
        );
        return least == most && least > 0 ? least : null;
    }

    private static List<string> ReadTimes(string path)
    {
        try
        {
            return
            [
                .. File.ReadLines(path)
                    .Select(line => line.Trim())
                    .Where(line => line.Length > 0 && line[0] != '#')
                    .Select(line => line.Split(' ', '\t', ',')[0]),
            ];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"the times cannot be read from {path}: {fault.Message}",
                "Name a file with a time a line: --timestamps file:PATH.",
                fault
            );
        }
    }
}
