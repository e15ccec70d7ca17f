using Muster.Scenes.Geometry;

namespace Muster.Scenes.Formats.Trajectories;

/// <summary>
/// Reads trajectories as TUM, KITTI and EuRoC write them, blanks, tabs or commas between the numbers.
/// </summary>
public static class TrajectoryFile
{
    /// <summary>Seconds since 1970 are ten digits; what has more is nanoseconds.</summary>
    private const double LeastNanoseconds = 1e14;

    /// <param name="format">None: as the file's name says, or else as its first line looks.</param>
    public static Trajectory Read(string path, TrajectoryFormat? format = null)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            return Read(path, file, format ?? NamedFormat(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SceneException(
                SceneFault.Unreadable,
                $"{path} cannot be opened: {fault.Message}",
                "Name a file that is there and may be read.",
                fault
            );
        }
    }

    public static Trajectory Read(string path, Stream from, TrajectoryFormat? format = null)
    {
        var (times, poses) = (new List<double>(), new List<Pose>());
        var lines = new AsciiLines(from);
        var place = -1;
        Span<double> numbers = stackalloc double[24];
        for (var row = 1; lines.Next(out var line); row++)
        {
            var text = line.Span.TrimStart(" \t\ufeff"u8);
            if (text.TrimEnd(" \t"u8).IsEmpty || text[0] == '#')
                continue;
            var count = NumberLine.Read(text, numbers);
            format ??= FormatOf(count, numbers);
            if (
                format is not { } known
                || count < Width(known)
                || (known != TrajectoryFormat.Euroc && count != Width(known))
            )
            {
                throw new SceneException(
                    SceneFault.Unreadable,
                    $"{path}, line {row}: {(count < 0 ? "a word that is no number" : $"{count} numbers")}, where a "
                        + "pose is expected",
                    "TUM has 8 numbers a line, KITTI 12, EuRoC 8 or more with nanoseconds first, TartanAir 7; see "
                        + "--format."
                );
            }
            place++;
            if (PoseIn(numbers[..count], known) is not { } pose)
                continue;
            times.Add(
                known switch
                {
                    TrajectoryFormat.Kitti or TrajectoryFormat.Poses => place,
                    TrajectoryFormat.Tum when numbers[0] < LeastNanoseconds => numbers[0],
                    _ => numbers[0] / 1e9,
                }
            );
            poses.Add(pose);
        }
        if (poses.Count == 0)
            throw SceneException.Unreadable(path, "it has no pose");
        return Trajectory.Sorted(times, poses);
    }

    private static TrajectoryFormat? NamedFormat(string path) =>
        Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".tum" => TrajectoryFormat.Tum,
            ".kitti" => TrajectoryFormat.Kitti,
            _ => null,
        };

    private static int Width(TrajectoryFormat format) =>
        format switch
        {
            TrajectoryFormat.Kitti => 12,
            TrajectoryFormat.Poses => 7,
            _ => 8,
        };

    private static TrajectoryFormat? FormatOf(int count, ReadOnlySpan<double> first) =>
        count switch
        {
            12 when first[0] < LeastNanoseconds => TrajectoryFormat.Kitti,
            >= 8 when first[0] >= LeastNanoseconds => TrajectoryFormat.Euroc,
            8 => TrajectoryFormat.Tum,
            7 => TrajectoryFormat.Poses,
            > 12 => TrajectoryFormat.Euroc,
            _ => null,
        };

    /// <summary>None where the tracker had lost its way: what is not a number, or a quaternion of zeros.</summary>
    private static Pose? PoseIn(ReadOnlySpan<double> n, TrajectoryFormat format)
    {
        foreach (var number in n[..Width(format)])
            if (!double.IsFinite(number))
                return null;
        if (format == TrajectoryFormat.Kitti)
        {
            var matrix = new Mat3(n[0], n[1], n[2], n[4], n[5], n[6], n[8], n[9], n[10]);
            return Math.Abs(matrix.Determinant) < 1e-6
                ? null
                : new Pose(new(n[3], n[7], n[11]), Rotation.FromMatrix(matrix));
        }
        if (format == TrajectoryFormat.Poses)
            return Placed(n[..3], new(n[3], n[4], n[5], n[6]));
        return Placed(
            n[1..4],
            format == TrajectoryFormat.Tum ? new(n[4], n[5], n[6], n[7]) : new(n[5], n[6], n[7], n[4])
        );
    }

    private static Pose? Placed(ReadOnlySpan<double> position, Rotation rotation) =>
        rotation.Norm is 0 or double.PositiveInfinity
            ? null
            : new Pose(new(position[0], position[1], position[2]), rotation.Normalized());
}
