using System.Text;
using Muster.Faults;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>One snapshot being taken: of a repository and, in the same manner, of the submodules in it.</summary>
internal sealed class Taking(RunRef run, ContentCache cache, string temporaryFolder)
{
    private readonly List<WorkTree> _marked = [];
    private int _indexes;

    public List<string> Warnings { get; } = [];

    public async Task<Taken> TakeAsync(WorkTree tree, RawPath? place, CancellationToken ct)
    {
        var index = CopyIndex(tree.Index);
        var git = tree.Git.With(("GIT_INDEX_FILE", index));
        var standing = StandingAsync(git, ct);
        var settings = await SettingsAsync(git, ct);
        await AddAllAsync(git, ct);

        var entries = IndexEntry.Parse(await git.GetAsync(ct, "ls-files", "--stage", "-t", "-z"));
        var items = new List<CargoItem>(entries.Count);
        var moved = new StringBuilder();
        foreach (var nested in entries.Where(entry => entry.IsRepository))
        {
            var path = place is { } above ? nested.Path.Below(above) : nested.Path;
            if (await WorkTree.AtAsync(Path.Combine(tree.Root, nested.Path.Text), ct) is not { } inner)
            {
                Warnings.Add($"{path}: a submodule that is not checked out; `git submodule update --init` brings it");
                items.Add(new(path, CargoKind.Folder));
                continue;
            }
            var taken = await TakeAsync(inner, path, ct);
            items.Add(new(path, CargoKind.Folder));
            items.AddRange(taken.Items);
            if (taken.Commit != nested.Id)
                moved.Append($"160000 {taken.Commit}\t{nested.Path.Text}\0");
        }
        if (moved.Length > 0)
            await git.GetAsync(Encoding.UTF8.GetBytes(moved.ToString()), ct, "update-index", "-z", "--index-info");

        var written = await git.LineAsync(ct, "write-tree");
        var (head, headTree, branch) = await standing;
        var dirty = written != headTree;
        var commit = head;
        if (dirty || head is null)
        {
            string[] parents = head is null ? [] : ["-p", head];
            commit = await git.With(settings.Identity)
                .LineAsync(ct, ["commit-tree", written, .. parents, "-m", $"muster: {run.Name}"]);
        }
        _marked.Add(tree);
        await git.GetAsync(ct, "update-ref", run.Name, commit!);

        await AddFilesAsync(tree, items, entries, place, new GitBlobs(tree.Git, written.Length / 2), ct);
        return new(commit!, head, branch, dirty, items);
    }

    /// <summary>A commit as it is, whatever the work tree holds now.</summary>
    public async Task<Taken> TakeAsync(WorkTree tree, RawPath? place, string commit, CancellationToken ct)
    {
        var git = tree.Git.With(("GIT_INDEX_FILE", CopyIndex("")));
        var asked = await git.AskAsync(default, ct, "read-tree", commit);
        if (asked.ExitCode != 0)
            throw new UserException(
                $"the commit {commit} is not in {tree.Root} any more",
                "Leave --same-code out, to submit the code as it is now."
            );
        var entries = IndexEntry.Parse(await git.GetAsync(ct, "ls-files", "--stage", "-t", "-z"));
        var items = new List<CargoItem>(entries.Count);
        foreach (var nested in entries.Where(entry => entry.IsRepository))
        {
            var path = place is { } above ? nested.Path.Below(above) : nested.Path;
            items.Add(new(path, CargoKind.Folder));
            if (await WorkTree.AtAsync(Path.Combine(tree.Root, nested.Path.Text), ct) is { } inner)
                items.AddRange((await TakeAsync(inner, path, nested.Id, ct)).Items);
            else
                Warnings.Add($"{path}: a submodule that is not checked out; `git submodule update --init` brings it");
        }
        _marked.Add(tree);
        await git.GetAsync(ct, "update-ref", run.Name, commit);
        await AddFilesAsync(tree, items, entries, place, new GitBlobs(tree.Git, commit.Length / 2), ct);
        return new(commit, null, null, false, items);
    }

    /// <summary>Takes the refs back that were set before something failed.</summary>
    public async Task UndoAsync()
    {
        foreach (var tree in _marked)
            await tree.Git.AskAsync(default, CancellationToken.None, "update-ref", "-d", run.Name);
    }

    /// <summary>The topmost ignored entries.</summary>
    public static async Task<LeftOut> LeftOutAsync(WorkTree tree, CancellationToken ct)
    {
        const int shown = 100;
        var listed = await tree.Git.GetAsync(
            ct,
            "ls-files",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            "-z"
        );
        var all = Encoding.UTF8.GetString(listed).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        // git also lists what lies in a folder that it has just listed.
        var names = all.Where(
                (name, at) =>
                    at == 0
                    || !all.Take(at)
                        .Any(above => above.EndsWith('/') && name.StartsWith(above, StringComparison.Ordinal))
            )
            .Take(shown + 1)
            .ToArray();
        return new([.. names.Take(shown)], names.Length > shown);
    }

    private string CopyIndex(string index)
    {
        var copy = Path.Combine(temporaryFolder, $"index{_indexes++}");
        if (!File.Exists(index))
            return copy;
        File.Copy(index, copy);
        // Git takes an entry for unchanged only when its file is older than the index; a younger copy would hide the
        // latest edit.
        File.SetLastWriteTimeUtc(copy, File.GetLastWriteTimeUtc(index));
        return copy;
    }

