using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Muster.Faults;

namespace Muster.Storage;

/// <summary>A folder that nobody but its owner can look into.</summary>
public static partial class PrivateFolder
{
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = (UnixFileMode)63; // group and all, 077

    /// <summary>Makes it, or closes it to others and says so.</summary>
    public static void Make(string path, ILogger log)
    {
        if (Make(path) is { } mode)
            Tightened(log, path, mode);
    }

    /// <returns>How it was open until now, such as 755; null where nothing had to be changed.</returns>
    public static string? Make(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return null;
        }
        var mode = Directory.CreateDirectory(path, Owners).UnixFileMode;
        if ((mode & Others) == UnixFileMode.None)
            return null;
        if (mode.HasFlag(UnixFileMode.StickyBit))
            throw new UserException(
                $"all users of this machine share {path}",
                $"Name a folder of its own, such as {Path.Combine(path, "muster")}."
            );
        var said = Convert.ToString((int)mode & 511, 8).PadLeft(3, '0');
        try
        {
            System.IO.File.SetUnixFileMode(path, mode & ~Others);
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new UserException(
                $"other users can look into {path} (mode {said}), and it belongs to somebody else",
                "Name a folder of your own, or have its owner run chmod 700 on it.",
                fault
            );
        }
        return said;
    }

    /// <summary>A file in a folder; what stands in it is nobody else's business.</summary>
    public static string File(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (OperatingSystem.IsWindows())
            return path;
        using (System.IO.File.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite)) { }
        System.IO.File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    [LoggerMessage(
        LogLevel.Warning,
        "Other users could look into {Folder} (mode {Mode}); from now on only its owner can"
    )]
    public static partial void Tightened(ILogger log, string folder, string mode);

    /// <summary>
    /// From now on, files and folders that this process and its children make are for their owner alone.
    /// </summary>
    public static void KeepNewFilesPrivate()
    {
        if (!OperatingSystem.IsWindows())
            _ = SetMask((uint)Others);
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);
}
