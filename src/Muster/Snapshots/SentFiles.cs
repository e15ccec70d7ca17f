using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>What would be sent of a folder, seen without writing anything.</summary>
public sealed record SentFiles(IReadOnlyList<SentFile> Files)
{
    public long Bytes { get; } = Files.Sum(file => file.Size);

    public IEnumerable<SentFile> Largest(int count) =>
        Files.Where(file => file.Size > 0).OrderByDescending(file => file.Size).Take(count);

    public IEnumerable<SentFile> Untracked => Files.Where(file => file.IsUntracked);

    public IEnumerable<SentFile> Secrets => Files.Where(file => SecretFileNames.Fits(file.Path));

    /// <summary>The code around a folder, as a submission would take it now.</summary>
    public static async Task<SentFiles> OfCodeAsync(string workingFolder, CancellationToken ct)
    {
        if (await WorkTree.FindAsync(workingFolder, ct) is not { } tree)
            return Of(FolderSnapshot.TakeCode(workingFolder, Git.IsInstalled, ct).Items);
        var files = new List<SentFile>();
        await AddAsync(files, tree, null, ct);
        return new([.. files.DistinctBy(file => file.Path).OrderBy(file => file.Path, StringComparer.Ordinal)]);
    }

    public static SentFiles Of(IReadOnlyList<CargoItem> items) =>
        new([
            .. items
                .Where(item => item.Kind != CargoKind.Folder)
                .Select(item => new SentFile(item.Path.Text, item.Size, false)),
        ]);

    private static async Task AddAsync(List<SentFile> files, WorkTree tree, RawPath? place, CancellationToken ct)
    {
        foreach (var untracked in (bool[])[false, true])
        {
            string[] which = untracked ? ["--others", "--exclude-standard"] : ["--cached"];
            foreach (var path in Read(await tree.Git.GetAsync(ct, ["ls-files", "-z", .. which])))
            {
                var full = Path.Combine(tree.Root, path.Text);
                var shown = place is { } above ? path.Below(above) : path;
                if (FileStamp.Find(full) is not { } stamp)
                    continue; // deleted, and not yet in git's eyes
                if (stamp.Type == FileType.Folder)
                {
                    if (await WorkTree.AtAsync(full, ct) is { } inner)
                        await AddAsync(files, inner, shown, ct);
                }
                else
                {
                    files.Add(new(shown.Text, stamp.Type == FileType.File ? stamp.Size : 0, untracked));
                }
            }
        }
    }

    private static List<RawPath> Read(ReadOnlySpan<byte> listed)
    {
        var paths = new List<RawPath>();
        foreach (var range in listed.Split((byte)0))
        {
            var path = listed[range];
            if (!path.IsEmpty)
                paths.Add(RawPath.Parse(path.EndsWith("/"u8) ? path[..^1] : path)); // a repository in this one
        }
        return paths;
    }
}

/// <param name="IsUntracked">Git does not know it yet.</param>
public readonly record struct SentFile(string Path, long Size, bool IsUntracked);
