using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>A pinhole camera: pixel centres are whole numbers.</summary>
public sealed record Pinhole(double Fx, double Fy, double Cx, double Cy)
{
    public Pinhole Times(double factor) => new(Fx * factor, Fy * factor, Cx * factor, Cy * factor);
}

/// <summary>
/// What DROID-SLAM saved, opened and looked over. Its images and inverse depths stay in the file until they are wanted.
/// </summary>
public sealed class Reconstruction : IDisposable
{
    private const int Warmup = 8;
    private readonly TensorFile _file;
    private readonly TensorFile? _trackedFile;
    private readonly List<SceneWarning> _warnings = [];

    private Reconstruction(string path)
    {
        _file = TensorFile.Open(path);
        try
        {
            var (times, poses, intrinsics) = (_file.Get("tstamps"), _file.Get("poses"), _file.Get("intrinsics"));
            (Images, Disparities) = (_file.Get("images"), _file.Get("disps"));
            if (Disparities.Shape is not [var count, var height, var width])
                throw Misshapen(Disparities, "[n, H, W]");
            Expect(times, [count], "[n]");
            Expect(poses, [count, 7], "[n, 7]");
            Expect(intrinsics, [count, 4], "[n, 4]");
            Expect(Images, [count, 3, height, width], "[n, 3, H, W]");
            if (Disparities.Type != ElementType.Float32)
                throw WrongType(Disparities, "float32");
            if (Images.Type != ElementType.UInt8)
                throw WrongType(Images, "uint8");
            foreach (var tensor in (Tensor[])[poses, intrinsics])
                if (tensor.Type is not (ElementType.Float32 or ElementType.Float64))
                    throw WrongType(tensor, "float32");
            if (count < 2)
                throw new SceneException(
                    SceneFault.TooFewKeyframes,
                    $"{path} has {count} key frames; two are the least that can be compared",
                    "Look at the run's log: without motion, or with a wrong calibration, nothing is tracked."
                );
            if (height is 0 or > 1 << 16 || width is 0 or > 1 << 16)
                throw Misshapen(Disparities, "images of 1 to 65,536 pixels a side");
            (Keyframes, Height, Width) = ((int)count, (int)height, (int)width);
            Times = times.ToDoubles();
            WorldToCamera = ReadPoses(_file.Path, poses);
            EighthCamera = ReadCamera(intrinsics.ToDoubles());
            LookOver();
            var tracked = System.IO.Path.Combine(
                Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!,
                "traj_est.npy"
            );
            if (!File.Exists(tracked))
                return;
            _trackedFile = TensorFile.Open(tracked);
            var frames = _trackedFile.Get("traj_est");
            if (frames.Shape is not [_, 7])
                throw Misshapen(frames, "[N, 7]");
            CameraToWorldTracked = ReadPoses(tracked, frames);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public static Reconstruction Open(string path) => new(path);

    public string Path => _file.Path;
    public int Keyframes { get; }
    public int Height { get; }
    public int Width { get; }

    /// <summary>Of each key frame, its index in the list of images that were looked at.</summary>
    public double[] Times { get; } = [];
    public Pose[] WorldToCamera { get; } = [];

    /// <summary>At an eighth of the size of the images.</summary>
    public Pinhole EighthCamera { get; } = new(1, 1, 0, 0);

    /// <summary>The pose of every image that was looked at, where the run wrote them.</summary>
    public Pose[]? CameraToWorldTracked { get; }
    public IReadOnlyList<SceneWarning> Warnings => _warnings;

    /// <summary>[n, 3, H, W], blue, green, red.</summary>
    internal Tensor Images { get; } = null!;
    internal Tensor Disparities { get; } = null!;

    public void Dispose()
    {
        _file.Dispose();
        _trackedFile?.Dispose();
    }

    private void LookOver()
    {
        if (Keyframes < Warmup)
            _warnings.Add(
                new(607, $"only {Keyframes} key frames: with fewer than {Warmup} the map was never initialised")
            );
        if (Enumerable.Range(1, Keyframes - 1).FirstOrDefault(i => !(Times[i] > Times[i - 1])) is > 0 and var at)
            _warnings.Add(
                new(
                    610,
                    $"the times of key frames {at - 1} and {at} do not increase: older versions leave times behind "
                        + "that belong to other frames"
                )
            );
    }

    private Pinhole ReadCamera(double[] rows)
    {
        var first = rows.AsSpan(0, 4);
        if (rows.Any(value => !double.IsFinite(value)) || first[0] <= 0 || first[1] <= 0)
            throw new SceneException(
                SceneFault.ShapeMismatch,
                $"{Path}: intrinsics that no camera has",
                "Save the run again; the focal lengths must be positive."
            );
        for (var i = 4; i < rows.Length; i++)
        {
            if (Math.Abs(rows[i] - first[i % 4]) <= 1e-4 * Math.Abs(first[i % 4]))
                continue;
            _warnings.Add(new(609, $"key frame {i / 4} has other intrinsics than the first, whose are used for all"));
            break;
        }
        return new(first[0], first[1], first[2], first[3]);
    }

    private static Pose[] ReadPoses(string path, Tensor tensor)
    {
        var rows = tensor.ToDoubles();
        var poses = new Pose[rows.Length / 7];
        for (var i = 0; i < poses.Length; i++)
        {
            var row = rows.AsSpan(7 * i, 7);
            var (position, rotation) = (new Vec3(row[0], row[1], row[2]), new Rotation(row[3], row[4], row[5], row[6]));
            if (!position.IsFinite || !(Math.Abs(rotation.Norm - 1) <= 0.01))
                throw new SceneException(
                    SceneFault.UnusablePose,
                    $"{path}: pose {i} of '{tensor.Name}' is not finite, or its quaternion has the length "
                        + $"{rotation.Norm:0.###}",
                    "The run itself went wrong; look at its log for NaN."
                );
            poses[i] = new(position, rotation.Normalized());
        }
        return poses;
    }

    private void Expect(Tensor tensor, long[] shape, string text)
    {
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw Misshapen(tensor, text);
    }

    private SceneException Misshapen(Tensor tensor, string expected) =>
        new(
            SceneFault.ShapeMismatch,
            $"{Path}: tensor '{tensor.Name}' is [{string.Join(", ", tensor.Shape)}], where {expected} is expected",
            "Name a reconstruction of DROID-SLAM; all its tensors have the same number of key frames."
        );

    private SceneException WrongType(Tensor tensor, string expected) =>
        new(
            SceneFault.ShapeMismatch,
            $"{Path}: tensor '{tensor.Name}' is of {tensor.Type}, where {expected} is expected",
            "Save it as DROID-SLAM does."
        );
}
