using System.Text;
using Muster.Faults;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>A git work tree: where it is, and where git keeps what belongs to it.</summary>
internal sealed record WorkTree(string Root, string GitFolder, string CommonFolder, string Index, RawPath? Subfolder)
{
    public Git Git { get; } = new(Root, ("GIT_DIR", GitFolder), ("GIT_WORK_TREE", Root));

    /// <summary>
    /// The work tree around <paramref name="folder"/>, found as git finds it, so that the caller's <c>GIT_DIR</c>
    /// counts. Without the git program there is none.
    /// </summary>
    public static async Task<WorkTree?> FindAsync(string folder, CancellationToken ct) =>
        Git.IsInstalled ? await FindAsync(new Git(folder), ct) : null;

    /// <summary>
    /// The work tree that begins at <paramref name="folder"/> itself, a submodule or nested repository. The caller's
    /// <c>GIT_DIR</c> is not meant.
    /// </summary>
    public static async Task<WorkTree?> AtAsync(string folder, CancellationToken ct) =>
        Git.IsInstalled && Path.Exists(Path.Combine(folder, ".git"))
            ? await FindAsync(new Git(folder, ("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(folder)!)), ct)
            : null;

    private static async Task<WorkTree?> FindAsync(Git git, CancellationToken ct)
    {
        var answer = await git.AskAsync(
            default,
            ct,
            "rev-parse",
            "--is-inside-work-tree",
            "--absolute-git-dir",
            "--git-common-dir",
            "--git-path",
            "index",
            "--show-toplevel",
            "--show-prefix"
        );
        var lines = Encoding.UTF8.GetString(answer.Output).Split('\n', 6);
        if (lines[0] == "false" || answer.Said.Contains("not a git repository"))
            return null;
        if (answer.ExitCode != 0)
            throw git.Fault("rev-parse", answer);

        // The folder below the root comes last: a line feed in its name does no harm. In the root's own name it would.
        var prefix = answer.Output.AsSpan(Encoding.UTF8.GetByteCount(string.Join('\n', lines[..5])) + 1)[..^1];
        if (lines.Length < 6 || !Directory.Exists(lines[4]))
            throw new UserException(
                $"the path of the repository around {git.Folder} cannot be read",
                "Rename its folders so that no name holds a line feed."
            );
        string Full(string path) => Path.GetFullPath(path, Path.GetFullPath(git.Folder));
        return new(
            lines[4],
            lines[1],
            Full(lines[2]),
            Full(lines[3]),
            prefix.IsEmpty ? null : RawPath.Parse(prefix[..^1])
        );
    }
}
