using System.Globalization;
using System.Text.Json;
using Muster.Scenes.Drawing;
using Muster.Scenes.Export;
using Muster.Scenes.Formats;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Datasets;

/// <summary>
/// Makes a sequence to learn from out of a recording as the TUM RGB-D benchmark keeps them: rgb.txt, depth.txt,
/// groundtruth.txt.
/// </summary>
/// <param name="Distortion">k1 k2 p1 p2 k3, or none.</param>
public sealed record TumConversion(string From, string To, Pinhole Camera, IReadOnlyList<double> Distortion)
{
    /// <summary>Units of the depth maps in a metre.</summary>
    public double DepthScale { get; init; } = 5000;

    /// <summary>How far the times of an image, its depths and its pose may lie apart, in seconds.</summary>
    public double MaxDifference { get; init; } = 0.02;
    public int Every { get; init; } = 1;
    public string Split { get; init; } = "train";

    /// <summary>Gives how many images were kept, and how many had no depth map or no pose near enough.</summary>
    public (int Kept, int Left) Run(IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var (images, depths) = (List("rgb.txt"), List("depth.txt"));
        var truth = TrajectoryFile.Read(Path.Combine(From, "groundtruth.txt"), TrajectoryFormat.Tum);
        var depthTimes = depths.ConvertAll(entry => entry.Time);
        var frames = images
            .Select(image => (Image: image, Depth: Near(depthTimes, image.Time), Pose: Near(truth.Times, image.Time)))
            .Where(frame => frame is { Depth: >= 0, Pose: >= 0 })
            .ToList();
        if (frames.Count < 2)
            throw SceneException.Unreadable(
                From,
                $"only {frames.Count} of {images.Count} images have a depth map and a pose within {MaxDifference} s"
            );
        var kept = frames.Where((_, at) => at % Every == 0).ToList();
        foreach (var below in (string[])["images", "depth"])
            Directory.CreateDirectory(Path.Combine(To, below));
        for (var at = 0; at < kept.Count; at++)
        {
            ct.ThrowIfCancellationRequested();
            Write(at, kept[at].Image.File, depths[kept[at].Depth].File);
            progress?.Report(new("converting", at + 1, kept.Count));
        }
        WholeFile.WriteText(
            Path.Combine(To, "poses.txt"),
            text =>
            {
                foreach (var frame in kept)
                    text.WriteLine(Row(truth.Poses[frame.Pose]));
            }
        );
        WholeFile.WriteText(
            Path.Combine(To, "intrinsics.txt"),
            text =>
                text.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Camera.Fx:R} {Camera.Fy:R} {Camera.Cx:R} {Camera.Cy:R}"
                    )
                )
        );
        var rate = (kept.Count - 1) / (kept[^1].Image.Time - kept[0].Image.Time);
        var source = JsonEncodedText.Encode(
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(From)))
        );
        WholeFile.WriteText(
            Path.Combine(To, "sequence.json"),
            text =>
                text.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $$"""{"source": "{{source}}", "units": "m", "frame_rate": {{rate:0.###}}, "split": "{{Split}}"}"""
                    )
                )
        );
        return (kept.Count, images.Count - frames.Count);
    }

    private void Write(int at, string image, string depth)
    {
        var picture = PngReader.Read(image);
        var (width, height, units) = PngReader.ReadDeep(depth);
        if ((width, height) != (picture.Width, picture.Height))
            throw new SceneException(
                SceneFault.ShapeMismatch,
                $"{depth} is {width}×{height}, its image {picture.Width}×{picture.Height}",
                "Register the depth maps to the images first."
            );
        var metres = Array.ConvertAll(units, unit => (float)(unit / DepthScale));
        if (Distortion.Any(number => number != 0))
            (picture, metres) = Straight(picture, metres);
        WholeFile.Write(Path.Combine(To, "images", $"{at:000000}.png"), stream => PngWriter.Write(stream, picture));
        WholeFile.Write(
            Path.Combine(To, "depth", $"{at:000000}.npy"),
            stream => NpyFile.Write<float>(stream, metres, height, width)
        );
    }

    /// <summary>
    /// What a lens without distortion would have seen; depths are not mixed, and what lay outside is black and unknown.
    /// </summary>
    private (Raster, float[]) Straight(Raster picture, float[] metres)
    {
        var (straight, depths) = (new Raster(picture.Width, picture.Height), new float[metres.Length]);
        Parallel.For(
            0,
            picture.Height,
            v =>
            {
                for (var u = 0; u < picture.Width; u++)
                {
                    var (x, y) = Bent((u - Camera.Cx) / Camera.Fx, (v - Camera.Cy) / Camera.Fy);
                    var (column, row) = ((Camera.Fx * x) + Camera.Cx, (Camera.Fy * y) + Camera.Cy);
                    if (!(column >= 0 && row >= 0 && column < picture.Width - 1 && row < picture.Height - 1))
                        continue;
                    straight[u, v] = Between(picture, column, row);
                    depths[(v * picture.Width) + u] = metres[
                        ((int)Math.Round(row) * picture.Width) + (int)Math.Round(column)
                    ];
                }
            }
        );
        return (straight, depths);
    }

    private (double X, double Y) Bent(double x, double y)
    {
        var (k1, k2, p1, p2, k3) = (
            Distortion[0],
            Distortion[1],
            Distortion[2],
            Distortion[3],
            Distortion.ElementAtOrDefault(4)
        );
        var square = (x * x) + (y * y);
        var radial = 1 + (square * (k1 + (square * (k2 + (square * k3)))));
        return (
            (x * radial) + (2 * p1 * x * y) + (p2 * (square + (2 * x * x))),
            (y * radial) + (p1 * (square + (2 * y * y))) + (2 * p2 * x * y)
        );
    }

    private static Ink Between(Raster picture, double column, double row)
    {
        var (x, y) = ((int)column, (int)row);
        var (right, down) = (column - x, row - y);
        byte Mix(Func<Ink, byte> part) =>
            (byte)
                Math.Round(
                    ((1 - down) * (((1 - right) * part(picture[x, y])) + (right * part(picture[x + 1, y]))))
                        + (down * (((1 - right) * part(picture[x, y + 1])) + (right * part(picture[x + 1, y + 1]))))
                );
        return new(Mix(ink => ink.Red), Mix(ink => ink.Green), Mix(ink => ink.Blue));
    }

    private static string Row(Pose pose) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{pose.Position.X:R} {pose.Position.Y:R} {pose.Position.Z:R} {pose.Rotation.X:R} {pose.Rotation.Y:R} "
                + $"{pose.Rotation.Z:R} {pose.Rotation.W:R}"
        );

    /// <summary>The place of the nearest of ascending times, or -1 where none is near enough.</summary>
    private int Near(IReadOnlyList<double> times, double time)
    {
        var (low, high) = (0, times.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (times[middle] < time)
                low = middle + 1;
            else
                high = middle;
        }
        if (low > 0 && time - times[low - 1] < times[low] - time)
            low--;
        return times.Count > 0 && Math.Abs(times[low] - time) < MaxDifference ? low : -1;
    }

    private List<(double Time, string File)> List(string name)
    {
        var path = Path.Combine(From, name);
        try
        {
            var entries = File.ReadLines(path)
                .Select(line => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 0 && words[0][0] != '#')
                .ToList();
            return
            [
                .. entries
                    .Select(words =>
                        words.Length == 2
                        && double.TryParse(words[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var time)
                            ? (time, Path.Combine(From, words[1]))
                            : throw SceneException.Unreadable(
                                path,
                                $"'{string.Join(' ', words)}' is no time with a file"
                            )
                    )
                    .OrderBy(entry => entry.time),
            ];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SceneException(
                SceneFault.Unreadable,
                $"{path} cannot be read: {fault.Message}",
                "A recording has rgb.txt, depth.txt and groundtruth.txt.",
                fault
            );
        }
    }
}
