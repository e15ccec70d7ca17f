namespace Muster.Scenes.Looking;

/// <summary>Finds scenes among results, by the names that their writers give their files.</summary>
public static class SceneFinder
{
    private static readonly string[] Clouds = ["points.ply", "cloud.ply"],
        Saved = ["tstamps.npy", "images.npy", "disps.npy", "poses.npy", "intrinsics.npy"];

    /// <param name="files">Below one folder, with <c>/</c> between their parts.</param>
    /// <returns>What <see cref="Scene.Open"/> takes; what is part of another scene is left out.</returns>
    public static IReadOnlyList<FoundScene> Among(IEnumerable<(string Path, long Bytes)> files)
    {
        var found = new List<FoundScene>();
        var folders = files.ToLookup(file => FolderOf(file.Path));
        foreach (var folder in folders.OrderBy(folder => folder.Key, StringComparer.Ordinal))
        {
            var names = folder.Select(file => NameOf(file.Path)).ToHashSet(StringComparer.Ordinal);
            long Size(Func<string, bool> which) =>
                folder.Where(file => which(NameOf(file.Path))).Sum(file => file.Bytes);
            if (found.Any(scene => IsPartOf(folder.Key, scene)))
                continue;
            if (HasModel(names))
                found.Add(
                    new(
                        folder.Key,
                        "COLMAP model",
                        true,
                        Size(name => name.EndsWith(Ending(names), StringComparison.Ordinal))
                    )
                );
            else if (Clouds.FirstOrDefault(names.Contains) is { } cloud && names.Any(IsWay))
                found.Add(new(folder.Key, "exported scene", true, Size(name => name == cloud)));
            else if (Saved.All(names.Contains))
                found.Add(
                    new(
                        folder.Key,
                        "DROID-SLAM reconstruction",
                        true,
                        Size(name => name.EndsWith(".npy", StringComparison.Ordinal))
                    )
                );
            else
                foreach (var (path, bytes) in folder.OrderBy(file => file.Path, StringComparer.Ordinal))
                    if (KindOf(NameOf(path)) is { } kind)
                        found.Add(new(path, kind, false, bytes));
        }
        return found;
    }

    /// <summary>COLMAP writes all three, in one form or in both.</summary>
    private static bool HasModel(HashSet<string> names) =>
        ((string[])["cameras", "images", "points3D"]).All(name => names.Contains(name + Ending(names)));

    private static string Ending(HashSet<string> names) => names.Contains("images.bin") ? ".bin" : ".txt";

    private static bool IsPartOf(string folder, FoundScene scene) =>
        scene is { IsFolder: true, Kind: "exported scene" }
        && (scene.Path.Length == 0 || folder.StartsWith(scene.Path + "/", StringComparison.Ordinal));

    private static string? KindOf(string name) =>
        name.EndsWith(".ply", StringComparison.OrdinalIgnoreCase) ? "PLY cloud"
        : name == "reconstruction.pth" ? "DROID-SLAM reconstruction"
        : IsWay(name) ? "trajectory"
        : null;

    private static bool IsWay(string name) =>
        name.EndsWith(".tum", StringComparison.Ordinal) || name.EndsWith(".kitti", StringComparison.Ordinal);

    private static string FolderOf(string path) => path.LastIndexOf('/') is >= 0 and var at ? path[..at] : "";

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];
}

/// <param name="Path">Of a folder or of a file; empty where the results are one.</param>
/// <param name="Bytes">Of what is read to show it.</param>
public sealed record FoundScene(string Path, string Kind, bool IsFolder, long Bytes);
