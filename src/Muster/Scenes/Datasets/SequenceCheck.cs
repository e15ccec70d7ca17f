using Muster.Scenes.Drawing;
using Muster.Scenes.Export;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Datasets;

/// <summary>
/// Looks a sequence over before somebody trains on it for days: its files, its poses and depths, and whether they
/// belong together.
/// </summary>
public sealed class SequenceCheck
{
    private const int LeastWidth = 512,
        LeastHeight = 384;
    private const double LeastKnown = 0.5,
        MostJump = 10,
        LeastFlow = 8,
        MostFlow = 96,
        GraphFlow = 256;
    private const int Clip = 7,
        MostWarps = 60;

    /// <summary>A warp through right depths and poses is at least so much nearer than none at all.</summary>
    private const double ClearlyBelow = 0.85;
    private readonly SequenceFolder _folder;
    private readonly List<DatasetFinding> _findings = [];
    private SequenceFigures _figures = new();

    private SequenceCheck(string path) => _folder = new(path);

    /// <summary>Every sequence at or below a folder.</summary>
    public static IReadOnlyList<SequenceReport> RunAll(
        string path,
        IProgress<SceneProgress>? progress,
        CancellationToken ct
    )
    {
        if (!Directory.Exists(path))
            throw new SceneException(
                SceneFault.Unreadable,
                $"{path} is no folder",
                "Name a sequence, or the folder of several."
            );
        var sequences = SequenceFolder.IsSequence(path)
            ? [path]
            : Directory.GetDirectories(path).Where(SequenceFolder.IsSequence).Order(StringComparer.Ordinal).ToArray();
        if (sequences.Length == 0)
            throw new SceneException(
                SceneFault.Unreadable,
                $"{path} has no sequence",
                "A sequence has images/, depth/, poses.txt, intrinsics.txt and sequence.json."
            );
        return [.. sequences.Select(sequence => Run(sequence, progress, ct))];
    }

    public static SequenceReport Run(string path, IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var check = new SequenceCheck(path);
        check.Run(progress, ct);
        return new(path, check._figures, check._findings);
    }

    private void Run(IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var poses = Try(() => ReadPoses(_folder.ReadPoses()));
        var camera = Try(_folder.ReadCamera);
        Try(_folder.ReadSplit);
        CheckCounts(poses);
        CheckSizes();
        if (poses is not null)
            CheckSteps(poses);
        if (
            _folder.Images.Count == 0
            || _folder.Images.Count != _folder.Depths.Count
            || poses?.Length != _folder.Images.Count
            || camera is null
            || _figures.Width is not { } width
            || _figures.Height is not { } height
        )
            return;
        var depths = ReadFrames(poses, camera, width, height, progress, ct);
        if (depths is not null)
            CheckFlow(new(width, height, camera, poses, depths), poses.Length, ct);
    }

    private void CheckCounts(Pose[]? poses)
    {
        _figures = _figures with { Images = _folder.Images.Count };
        if (_folder.Images.Count == 0)
            Error(801, $"images/ has no PNG");
        if (_folder.Depths.Count != _folder.Images.Count || (poses is not null && poses.Length != _folder.Images.Count))
            Error(
                802,
                $"{_folder.Images.Count} images, {_folder.Depths.Count} depth maps and "
                    + $"{(poses is null ? "no" : poses.Length)} poses: each image needs one of both"
            );
        foreach (var (image, depth) in _folder.Images.Zip(_folder.Depths))
        {
            if (Path.GetFileNameWithoutExtension(image) == Path.GetFileNameWithoutExtension(depth))
                continue;
            Error(
                802,
                $"{Path.GetFileName(image)} stands beside {Path.GetFileName(depth)}: an image and its depth map have "
                    + "the same name"
            );
            return;
        }
    }

    private void CheckSizes()
    {
        var sizes = _folder
            .Images.Select(image => (Image: image, Header: Try(() => PngReader.ReadHeader(image))))
            .Where(pair => pair.Header is not null)
            .ToList();
        if (sizes.Count == 0)
            return;
        var first = sizes[0].Header!;
        if (
            sizes.FirstOrDefault(pair => (pair.Header!.Width, pair.Header.Height) != (first.Width, first.Height)) is
            { Header: { } other, Image: var odd }
        )
            Error(
                803,
                $"{Path.GetFileName(odd)} is {other.Width}×{other.Height}, the first is {first.Width}×{first.Height}: "
                    + "a sequence has one size"
            );
        else
            _figures = _figures with { Width = first.Width, Height = first.Height };
        if (first.Width < LeastWidth || first.Height < LeastHeight)
            Error(
                803,
                $"the images are {first.Width}×{first.Height}; the trainer cuts {LeastWidth}×{LeastHeight} out of them"
            );
        if (sizes.FirstOrDefault(pair => pair.Header!.Depth == 16).Image is { } deep)
            Warn(804, $"{Path.GetFileName(deep)} has 16 bits a colour; 8 are read");
    }

