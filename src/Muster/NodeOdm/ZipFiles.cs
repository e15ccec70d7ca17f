using System.IO.Compression;
using Muster.Platforms;

namespace Muster.NodeOdm;

/// <summary>Archives from clients, unpacked with care, and the one that a client gets.</summary>
internal static class ZipFiles
{
    /// <summary>What a node keeps beside a task's files; it is nobody's result.</summary>
    private static readonly string[] OwnNames = ["all.zip", "all.zip.part", ".muster"];

    /// <param name="flatten">Folders within the archive are dropped.</param>
    /// <param name="room">What the disk can bear.</param>
    /// <returns>What was left out; null where nothing was.</returns>
    public static string? Unpack(string archive, string folder, bool flatten, long room, CancellationToken ct)
    {
        try
        {
            using var zip = new OutsideArchive(archive, room);
            var root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
            Directory.CreateDirectory(root);
            var buffer = new byte[256 << 10];
            foreach (var entry in zip.Files)
            {
                var name = flatten ? UploadName.Of(entry.FullName) : entry.FullName;
                if (name is null)
                    continue;
                if (!FileNames.FitHere(name))
                    throw new RefusalException($"The archive names a file that {Platform.Name} cannot hold: {name}");
                var path = Path.GetFullPath(Path.Combine(root, name));
                if (!path.StartsWith(root, StringComparison.Ordinal))
                    throw new RefusalException($"The archive names a file outside of it: {entry.FullName}");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using var from = zip.Open(entry);
                using var to = new FileStream(path, FileMode.Create, FileAccess.Write);
                while (from.Read(buffer.AsSpan()) is > 0 and var read)
                {
                    ct.ThrowIfCancellationRequested();
                    to.Write(buffer, 0, read);
                }
            }
            return zip.SkippedLinks;
        }
        catch (InvalidDataException fault)
        {
            throw new RefusalException($"This is no zip archive that can be read: {fault.Message}");
        }
    }

    /// <summary>
    /// Packs what there is of <paramref name="results"/>, uncompressed, as photos and rasters are compressed already.
    /// The archive appears whole.
    /// </summary>
    /// <param name="aside">Where it is written: on the same disk, and not among the files that are packed.</param>
    /// <returns>Those that are not there.</returns>
    public static IReadOnlyList<string> Pack(
        string folder,
        IEnumerable<string> results,
        string archive,
        string aside,
        CancellationToken ct
    )
    {
        var missing = new List<string>();
        try
        {
            Pack(folder, results, aside, missing, ct);
            File.Move(aside, archive, overwrite: true);
        }
        finally
        {
            File.Delete(aside);
        }
        return missing;
    }

    private static void Pack(
        string folder,
        IEnumerable<string> results,
        string archive,
        List<string> missing,
        CancellationToken ct
    )
    {
        using (
            var file = new FileStream(
                archive,
                FileMode.Create,
                FileAccess.ReadWrite,
                FileShare.Delete,
                bufferSize: 1 << 20
            )
        )
        {
            using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
            {
                var packed = new HashSet<string>();
                foreach (var result in results)
                {
                    var files = ResultsOf(folder, result).ToList();
                    if (files.Count == 0)
                        missing.Add(result);
                    foreach (var path in files.Where(packed.Add))
                        Add(zip, folder, path, ct);
                }
            }
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>
    /// A file of a task's folder, or all files of a folder in it; no links, and nothing of the node's own.
    /// </summary>
    public static IEnumerable<string> ResultsOf(string folder, string result) =>
        FilesOf(folder, result)
            .Where(path =>
                !OwnNames.Contains(
                    Path.GetRelativePath(folder, path).Split('/', '\\')[0],
                    StringComparer.OrdinalIgnoreCase
                )
            );

    /// <summary>A file, or all files of a folder; no links.</summary>
    public static IEnumerable<string> FilesOf(string folder, string result)
    {
        var path = Path.Combine(folder, result);
        if (new FileInfo(path) is { Exists: true, LinkTarget: null })
            return [path];
        return new DirectoryInfo(path) is { Exists: true, LinkTarget: null }
            ? Directory
                .EnumerateFiles(
                    path,
                    "*",
                    new EnumerationOptions
                    {
                        RecurseSubdirectories = true,
                        AttributesToSkip = FileAttributes.ReparsePoint,
                    }
                )
                .Order(StringComparer.Ordinal)
            : [];
    }

    private static void Add(ZipArchive zip, string folder, string path, CancellationToken ct)
    {
        var entry = zip.CreateEntry(
            Path.GetRelativePath(folder, path).Replace('\\', '/'),
            CompressionLevel.NoCompression
        );
        var written = File.GetLastWriteTime(path);
        entry.LastWriteTime = new(written.Year is >= 1980 and < 2108 ? written : new DateTime(1980, 1, 1));
        using var from = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0
        );
        using var to = entry.Open();
        var buffer = new byte[256 << 10];
        while (from.Read(buffer) is > 0 and var read)
        {
            ct.ThrowIfCancellationRequested();
            to.Write(buffer, 0, read);
        }
    }
}