    private async Task AddFilesAsync(
        WorkTree tree,
        List<CargoItem> items,
        List<IndexEntry> entries,
        RawPath? place,
        GitBlobs blobs,
        CancellationToken ct
    )
    {
        var files = entries.Where(entry => !entry.IsRepository && !entry.IsAbsent).ToList();
        var unknown = files
            .Where(entry => cache.Find(entry.Key) is null)
            .Select(entry => entry.Key)
            .Distinct()
            .ToList();
        var sizes = unknown.Zip(await blobs.SizesAsync(unknown, ct)).ToDictionary();
        var begin = items.Count;
        items.AddRange(
            files.Select(entry => new CargoItem(place is { } above ? entry.Path.Below(above) : entry.Path, entry.Kind)
            {
                Key = entry.Key,
                Size = cache.Find(entry.Key)?.Size ?? sizes[entry.Key],
                Source = blobs,
            })
        );

        var links = Enumerable.Range(begin, files.Count).Where(at => items[at].Kind == CargoKind.Symlink).ToList();
        var targets = await blobs.ReadWholeAsync([.. links.Select(at => items[at])], ct);
        foreach (var (at, target) in links.Zip(targets))
            items[at] = new(items[at].Path, CargoKind.Symlink) { Target = target };

        var lfs = await LfsPointers.FindAsync([.. items[begin..]], blobs, ct);
        foreach (var (at, pointer) in lfs)
        {
            if (pointer.ContentIn(tree, files[at].Path) is { } content)
                items[begin + at] = content.At(items[begin + at].Path) with { Kind = files[at].Kind };
            else
                Warnings.Add(
                    $"{items[begin + at].Path}: only the Git LFS pointer is sent; `git lfs pull` brings the content"
                );
        }
    }

    private static async Task AddAllAsync(Git git, CancellationToken ct)
    {
        var answer = await git.AskAsync(default, ct, "add", "--all");
        // A stray file outside of a sparse checkout; git before 2.34 takes it unasked.
        if (answer.ExitCode != 0 && answer.Said.Contains("--sparse"))
            answer = await git.AskAsync(default, ct, "add", "--all", "--sparse");
        if (answer.ExitCode != 0)
            throw git.Fault("add", answer);
    }

    private static async Task<(string? Head, string? Tree, string? Branch)> StandingAsync(Git git, CancellationToken ct)
    {
        var objects = git.GetAsync("HEAD^{commit}\nHEAD^{tree}\n"u8.ToArray(), ct, "cat-file", "--batch-check");
        var symbolic = await git.AskAsync(default, ct, "symbolic-ref", "--quiet", "HEAD");
        var lines = Encoding.ASCII.GetString(await objects).Split('\n');
        var branch = symbolic.ExitCode == 0 ? Encoding.UTF8.GetString(symbolic.Output).TrimEnd('\n') : null;
        return (
            IdIn(lines[0]),
            IdIn(lines[1]),
            branch?.StartsWith("refs/heads/", StringComparison.Ordinal) == true
                ? branch["refs/heads/".Length..]
                : branch
        );

        static string? IdIn(string line) =>
            line.EndsWith(" missing", StringComparison.Ordinal) ? null : line[..line.IndexOf(' ')];
    }

    private static async Task<Settings> SettingsAsync(Git git, CancellationToken ct)
    {
        var answer = await git.AskAsync(default, ct, "config", "--get-regexp", "^user\\.(name|email)$");
        var known = Encoding.UTF8.GetString(answer.Output);
        List<(string, string)> identity = [];
        foreach (var who in new[] { "AUTHOR", "COMMITTER" })
        {
            Unless("user.name ", $"GIT_{who}_NAME", "Muster");
            Unless("user.email ", $"GIT_{who}_EMAIL", "muster@localhost");
        }
        return new(identity);

        void Unless(string setting, string variable, string value)
        {
            if (!known.Contains(setting) && Environment.GetEnvironmentVariable(variable) is null)
                identity.Add((variable, value));
        }
    }

    private sealed record Settings(IReadOnlyList<(string, string)> Identity);
}

/// <summary>What was taken of one repository.</summary>
internal sealed record Taken(string Commit, string? Head, string? Branch, bool Dirty, List<CargoItem> Items);

/// <summary>One line of <c>git ls-files --stage -t -z</c>.</summary>
internal readonly record struct IndexEntry(
    CargoKind Kind,
    ContentHash Key,
    int IdLength,
    RawPath Path,
    bool IsRepository,
    bool IsAbsent
)
{
    public string Id => Convert.ToHexStringLower(Key.Bytes[..IdLength]);

    public static List<IndexEntry> Parse(ReadOnlySpan<byte> listing)
    {
        var entries = new List<IndexEntry>();
        Span<byte> id = stackalloc byte[ContentHash.Length];
        while (!listing.IsEmpty)
        {
            // H 100644 <id> <stage>\t<path>\0
            var end = listing.IndexOf((byte)0);
            var tab = listing.IndexOf((byte)'\t');
            var mode = listing.Slice(2, 6);
            Convert.FromHexString(listing[9..(tab - 2)], id, out _, out var idLength);
            entries.Add(
                new(
                    mode.SequenceEqual("120000"u8) ? CargoKind.Symlink
                        : mode.SequenceEqual("100755"u8) ? CargoKind.Executable
                        : CargoKind.File,
                    new(id[..idLength]),
                    idLength,
                    RawPath.Parse(listing[(tab + 1)..end]),
                    mode.SequenceEqual("160000"u8),
                    listing[0] == 'S'
                )
            );
            listing = listing[(end + 1)..];
        }
        return entries;
    }
}
