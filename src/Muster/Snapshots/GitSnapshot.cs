using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>
/// Takes the state of a git work tree, with all that is edited, staged or new, as a commit that the working copy never
/// notices.
/// </summary>
public static class GitSnapshot
{
    /// <summary>Nothing when <paramref name="workingFolder"/> is in no git work tree.</summary>
    /// <param name="same">The commit of an earlier snapshot that is wanted again; null for the state of now.</param>
    public static async Task<Snapshot?> TakeAsync(
        string workingFolder,
        RunRef run,
        string? same,
        ContentCache cache,
        CancellationToken ct
    )
    {
        if (await WorkTree.FindAsync(workingFolder, ct) is not { } tree)
            return null;
        var temporary = Directory.CreateTempSubdirectory("muster-index-");
        var taking = new Taking(run, cache, temporary.FullName);
        try
        {
            var leftOut = Taking.LeftOutAsync(tree, ct);
            var taken = same is null
                ? await taking.TakeAsync(tree, null, ct)
                : await taking.TakeAsync(tree, null, same, ct);
            return new()
            {
                Commit = taken.Commit,
                Head = taken.Head,
                Branch = taken.Branch ?? taken.Head?[..10],
                Dirty = taken.Dirty,
                Root = tree.Root,
                Subfolder = tree.Subfolder,
                Items = taken.Items,
                LeftOut = await leftOut,
                Warnings = taking.Warnings,
            };
        }
        catch
        {
            await taking.UndoAsync();
            throw;
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    /// <summary>
    /// Takes a snapshot's ref back, in submodules too: its run came to nothing, or is removed. The commits go with
    /// git's
    /// own clean-up.
    /// </summary>
    public static async Task ForgetAsync(string workingFolder, RunRef run, CancellationToken ct)
    {
        if (await WorkTree.FindAsync(workingFolder, ct) is { } tree)
            await ForgetAsync(tree, run, ct);
    }

    private static async Task ForgetAsync(WorkTree tree, RunRef run, CancellationToken ct)
    {
        await tree.Git.AskAsync(default, ct, "update-ref", "-d", run.Name);
        var listed = await tree.Git.AskAsync(default, ct, "ls-files", "--stage", "-t", "-z");
        foreach (var nested in IndexEntry.Parse(listed.Output).Where(entry => entry.IsRepository))
            if (await WorkTree.AtAsync(Path.Combine(tree.Root, nested.Path.Text), ct) is { } inner)
                await ForgetAsync(inner, run, ct);
    }
}
