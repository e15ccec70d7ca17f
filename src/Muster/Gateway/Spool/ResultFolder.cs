using System.IO.Compression;
using System.Security.Cryptography;
using Muster.Gateway.Tasks;

namespace Muster.Gateway.Spool;

/// <summary>The archives of finished tasks. One is there whole or not at all.</summary>
public sealed class ResultFolder
{
    private readonly string _folder;

    public ResultFolder(string folder)
    {
        _folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(Incoming);
        foreach (var file in Directory.EnumerateFiles(Incoming)) File.Delete(file);
    }

    public string PathOf(Guid task) => Path.Combine(_folder, task.ToString()[..2], $"{task}.zip");

    /// <summary>Where an archive is written while it comes.</summary>
    public string PathWhileComing(Guid task) => Path.Combine(Incoming, $"{task}.zip");

    /// <summary>Checks what has come and keeps it. Null when it is no whole archive.</summary>
    public ResultFile? Keep(Guid task)
    {
        var path = PathWhileComing(task);
        ResultFile result;
        using (var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite))
        {
            if (!IsWhole(file)) return null;
            file.Position = 0;
            result = new(file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(task))!);
        File.Move(path, PathOf(task), overwrite: true);
        return result;
    }

    public void Delete(Guid task)
    {
        File.Delete(PathWhileComing(task));
        if (Directory.Exists(Path.GetDirectoryName(PathOf(task)))) File.Delete(PathOf(task));
    }

    private string Incoming => Path.Combine(_folder, "incoming");

    /// <summary>An archive that was cut off has no directory at its end.</summary>
    private static bool IsWhole(Stream file)
    {
        try
        {
            using var archive = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            return archive.Entries.Count >= 0;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
