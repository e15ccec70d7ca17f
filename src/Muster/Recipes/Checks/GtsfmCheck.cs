using System.Text.RegularExpressions;

namespace Muster.Recipes.Checks;

/// <summary>What GTSfM would find out about its data set only after the cluster has started.</summary>
internal static partial class GtsfmCheck
{
    private static readonly string[] ColmapFiles = ["cameras.txt", "images.txt", "points3D.txt"];

    public static IEnumerable<RecipeFinding> Run(RecipeValues values)
    {
        foreach (var name in (string[])["dataset-dir", "images-dir"])
        {
            if (values.LocalPath(name) is { } path && !Directory.Exists(path))
                yield return RecipeFinding.Error($"--{name}: there is no folder {path}");
        }
        if (values.LocalPath("dataset-dir") is { } data && Directory.Exists(data))
        {
            if (!values.Inputs.ContainsKey("images-dir") && !Directory.Exists(Path.Combine(data, "images")))
                yield return RecipeFinding.Error(
                    $"--dataset-dir: {data} has no folder images; name it with --images-dir"
                );
            foreach (
                var file in values.Parameters.GetValueOrDefault("loader") == "colmap"
                    ? ColmapFiles.Where(file => !File.Exists(Path.Combine(data, file)))
                    : []
            )
            {
                yield return RecipeFinding.Error($"--dataset-dir: the loader colmap wants {file} in {data}");
            }
        }
        foreach (
            var word in values
                .Parameters.GetValueOrDefault("overrides", "")
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Where(word => !Override().IsMatch(word))
        )
        {
            yield return RecipeFinding.Error($"--overrides: '{word}' is no NAME=VALUE of Hydra");
        }
        if (values.Parameters.GetValueOrDefault("worker-memory-limit") is { } limit && !Limit().IsMatch(limit))
            yield return RecipeFinding.Error(
                $"--worker-memory-limit takes a size such as 8GB, a part such as 0.5, auto or 0, not '{limit}'"
            );
    }

    [GeneratedRegex(@"\A(\+{0,2}[A-Za-z_][\w./@-]*=\S*|~[A-Za-z_][\w./@-]*)\z")]
    private static partial Regex Override();

    [GeneratedRegex(@"\A([0-9]{1,15}|[0-9]{1,6}(\.[0-9]{1,6})?\s?[kMGT]i?B|0?\.[0-9]{1,6}|1\.0|auto)\z")]
    private static partial Regex Limit();
}
