using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Bench.Figures;
using Muster.Scenes;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Bench;

/// <summary>
/// Scenes: export beside numpy, a large tensor beside `cat`, a long trajectory, and fifty million points in four
/// gigabytes.
/// </summary>
internal static partial class SceneBenchmarks
{
    private const int LargeCloud = 50_000_000;

    public static IEnumerable<Row> Export(Bed bed)
    {
        var saved = Path.Combine(bed.Folder, "saved");
        new SyntheticScene(300, 384, 512).WriteReconstruction(saved);
        var peer = $"/usr/bin/python3 {bed.Repository}/bench/Muster.Bench/export.py {saved} {bed.Folder}/numpy.ply";
        var muster = $"{bed.Muster} scene export {saved} --out {bed.Folder}/scene --json";
        var theirs = long.Parse(bed.Run(peer), CultureInfo.InvariantCulture);
        var ours = long.Parse(Points().Match(bed.Run(muster)).Groups[1].Value, CultureInfo.InvariantCulture);
        // Both must do the same work: a few votes may differ where a depth lies on the edge of the threshold.
        if (Math.Abs(ours - theirs) > ours / 10_000)
            throw new InvalidOperationException($"{ours} points, numpy has {theirs}");
        var times = bed.TimeInTurn(
            3,
            "true",
            peer,
            muster,
            $"cat {saved}/* >/dev/null; cp {bed.Folder}/scene/*.ply {bed.Folder}/copy.ply"
        );
        yield return new($"`scene export`, 300 key frames, grid of 192×256, {ours:N0} points", Unit.Seconds, times[1])
        {
            Peer = new("numpy", times[0]),
            Limit = new("reading what it reads and writing what it writes", times[2]),
            Budget = new(1.5),
        };
    }

    public static IEnumerable<Row> Tensor(Bed bed)
    {
        var path = Path.Combine(bed.Folder, "disps.npy");
        using (var file = File.Create(path))
            NpyFile.Write<float>(file, new float[100_000_000], 400, 250_000);
        var whole = new FileInfo(path).Length;
        var ours = Median(() =>
        {
            using var file = TensorFile.Open(path);
            var sum = 0L;
            file.Get("disps").ReadPlanes((_, bytes) => sum += bytes[0], CancellationToken.None);
            return sum;
        });
        var cat = bed.Time($"cat {path} > /dev/null", 5);
        yield return new($"reading a tensor of {whole / 1_000_000} MB that is in memory", Unit.Seconds, ours)
        {
            Peer = new("`cat`", cat),
            Budget = Budget.Ratio(1),
        };
    }

    public static IEnumerable<Row> Evaluation(Bed bed)
    {
        var random = new Random(1);
        foreach (var (name, noise) in ((string, double)[])[("ref", 0), ("est", 0.01)])
        {
            using var file = new StreamWriter(Path.Combine(bed.Folder, $"{name}.tum"));
            TrajectoryWriter.Tum(
                file,
                new Trajectory(
                    [.. Enumerable.Range(0, 100_000).Select(i => i / 30.0)],
                    [
                        .. Enumerable
                            .Range(0, 100_000)
                            .Select(i => new Pose(
                                new(
                                    Math.Cos(i / 700.0) + (noise * random.NextDouble()),
                                    Math.Sin(i / 900.0),
                                    i / 5000.0
                                ),
                                new Rotation(0.1, Math.Sin(i / 1000.0), 0, 1).Normalized()
                            )),
                    ]
                )
            );
        }
        foreach (var mode in (string[])["nearest", "greedy"])
        {
            var seconds = bed.Time(
                $"{bed.Muster} scene evaluate ate --ref {bed.Folder}/ref.tum --est {bed.Folder}/est.tum --associate "
                    + $"{mode}",
                5
            );
            yield return new($"`scene evaluate ate`, 100,000 poses, {mode}", Unit.Seconds, seconds)
            {
                Peer = new("`muster version`", bed.Time($"{bed.Muster} version", 5)),
                Budget = new(1),
            };
        }
    }

    public static IEnumerable<Row> Large(Bed bed)
    {
        var cloud = Path.Combine(bed.Folder, "large.ply");
        WriteCloud(cloud);
        foreach (
            var row in Memory(
                bed,
                $"`scene show`, {LargeCloud:N0} points",
                $"scene show {cloud} --preview {bed.Folder}/large.png"
            )
        )
            yield return row;
        foreach (
            var row in Memory(
                bed,
                $"`scene thin --voxel`, {LargeCloud:N0} points",
                $"scene thin {cloud} --voxel 0.01 --out {bed.Folder}/thin.ply"
            )
        )
            yield return row;
        foreach (
            var row in Memory(
                bed,
                $"`scene view`, {LargeCloud:N0} points",
                $"scene view {cloud} --out {bed.Folder}/large.html"
            )
        )
            yield return row;
        File.Delete(cloud);
        var saved = Path.Combine(bed.Folder, "large");
        new SyntheticScene(300, 384, 512).WriteReconstruction(saved);
        foreach (
            var row in Memory(
                bed,
                "`scene export` of every pixel: 59 million points",
                $"scene export {saved} --subsample 1 --count 0 --out {bed.Folder}/whole"
            )
        )
            yield return row;
        foreach (
            var row in Memory(
                bed,
                "the same, thinned to cubes",
                $"scene export {saved} --subsample 1 --count 0 --voxel 0.005 --out {bed.Folder}/whole"
            )
        )
            yield return row;
    }

    /// <summary>
    /// How long it takes and the most memory that it had, in a shell that gives it no more than four gigabytes of it.
    /// </summary>
    private static IEnumerable<Row> Memory(Bed bed, string what, string command)
    {
        // The limit is on memory that is written to; what a program merely reserves is free.
        var said = bed.Run(
            $"ulimit -d 4194304; /usr/bin/time -f 'took %e s, %M KB' {bed.Muster} {command} 2>&1 >/dev/null | tail -n 1"
        );
        var (seconds, kilobytes) = Took().Match(said) is { Success: true } took
            ? (
                double.Parse(took.Groups[1].Value, CultureInfo.InvariantCulture),
                long.Parse(took.Groups[2].Value, CultureInfo.InvariantCulture)
            )
            : throw new InvalidOperationException(said);
        yield return new(what, Unit.Seconds, seconds);
        yield return new($"{what}: memory at most", Unit.Bytes, kilobytes * 1000) { Budget = new(4e9) };
    }

    private static void WriteCloud(string path)
    {
        var random = new Random(1);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        var writer = new PlyWriter(file, LargeCloud);
        var batch = new ScenePoint[100_000];
        for (var written = 0; written < LargeCloud; written += batch.Length)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                var (x, y) = (random.NextDouble() * 20, random.NextDouble() * 20);
                batch[i] = new(
                    new(x, Math.Sin(x) + Math.Cos(y) + (0.02 * random.NextDouble()), y),
                    (byte)(12 * x),
                    (byte)(12 * y),
                    128
                );
            }
            writer.Write(batch);
        }
    }

    private static double Median(Func<long> work)
    {
        var seconds = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var began = Stopwatch.GetTimestamp();
            work();
            seconds.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        return seconds.Order().ElementAt(2);
    }

    [GeneratedRegex("\"points\":(\\d+)")]
    private static partial Regex Points();

    [GeneratedRegex("took ([0-9.]+) s, (\\d+) KB")]
    private static partial Regex Took();
}
