namespace Muster.Node.Engines;

/// <summary>Which of the files beside the photos an engine gets as what.</summary>
internal static class ControlFiles
{
    public static IEnumerable<(string Flag, string Path)> In(string folder)
    {
        if (!Directory.Exists(folder))
            yield break;
        var files = Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).ToList();
        string? Named(params string[] names) =>
            files.FirstOrDefault(path => names.Contains(Path.GetFileName(path).ToLowerInvariant()));
        var (geo, groups) = (Named("geo.txt"), Named("image_groups.txt"));
        if (
            files.FirstOrDefault(path =>
                path != geo && path != groups && path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase)
            ) is
            { } points
        )
            yield return ("--gcp", points);
        if (geo is not null)
            yield return ("--geo", geo);
        if (Named("align.tif", "align.laz", "align.las") is { } align)
            yield return ("--align", align);
        if (groups is not null)
            yield return ("--split-image-groups", groups);
    }
}
