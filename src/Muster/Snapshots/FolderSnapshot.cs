using System.IO.Enumeration;
using System.Text;
using Muster.Faults;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>
/// A folder, or one file, as it is: for code outside git and for inputs. <c>.musterignore</c> files leave things out.
/// </summary>
public static class FolderSnapshot
{
    private const string IgnoreFile = ".musterignore";

    public static Snapshot Take(string path, CancellationToken ct) => Take(path, [], ct);

    /// <param name="except">Patterns, as in an ignore file, of what is left out as well.</param>
    public static Snapshot Take(string path, IReadOnlyList<string> except, CancellationToken ct)
    {
        var root = Path.GetFullPath(path);
        if (!Path.Exists(root))
            throw new UserException($"{path} does not exist", "Correct the path.");
        var walk = new Walk(root, ct);
        if (File.Exists(root))
            walk.AddFile(root, new(Path.GetFileName(root)));
        else
            walk.Enter(
                "",
                except.Count == 0 ? null : new IgnoreRules(Encoding.UTF8.GetBytes(string.Join('\n', except)), [], null)
            );
        walk.Items.Sort((one, other) => one.Path.CompareTo(other.Path));
        return new()
        {
            Root = root,
            Items = walk.Items,
            LeftOut = new(walk.LeftOut, walk.LeftOutMore),
            Warnings = walk.Warnings,
        };
    }

    /// <summary>
    /// The code around a folder. A repository that cannot be read, as git is not installed, is taken as a folder, too:
    /// whole, less what its ignore files name.
    /// </summary>
    public static Snapshot TakeCode(string folder, bool hasGit, CancellationToken ct)
    {
        if (hasGit || RepositoryAround(folder) is not { } root)
            return Take(folder, ct);
        var walk = new Walk(root, ct) { ReadsGitIgnore = true };
        var exclude = Path.Combine(root, ".git", "info", "exclude");
        walk.Enter("", File.Exists(exclude) ? new IgnoreRules(File.ReadAllBytes(exclude), [], null) : null);
        walk.Items.Sort((one, other) => one.Path.CompareTo(other.Path));
        var below = Path.GetRelativePath(root, Path.GetFullPath(folder)).Replace(Path.DirectorySeparatorChar, '/');
        return new()
        {
            Root = root,
            Subfolder = below == "." ? null : new RawPath(below),
            Items = walk.Items,
            LeftOut = new(walk.LeftOut, walk.LeftOutMore),
            Warnings =
            [
                "git is not installed, so this repository is sent as a plain folder: without what its .gitignore files "
                    + "name, and with no commit",
                .. walk.Warnings,
            ],
        };
    }

    private static string? RepositoryAround(string folder)
    {
        for (var at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
            if (Path.Exists(Path.Combine(at, ".git")))
                return at;
        return null;
    }

    private sealed class Walk(string root, CancellationToken ct)
    {
        private const int Shown = 100;

        public bool ReadsGitIgnore { get; init; }
        public List<CargoItem> Items { get; } = [];
        public List<string> LeftOut { get; } = [];
        public bool LeftOutMore { get; private set; }
        public List<string> Warnings { get; } = [];

        public void Enter(string folder, IgnoreRules? above)
        {
            var full = Path.Combine(root, folder);
            var rules = above;
            foreach (var name in (string[])[.. ReadsGitIgnore ? [".gitignore"] : Array.Empty<string>(), IgnoreFile])
            {
                var ignore = Path.Combine(full, name);
                if (File.Exists(ignore))
                    rules = new IgnoreRules(File.ReadAllBytes(ignore), Encoding.UTF8.GetBytes(folder), rules);
            }
            var entries = NamesIn(full);
            foreach (var name in entries)
            {
                ct.ThrowIfCancellationRequested();
                var path = folder.Length == 0 ? name : $"{folder}/{name}";
                if (FileStamp.Find(Path.Combine(root, path)) is not { } stamp)
                {
                    if (name.Contains('\uFFFD'))
                        throw new UserException(
                            $"the name of {Path.Combine(root, path)} is not UTF-8",
                            "Rename the file, for example with `convmv -f latin1 -t utf8`."
                        );
                    continue; // gone since it was listed
                }
                var isFolder = stamp.Type == FileType.Folder;
                if (name == ".git" || rules?.LeavesOut(Encoding.UTF8.GetBytes(path), isFolder) == true)
                {
                    if (LeftOut.Count < Shown)
                        LeftOut.Add(isFolder ? path + "/" : path);
                    else
                        LeftOutMore = true;
                }
                else if (isFolder)
                    Enter(path, rules);
                else
                    Add(path, stamp);
            }
            if (entries.Count == 0 && folder.Length > 0)
                Items.Add(new(new RawPath(folder), CargoKind.Folder));
        }

        /// <summary>A file that was named; a link to one is followed.</summary>
        public void AddFile(string file, RawPath place)
        {
            var real = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;
            if (FileStamp.Find(real) is not { Type: FileType.File } stamp)
                throw new UserException($"{file} is not a plain file", "Name a file or a folder.");
            Items.Add(new LocalFile(real, stamp).At(place));
        }

        private void Add(string path, FileStamp stamp)
        {
            var full = Path.Combine(root, path);
            switch (stamp.Type)
            {
                case FileType.File:
                    Items.Add(new LocalFile(full, stamp).At(new(path)));
                    break;
                case FileType.Symlink:
                    var target = (new FileInfo(full).LinkTarget ?? "").Replace(Path.DirectorySeparatorChar, '/');
                    if (target.Contains('\uFFFD'))
                        throw new UserException(
                            $"what the link {full} holds is not UTF-8",
                            "Recreate it with `ln -sfn`."
                        );
                    Items.Add(new(new RawPath(path), CargoKind.Symlink) { Target = Encoding.UTF8.GetBytes(target) });
                    break;
                default:
                    Warnings.Add($"{path}: a socket, pipe or device stays here");
                    break;
            }
        }

        private static List<string> NamesIn(string folder)
        {
            try
            {
                var options = new EnumerationOptions
                {
                    AttributesToSkip = FileAttributes.None,
                    IgnoreInaccessible = false,
                };
                return [.. new FileSystemEnumerable<string>(folder, (ref entry) => entry.FileName.ToString(), options)];
            }
            catch (UnauthorizedAccessException fault)
            {
                throw new UserException(
                    $"{folder} cannot be read",
                    $"Make it readable, or leave it out with `{IgnoreFile}`.",
                    fault
                );
            }
        }
    }
}
