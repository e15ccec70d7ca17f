using System.Runtime.InteropServices;
using Muster.Faults;

namespace Muster.Storage;

/// <summary>A folder that nobody but its owner can look into.</summary>
public static partial class PrivateFolder
{
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = (UnixFileMode)63; // group and all, 077

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
            File.SetUnixFileMode(path, mode & ~Others);
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
