using Muster.Transfers;

namespace Muster.Runs;

/// <summary>
/// The local folder of a run's results, its own for good: <c>train-1</c>, <c>train-2</c> … below <c>muster-out</c>,
/// where a link
/// <c>train</c> leads to the newest. What another run or a person has put there is left alone.
/// </summary>
public static class ResultFolder
{
    /// <summary>Where the results of a run go. Fetched again, they go where they went before.</summary>
    public static string For(Run run, string above)
    {
        if (run.FetchedTo is { } before && Path.GetDirectoryName(before) == above && IsOf(run, before))
            return before;
        var name = run.Plan.Series is null ? $"{run.Plan.Name}-1" : run.Plan.Name;
        string[] candidates = [name, $"{name}-{run.Id.ToString()[^6..]}"];
        return candidates
                .Select(candidate => Path.Combine(above, candidate))
                .FirstOrDefault(folder => !Path.Exists(folder) || IsOf(run, folder))
            ?? Path.Combine(above, run.Id.ToString());
    }

    /// <summary>Has the series' link lead to the newest of <paramref name="runs"/> whose results are here.</summary>
    /// <returns>Why there is no link; null where all is well.</returns>
    public static string? Link(IReadOnlyList<Run> runs, string above)
    {
        if (
            runs.FirstOrDefault(run =>
                run.FetchedTo is { } to && Path.GetDirectoryName(to) == above && Directory.Exists(to)
            )
            is not { FetchedTo: { } newest } run
        )
            return null;
        var link = Path.Combine(above, run.Plan.Series ?? run.Plan.Name);
        var (name, target) = (Path.GetFileName(link), Path.GetFileName(newest));
        if (link == newest)
            return null;
        var here = new FileInfo(link).LinkTarget;
        if (here == target)
            return null;
        if (here is null ? Path.Exists(link) : Path.GetFileName(here) != here)
            return $"{name} was not created by Muster and is left alone; the newest results are in {target}";
        try
        {
            if (here is not null && OperatingSystem.IsWindows())
                Directory.Delete(link);
            else if (here is not null)
                File.Delete(link);
            Directory.CreateSymbolicLink(link, target);
            return null;
        }
        catch (Exception fault)
            when (fault is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return $"the link {name} could not be created; the newest results are in {target}";
        }
    }

    private static bool IsOf(Run run, string folder) =>
        new FileInfo(folder).LinkTarget is null
        && run.Plan.Hosts()
            .Any(host =>
                FetchRecord.IsOf(folder, run.Plan.FolderOn(host), run.Plan.MergeResults ? host : null)
                || (host is not null && FetchRecord.IsOf(Path.Combine(folder, host), run.Plan.FolderOn(host)))
            );
}
