using Muster.Scenes.Export;
using Muster.Scenes.Formats.Colmap;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Looking;

/// <summary>
/// A scene as it lies on disk, whoever wrote it: points to pass over as often as one likes, cameras, and the way that
/// was gone.
/// </summary>
public sealed class Scene : IDisposable
{
    private const int Batch = 1 << 14;
    private static readonly string[] CloudNames = ["points.ply", "cloud.ply"],
        WayNames = ["trajectory.tum", "keyframes.tum", "trajectory.kitti"];
    private readonly List<IDisposable> _open = [];
    private Func<CancellationToken, IEnumerable<ArraySegment<ScenePoint>>> _points = _ => [];

    private Scene(string path) => Path = path;

    public string Path { get; }

    /// <summary>What it is, in a few words.</summary>
    public string Kind { get; private set; } = "";

    /// <summary>Camera to world.</summary>
    public IReadOnlyList<Pose> Cameras { get; private set; } = [];

    /// <summary>Where the camera was, in the order of time.</summary>
    public IReadOnlyList<Vec3> Way { get; private set; } = [];
    public (int Width, int Height)? ImageSize { get; private set; }
    public IReadOnlyList<SceneWarning> Warnings { get; private set; } = [];

    /// <summary>All points in order. The batch is reused.</summary>
    public IEnumerable<ArraySegment<ScenePoint>> Points(CancellationToken ct) => _points(ct);

    /// <param name="path">A folder that `scene export` wrote, a COLMAP model, a PLY file, a trajectory, or what
    /// DROID-SLAM saved.</param>
    public static Scene Open(string path, IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var scene = new Scene(path);
        try
        {
            scene.Read(progress, ct);
            return scene;
        }
        catch
        {
            scene.Dispose();
            throw;
        }
    }

    public void Dispose() => _open.ForEach(one => one.Dispose());

    private void Read(IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var ending = System.IO.Path.GetExtension(Path).ToLowerInvariant();
        if (Directory.Exists(Path) && ColmapReader.IsModel(Path))
            ReadColmap(Path);
        else if (Directory.Exists(Path) && Within(CloudNames) is { } cloud)
            ReadExport(cloud);
        else if (Directory.Exists(Path) && ColmapReader.IsModel(System.IO.Path.Combine(Path, "colmap")))
            ReadColmap(System.IO.Path.Combine(Path, "colmap"));
        else if (
            Directory.Exists(Path)
            && !File.Exists(System.IO.Path.Combine(Path, "disps.npy"))
            && Within(WayNames) is { } way
        )
            ReadWay(way);
        else if (ending == ".ply")
            ReadCloud(Path, "PLY cloud");
        else if (ending is ".tum" or ".txt" or ".csv" or ".kitti")
            ReadWay(Path);
        else
            ReadReconstruction(progress, ct);
    }

    private string? Within(IEnumerable<string> names) =>
        names.Select(name => System.IO.Path.Combine(Path, name)).FirstOrDefault(File.Exists);

    private void ReadExport(string cloud)
    {
        ReadCloud(cloud, "exported scene");
        if (File.Exists(System.IO.Path.Combine(Path, "keyframes.tum")))
            Cameras = TrajectoryFile.Read(System.IO.Path.Combine(Path, "keyframes.tum")).Poses;
        if (Within(WayNames) is { } way)
            Way = [.. TrajectoryFile.Read(way).Poses.Select(pose => pose.Position)];
    }

    private void ReadCloud(string path, string kind)
    {
        var ply = PlyCloud.Open(path);
        _open.Add(ply);
        (Kind, _points) = (kind, ply.Read);
    }

    private void ReadWay(string path)
    {
        var trajectory = TrajectoryFile.Read(path);
        (Kind, Cameras, Way) = ("trajectory", trajectory.Poses, [.. trajectory.Poses.Select(pose => pose.Position)]);
    }

    private void ReadColmap(string folder)
    {
        var model = ColmapReader.Open(folder);
        (Kind, Cameras) = (
            "COLMAP model",
            [
                .. model
                    .Images.OrderBy(image => image.Name, StringComparer.Ordinal)
                    .Select(image => image.WorldToCamera.Inverse),
            ]
        );
        Way = [.. Cameras.Select(camera => camera.Position)];
        if (model.Cameras is [var first, ..])
            ImageSize = ((int)first.Width, (int)first.Height);
        _points = ct =>
            model
                .Points()
                .Chunk(Batch)
                .Select(points =>
                {
                    ct.ThrowIfCancellationRequested();
                    return new ArraySegment<ScenePoint>(points);
                });
    }

    private void ReadReconstruction(IProgress<SceneProgress>? progress, CancellationToken ct)
    {
        var saved = Reconstruction.Open(Path);
        _open.Add(saved);
        var cloud = FilteredCloud.Of(saved, new(), progress, ct);
        (Kind, Warnings, ImageSize) = (
            "DROID-SLAM reconstruction",
            [.. saved.Warnings, .. cloud.Warnings(ct)],
            (saved.Width, saved.Height)
        );
        Cameras = Array.ConvertAll(saved.WorldToCamera, pose => pose.Inverse);
        Way = [.. (saved.CameraToWorldTracked ?? Cameras).Select(pose => pose.Position)];
        _points = stop => cloud.Points(null, stop).Select(points => new ArraySegment<ScenePoint>(points));
    }
}
