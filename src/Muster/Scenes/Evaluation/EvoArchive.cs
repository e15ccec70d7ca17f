using System.IO.Compression;
using System.Text.Json.Nodes;
using Muster.Scenes.Formats;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Evaluation;

/// <summary>A result as evo keeps it, so that its own tools can go on with it.</summary>
public static class EvoArchive
{
    public static void Write(string path, string title, string label, MatchedPoses poses, PoseErrors errors) =>
        WholeFile.Write(
            path,
            stream =>
            {
                var (at, statistics) = (errors.At, ErrorStatistics.Of(errors.Translation));
                using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
                Text(
                    "info.json",
                    new JsonObject
                    {
                        ["title"] = title,
                        ["ref_name"] = "reference",
                        ["est_name"] = "estimate",
                        ["label"] = label,
                    }.ToJsonString()
                );
                Text(
                    "stats.json",
                    new JsonObject
                    {
                        ["rmse"] = statistics.Rmse,
                        ["mean"] = statistics.Mean,
                        ["median"] = statistics.Median,
                        ["std"] = statistics.Std,
                        ["min"] = statistics.Min,
                        ["max"] = statistics.Max,
                        ["sse"] = statistics.Sse,
                    }.ToJsonString()
                );
                var travelled = poses.Travelled();
                Array("error_array", errors.Translation);
                Array("timestamps", [.. at.Select(i => poses.Times[i])]);
                Array("seconds_from_start", [.. at.Select(i => poses.Times[i] - poses.Times[0])]);
                Array("distances_from_start", [.. at.Select(i => travelled[i])]);
                Array("distances", [.. at.Select(i => i == 0 ? 0 : travelled[i] - travelled[i - 1])]);
                var (c, r, t) = poses.Alignment;
                Array(
                    "alignment_transformation_sim3",
                    [
                        c * r.M11,
                        c * r.M12,
                        c * r.M13,
                        t.X,
                        c * r.M21,
                        c * r.M22,
                        c * r.M23,
                        t.Y,
                        c * r.M31,
                        c * r.M32,
                        c * r.M33,
                        t.Z,
                        0,
                        0,
                        0,
                        1,
                    ],
                    4,
                    4
                );
                Poses("reference.tum", new(poses.Times, poses.Reference));
                Poses("estimate.tum", new(poses.Times, poses.Estimate));

                void Text(string name, string text)
                {
                    using var writer = new StreamWriter(zip.CreateEntry(name).Open());
                    writer.Write(text);
                }
                void Poses(string name, Trajectory trajectory)
                {
                    using var writer = new StreamWriter(zip.CreateEntry(name).Open()) { NewLine = "\n" };
                    TrajectoryWriter.Tum(writer, trajectory);
                }
                void Array(string name, double[] numbers, params long[] shape)
                {
                    using var entry = zip.CreateEntry($"{name}.npy").Open();
                    NpyFile.Write<double>(entry, numbers, shape.Length == 0 ? [numbers.Length] : shape);
                }
            }
        );
}
