using System.Text.Json;
using Muster.Faults;
using Muster.Scenes.Formats;
using Muster.Scenes.Formats.Colmap;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Export;

/// <summary>
/// Turns a saved reconstruction into a cloud, trajectories and camera models, without a display or a GPU.
/// </summary>
/// <param name="images">By which files of key frames are called; none: by their numbers.</param>
public sealed class SceneExport(
    Reconstruction scene,
    Timestamps timestamps,
    ImageNames? images,
    ExportOptions options,
    string folder
)
{
    private readonly int[] _keyframes = [.. Enumerable.Range(0, scene.Keyframes).Take(options.Keyframes)];
    private readonly IReadOnlyList<string> _names = FrameNames.Of(scene.Times, timestamps.Stride, images);
    private readonly List<string> _files = [];
    private readonly List<SceneWarning> _warnings = [.. scene.Warnings];

    public ExportReport Run(IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var cloud = FilteredCloud.Of(scene, options, progress, ct);
        _warnings.AddRange(cloud.Warnings(ct));

        MakeFolder(folder);
        var tally = new CloudTally();
        var (total, points) = Thinned(cloud.Count, cloud.Points(progress, ct));
        Keep(
            "points.ply",
            stream =>
            {
                var ply = new PlyWriter(stream, total, options.Ply, options.PlyDoubles);
                foreach (var batch in points)
                {
                    ply.Write(batch);
                    tally.Add(batch);
                }
            }
        );
        WriteTrajectories();
        if (options.Colmap is { } form)
            WriteColmap(form, total, points);
        if (options.Images || options.Colmap is not null)
            KeepEach("images", ".png", path => KeyframeFiles.WriteImages(scene, _keyframes, path, ct));
        if (options.DepthMaps)
            KeepEach("depth", ".npy", path => KeyframeFiles.WriteDepths(scene, _keyframes, options.Scale, path, ct));
        var report = Report(cloud, total, tally);
        Keep("export.json", stream => JsonSerializer.Serialize(stream, report, ExportJson.Indented.ExportReport));
        return report;
    }

    private (long Count, IEnumerable<ScenePoint[]> Points) Thinned(long kept, IEnumerable<ScenePoint[]> points)
    {
        if (options.Voxel is not { } size)
            return (kept, points);
        var thinning = new VoxelThinning(size);
        foreach (var batch in points)
            thinning.Add(batch);
        return (thinning.Count, thinning.Points());
    }

    private void WriteTrajectories()
    {
        var keyframes = _keyframes
            .Select(i =>
                (Time: timestamps.Of(scene.Times[i]), Pose: scene.WorldToCamera[i].Inverse.Scaled(options.Scale))
            )
            .ToList();
        var tracked = scene
            .CameraToWorldTracked?.Select(
                (pose, t) => (Time: timestamps.Of(options.FirstFrame + t), Pose: pose.Scaled(options.Scale))
            )
            .ToList();
        if (options.Tum)
            KeepText("keyframes.tum", text => TrajectoryWriter.Tum(text, keyframes));
        if (options.Tum && tracked is not null)
            KeepText("trajectory.tum", text => TrajectoryWriter.Tum(text, tracked));
        if (options.Kitti)
            KeepText(
                "trajectory.kitti",
                text => TrajectoryWriter.Kitti(text, (tracked ?? keyframes).Select(frame => frame.Pose))
            );
        if (options.CamerasPly)
            Keep("cameras.ply", stream => CameraLines.Write(stream, [.. keyframes.Select(frame => frame.Pose)]));
    }

    private void WriteColmap(ColmapForm form, long count, IEnumerable<ScenePoint[]> points)
    {
        var camera = scene.EighthCamera.Times(8);
        // COLMAP counts pixels from their corners.
        var full = new ColmapCamera(
            1,
            "PINHOLE",
            scene.Width,
            scene.Height,
            [camera.Fx, camera.Fy, camera.Cx + 0.5, camera.Cy + 0.5]
        );
        var views = _keyframes.Select(i => new ColmapImage(
            (uint)i + 1,
            scene.WorldToCamera[i].Scaled(options.Scale),
            1,
            $"{_names[i]}.png"
        ));
        MakeFolder(Path.Combine(folder, "colmap"));
        ColmapWriter.Write(Path.Combine(folder, "colmap"), form, [full], [.. views], count, points);
        _files.AddRange(ColmapWriter.Files(form).Select(name => $"colmap/{name}"));
    }

    private ExportReport Report(FilteredCloud cloud, long total, CloudTally tally) =>
        new()
        {
            Source = scene.Path,
            Folder = folder,
            Filter = new(
                options.Filter.Name,
                options.Filter.Threshold,
                options.Filter.Count,
                options.Filter.Ratio,
                options.Filter.PerFrame ? "perFrame" : "global",
                options.Filter.Subsample,
                options.Filter.Offset,
                options.Symmetric ? "symmetric" : "original",
                options.Voxel,
                options.MaxDepth,
                options.Filter.Approximate
            ),
            Keyframes = scene.Keyframes,
            TrackedFrames = scene.CameraToWorldTracked?.Length,
            GridWidth = cloud.Grid.Width,
            GridHeight = cloud.Grid.Height,
            Timestamps = timestamps.Rule,
            Stride = timestamps.Stride,
            Scale = options.Scale,
            MeanDisparity = cloud.Grid.Mean,
            Votes = cloud.Histogram,
            PointsKept = cloud.Count,
            PointsByKeyframe = cloud.Counts,
            Points = total,
            Centroid = tally.Centroid,
            Bounds = tally.Bounds,
            Files = _files,
            Warnings = _warnings,
        };

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"{path} cannot be made: {fault.Message}",
                "Name a folder that may be written to, with --out.",
                fault
            );
        }
    }

    private void Keep(string name, Action<Stream> write)
    {
        WholeFile.Write(Path.Combine(folder, name), write);
        _files.Add(name);
    }

    private void KeepEach(string below, string ending, Action<Func<int, string>> write)
    {
        MakeFolder(Path.Combine(folder, below));
        write(keyframe => Path.Combine(folder, below, $"{_names[keyframe]}{ending}"));
        _files.Add($"{below}/");
    }

    private void KeepText(string name, Action<TextWriter> write)
    {
        WholeFile.WriteText(Path.Combine(folder, name), write);
        _files.Add(name);
    }
}