    private Pose[] ReadPoses(IReadOnlyList<double[]> rows)
    {
        var poses = new List<Pose>();
        foreach (var row in rows)
        {
            var rotation = new Rotation(row[3], row[4], row[5], row[6]);
            if (!row.All(double.IsFinite) || !(Math.Abs(rotation.Norm - 1) <= 0.01))
                throw new SceneException(
                    SceneFault.UnusablePose,
                    $"{Path.Combine(_folder.Path, "poses.txt")}: pose {poses.Count} is not finite, or its quaternion "
                        + $"has the length {rotation.Norm:0.###}",
                    "A pose is tx ty tz qx qy qz qw with a unit quaternion, its scalar last."
                );
            poses.Add(new(new(row[0], row[1], row[2]), rotation.Normalized()));
        }
        return [.. poses];
    }

    private void CheckSteps(Pose[] poses)
    {
        if (poses.Length < 3)
            return;
        double[] steps = [.. poses.Zip(poses.Skip(1), (a, b) => (b.Position - a.Position).Length)];
        var (median, largest) = (Median([.. steps]), steps.Max());
        _figures = _figures with { MedianStep = median, LargestStep = largest };
        if (median == 0)
            Error(806, "the camera does not move: half of the steps have no length");
        else if (largest > MostJump * median)
            Error(
                806,
                $"from image {Array.IndexOf(steps, largest)} to the next the camera jumps {largest:0.###}, "
                    + $"{largest / median:0.#} times the usual step: cut the sequence there"
            );
    }

    /// <summary>
    /// Reads every frame once. Gives the inverse depths that the flow needs, or nothing where depths cannot be used.
    /// </summary>
    private float[][]? ReadFrames(
        Pose[] poses,
        Pinhole camera,
        int width,
        int height,
        IProgress<SceneProgress>? progress,
        CancellationToken ct
    )
    {
        var disparities = new float[poses.Length][];
        var (some, warped, identity) = (new List<float>(), new List<float>(), new List<float>());
        var (known, every) = (0L, Math.Max(1, poses.Length / MostWarps));
        var reduce = Math.Max(1, width / 256);
        DepthImage? before = null;
        for (var i = 0; i < poses.Length; i++)
        {
            ct.ThrowIfCancellationRequested();
            if (Try(() => Depth(i, width, height)) is not { } metres)
                return null;
            known += metres.Count(depth => depth > 0);
            for (var at = i * 7 % 61; at < metres.Length; at += 61)
                if (metres[at] > 0)
                    some.Add(metres[at]);
            disparities[i] = FlowGraph.Disparities(width, height, metres);
            // Pairs of neighbours spread over the sequence: the first of a pair and then the next.
            var wanted = i % every == 0 || (i > 0 && (i - 1) % every == 0);
            var now =
                wanted && Try(() => PngReader.Read(_folder.Images[i])) is { } image
                    ? Reduced(image, metres, camera, reduce)
                    : null;
            if (before is not null && now is not null && (i - 1) % every == 0)
                Warp.Differences(before, now, poses[i].Inverse * poses[i - 1], warped, identity);
            before = now;
            progress?.Report(new("checking", i + 1, poses.Length));
        }
        CheckDepths(some, (double)known / ((double)poses.Length * width * height));
        CheckWarp(warped, identity);
        return disparities;
    }

    private float[] Depth(int i, int width, int height)
    {
        var (rows, columns, metres) = _folder.ReadDepth(i);
        return (rows, columns) == (height, width)
            ? metres
            : throw new SceneException(
                SceneFault.ShapeMismatch,
                $"{_folder.Depths[i]} is {columns}×{rows}, its image {width}×{height}",
                "Depth maps have the size of the images."
            );
    }

