using System.Globalization;

namespace Muster.Snapshots;

/// <summary>
/// Keeps a snapshot as a branch, by the names of cluster_tools: <c>BRANCH.dirty/TIMESTAMP</c> for changed code, and for
/// committed code a branch that was asked for.
/// </summary>
public static class SnapshotBranch
{
    /// <param name="branch">Stands for the branch's own name; empty leaves that.</param>
    /// <param name="id">Tells two snapshots of one second apart.</param>
    /// <returns>What was made, or why it could not be; null where nothing was to be made.</returns>
    public static async Task<(string Word, string Text)?> KeepAsync(
        Snapshot snapshot,
        string id,
        string branch,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        if (snapshot.Commit is not { } commit || !snapshot.Dirty && (branch.Length == 0 || branch == snapshot.Branch))
            return null;
        var of = branch.Length > 0 ? branch : snapshot.Branch;
        var stamped = $"{of}.dirty/{now.ToLocalTime().ToString("yyyyMMdd.HHmmss", CultureInfo.InvariantCulture)}";
        string[] names = snapshot.Dirty ? [stamped, $"{stamped}-{id}"] : [of!];
        var git = new Git(snapshot.Root, ("GIT_CEILING_DIRECTORIES", ""));
        var said = "";
        foreach (var name in names)
        {
            // The last word, no old value, lets it fail where the branch exists.
            var answer = await git.AskAsync(
                default,
                ct,
                "update-ref",
                "--no-deref",
                $"refs/heads/{name}",
                snapshot.Dirty ? commit : snapshot.Head!,
                new string('0', commit.Length)
            );
            if (answer.ExitCode == 0)
                return ("branch", $"{name} holds what was sent");
            said = answer.Said.Split('\n')[^1];
        }
        return ("note", $"no branch {names[0]}: {said}. The code that was sent is kept all the same: {commit}");
    }
}
