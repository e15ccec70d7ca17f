using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>
/// What a git snapshot would add to the repository, seen before anything is written: edits and new files.
/// </summary>
public sealed record SnapshotSurvey(IReadOnlyList<SurveyedFile> Files)
{
    public long Bytes { get; } = Files.Sum(file => file.Size);

    public IEnumerable<SurveyedFile> Largest(int count) => Files.OrderByDescending(file => file.Size).Take(count);

    /// <summary>Nothing when <paramref name="workingFolder"/> is in no git work tree.</summary>
    public static async Task<SnapshotSurvey?> LookAsync(string workingFolder, CancellationToken ct)
    {
        if (await WorkTree.FindAsync(workingFolder, ct) is not { } tree)
            return null;
        var files = new List<SurveyedFile>();
        await AddAsync(files, tree, null, ct);
        return new(files);
    }

    private static async Task AddAsync(List<SurveyedFile> files, WorkTree tree, RawPath? place, CancellationToken ct)
    {
        var status = await tree.Git.GetAsync(
            ct,
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--ignore-submodules=none"
        );
        foreach (var (path, isRepository) in Read(status))
        {
            var full = Path.Combine(tree.Root, path.Text);
            var shown = place is { } above ? path.Below(above) : path;
            if (!isRepository)
            {
                if (FileStamp.Find(full) is { Type: FileType.File } stamp)
                    files.Add(new(shown, stamp.Size));
            }
            else if (await WorkTree.AtAsync(full, ct) is { } inner)
            {
                await AddAsync(files, inner, shown, ct);
            }
        }
    }

    /// <summary>
    /// The entries of <c>git status --porcelain=v2 -z</c> whose work tree holds something that git does not.
    /// </summary>
    private static List<(RawPath Path, bool IsRepository)> Read(ReadOnlySpan<byte> status)
    {
        var found = new List<(RawPath, bool)>();
        foreach (var range in status.Split((byte)0))
        {
            // `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`
            var entry = status[range];
            if (entry.IsEmpty)
                continue;
            var fieldsBeforePath = entry[0] switch
            {
                (byte)'1' => 8,
                (byte)'u' => 10,
                _ => 1,
            };
            if (fieldsBeforePath > 1 && entry[3] is (byte)'.' or (byte)'D')
                continue;
            var isRepository = fieldsBeforePath > 1 && entry[5] == 'S';
            var path = entry;
            for (var i = 0; i < fieldsBeforePath; i++)
                path = path[(path.IndexOf((byte)' ') + 1)..];
            var isFolder = path.EndsWith("/"u8); // a repository that git does not know yet
            found.Add((RawPath.Parse(isFolder ? path[..^1] : path), isRepository || isFolder));
        }
        return found;
    }
}

/// <summary>A file that would be new in the repository.</summary>
public readonly record struct SurveyedFile(RawPath Path, long Size);