    private void CheckDepths(List<float> some, double known)
    {
        _figures = _figures with { KnownDepth = known };
        if (some.Count > 0)
        {
            some.Sort();
            _figures = _figures with
            {
                DepthLeast = some[some.Count / 1000],
                DepthMedian = some[some.Count / 2],
                DepthMost = some[^(1 + (some.Count / 1000))],
            };
            if (_figures.DepthMost > 1000)
                Error(
                    805,
                    $"depths reach {_figures.DepthMost:0} m: they look like millimetres, or like what was meant as "
                        + "unknown"
                );
            else if (_figures.DepthMost < 0.05)
                Error(
                    805,
                    $"no depth is beyond {_figures.DepthMost:0.####} m: they look like kilometres, or like inverse "
                        + "depths"
                );
        }
        if (known < LeastKnown)
            Error(805, $"only {100 * known:0.#} % of the depths are known; half is the least");
    }

    private void CheckWarp(List<float> warped, List<float> identity)
    {
        if (warped.Count == 0)
        {
            Error(
                807,
                "no image sees anything of the one before: wrong axes, inverted poses, or another unit of depth than "
                    + "of the poses"
            );
            return;
        }
        var (through, over) = (
            Median([.. warped.Select(one => (double)one)]),
            Median([.. identity.Select(one => (double)one)])
        );
        _figures = _figures with { WarpError = through, IdentityError = over };
        if (over < 1)
            Warn(807, "neighbouring images hardly differ, so that depths and poses cannot be compared by them");
        else if (through > ClearlyBelow * over)
            Error(
                807,
                $"seen through depths and poses an image is as far from the next as without ({through:0.#} and "
                    + $"{over:0.#} of 255): wrong axes, inverted poses, or another unit of depth than of the poses"
            );
    }

    private void CheckFlow(FlowGraph graph, int frames, CancellationToken ct)
    {
        double[] flows = [.. Enumerable.Range(1, frames - 1).Select(i => graph.Between(i - 1, i))];
        _figures = _figures with
        {
            FlowBelow = flows.Count(flow => flow < LeastFlow),
            FlowWithin = flows.Count(flow => flow is >= LeastFlow and <= MostFlow),
            FlowAbove = flows.Count(flow => flow > MostFlow),
            ClipStarts = graph.ClipStarts(Clip, GraphFlow, ct),
        };
        if (_figures.FlowBelow > flows.Length / 2)
            Warn(
                808,
                $"{_figures.FlowBelow} of {flows.Length} images moved less than {LeastFlow} pixels from the one "
                    + "before: leave out near-duplicates"
            );
        if (_figures.FlowAbove > flows.Length / 2)
            Warn(
                808,
                $"{_figures.FlowAbove} of {flows.Length} images moved more than {MostFlow} pixels from the one before: "
                    + "take more images a second"
            );
        if (_figures.ClipStarts == 0)
            Error(
                809,
                $"no clip of {Clip} images can start anywhere: no image has more than {Clip} others within {GraphFlow} "
                    + "pixels of motion"
            );
        else if (_figures.ClipStarts < frames / 2)
            Warn(809, $"a clip can start at only {_figures.ClipStarts} of {frames} images");
    }

    private static DepthImage Reduced(Raster image, float[] metres, Pinhole camera, int by)
    {
        var (width, height) = (image.Width / by, image.Height / by);
        var (grey, depth) = (new float[width * height], new float[width * height]);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var sum = 0f;
                for (var row = y * by; row < (y + 1) * by; row++)
                for (var column = x * by; column < (x + 1) * by; column++)
                    sum += image[column, row] is var ink
                        ? (0.299f * ink.Red) + (0.587f * ink.Green) + (0.114f * ink.Blue)
                        : 0;
                grey[(y * width) + x] = sum / (by * by);
                depth[(y * width) + x] = metres[(((y * by) + (by / 2)) * image.Width) + (x * by) + (by / 2)];
            }
        }
        // The middle of what was joined is where its pixel is.
        var shift = (by - 1) / 2.0;
        return new(
            width,
            height,
            new(camera.Fx / by, camera.Fy / by, (camera.Cx - shift) / by, (camera.Cy - shift) / by),
            grey,
            depth
        );
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    /// <summary>A file that cannot be used becomes a finding, and the check goes on.</summary>
    private T? Try<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (SceneException fault)
        {
            _findings.Add(new(FindingLevel.Error, (int)fault.Fault, fault.Message[(fault.Message.IndexOf(' ') + 1)..]));
            return null;
        }
    }

    private void Error(int code, string text) => _findings.Add(new(FindingLevel.Error, code, text));

    private void Warn(int code, string text) => _findings.Add(new(FindingLevel.Warning, code, text));
}
