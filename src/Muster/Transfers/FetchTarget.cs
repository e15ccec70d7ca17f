using System.Security.Cryptography;
using System.Text;
using Muster.Faults;
using Muster.Platforms;
using Muster.Shell;

namespace Muster.Transfers;

/// <summary>The local folder that results are written into, and never anything outside of it.</summary>
internal sealed class FetchTarget(string root)
{
    private readonly HashSet<string> _folders = [];

    public string Root => root;

    /// <summary>
    /// Where the file is to be written; nothing when it is here already. A file of the user's keeps its name.
    /// </summary>
    public async Task<string?> PlaceAsync(RemoteFile file, FetchRecord record, CancellationToken ct)
    {
        var name = file.Path.Text;
        EnterFolderOf(name);
        if (FileStamp.Find(Full(name)) is not { } here)
            return name;
        var hash = here.Type == FileType.File ? await HashAsync(Full(name), ct) : null;
        if (hash == file.Hash)
        {
            record.Files[name] = file.Hash.ToString();
            return null;
        }
        if (hash is not null && record.Files.TryGetValue(name, out var ours) && ours == hash.ToString())
            return name;
        var beside = name + ".new";
        return FileStamp.Find(Full(beside)) is { Type: FileType.File } && await HashAsync(Full(beside), ct) == file.Hash
            ? null
            : beside;
    }

    /// <summary>Whether a file of that name has that content; null where there is none.</summary>
    public async Task<bool?> HasAsync(string place, ContentHash content, CancellationToken ct)
    {
        EnterFolderOf(place);
        if (FileStamp.Find(Full(place)) is not { } here)
            return null;
        if (here.Type == FileType.Folder)
            throw new UserException(
                $"{Full(place)} is a folder, and a file of that name is to be copied",
                "Move it away, or copy into another folder."
            );
        return here.Type == FileType.File && await HashAsync(Full(place), ct) == content;
    }

    public long PartLength(string place) => FileStamp.Find(Part(place)) is { Type: FileType.File } part ? part.Size : 0;

    /// <summary>
    /// The file beside the final name, with the first <paramref name="kept"/> bytes of an earlier attempt still to be
    /// read.
    /// </summary>
    public FileStream BeginPart(string place, long kept)
    {
        EnterFolderOf(place);
        if (kept == 0)
            File.Delete(Part(place));
        return new(
            Part(place),
            kept == 0 ? FileMode.CreateNew : FileMode.Open,
            FileAccess.ReadWrite,
            FileShare.None,
            bufferSize: 0
        );
    }

    /// <summary>Puts a file that is here already, whole and checked, in its place.</summary>
    public void Take(string from, Wanted one, FetchRecord record)
    {
        File.Move(from, Part(one.Place), overwrite: true);
        Finish(one, record);
    }

    /// <summary>Gives the part, whole and checked, its name.</summary>
    public void Finish(Wanted one, FetchRecord record)
    {
        var part = Part(one.Place);
        if (one.File.Executable && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                part,
                File.GetUnixFileMode(part)
                    | UnixFileMode.UserExecute
                    | UnixFileMode.GroupExecute
                    | UnixFileMode.OtherExecute
            );
        File.SetLastWriteTimeUtc(part, one.File.Modified);
        File.Move(part, Full(one.Place), overwrite: true);
        record.Files[one.Place] = one.File.Hash.ToString();
    }

    /// <summary>
    /// Makes the symbolic links that stay inside the folder, after all files are there; says which do not.
    /// </summary>
    public List<string> Link(IEnumerable<(RawPath Path, byte[] Target)> links)
    {
        var warnings = new List<string>();
        foreach (var (path, target) in links)
        {
            var text = Encoding.UTF8.GetString(target);
            if (!StaysInside(path.Text, text))
            {
                warnings.Add($"{path}: a link to {text}, outside of the results, was not made");
                continue;
            }
            EnterFolderOf(path.Text);
            var here = FileStamp.Find(Full(path.Text));
            if (here is { Type: not FileType.Symlink })
                warnings.Add($"{path}: a link by that name was not made, as a file is there");
            if (here is { Type: FileType.Symlink } && new FileInfo(Full(path.Text)).LinkTarget != text)
                File.Delete(Full(path.Text));
            try
            {
                if (FileStamp.Find(Full(path.Text)) is null)
                    File.CreateSymbolicLink(Full(path.Text), text);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                warnings.Add($"{path}: the link to {text} could not be made: {fault.Message}"); // as on Windows
            }
        }
        return warnings;
    }

    /// <summary>
    /// Only leading <c>..</c> count: behind a folder's name they could lead out by way of another link.
    /// </summary>
    private static bool StaysInside(string path, string target)
    {
        if (target.Length == 0 || Path.IsPathRooted(target) || target.Contains('\uFFFD'))
            return false;
        var parts = target.Split('/');
        var up = parts.TakeWhile(part => part is ".." or "." or "").Count(part => part == "..");
        return parts.Count(part => part == "..") == up
            && up <= path.Count(c => c == '/')
            && parts.All(part => part is ".." or "." or "" || FileNames.FitHere(part));
    }

    /// <summary>The one way from a name of elsewhere to a path here.</summary>
    private string Full(string place) =>
        FileNames.FitHere(place)
            ? Path.Combine(root, place)
            : throw new UserException(
                $"{Platform.Name} does not allow this file name: {SafeText.OneLine(place)}",
                "Rename the file on the host, then fetch again."
            );

    private string Part(string place) => Full(place) + ".muster-part";

    /// <summary>Makes the folders above a file. Each must be a folder of its own, not a link to somewhere.</summary>
    private void EnterFolderOf(string place)
    {
        for (var slash = place.IndexOf('/'); slash >= 0; slash = place.IndexOf('/', slash + 1))
        {
            var folder = place[..slash];
            if (!_folders.Add(folder))
                continue;
            if (FileStamp.Find(Full(folder)) is not { } here)
                Directory.CreateDirectory(Full(folder));
            else if (here.Type != FileType.Folder)
                throw new UserException(
                    $"{Full(folder)} is no folder, and results belong into one of that name",
                    "Move it away, or fetch into another folder."
                );
        }
    }

    private static async Task<ContentHash?> HashAsync(string file, CancellationToken ct)
    {
        await using var stream = new FileStream(
            file,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite,
            256 * 1024,
            FileOptions.SequentialScan
        );
        return new(await SHA256.HashDataAsync(stream, ct));
    }
}
