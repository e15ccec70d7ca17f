using Muster.Faults;

namespace Muster.Storage;

/// <summary>Files that one process holds at a time, while others wait for their turn.</summary>
public static class FileLock
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    // A process that is waited for is another one of ours, so what is measured is real time.
    private static readonly TimeProvider Clock = TimeProvider.System;

    /// <summary>Waits for the turn, which ends when the file is disposed of.</summary>
    /// <param name="what">What the other process is doing meanwhile, such as <c>is connecting to cedar</c>.</param>
    public static async Task<FileStream> TakeAsync(string path, string what, TimeSpan patience, CancellationToken ct)
    {
        var began = Clock.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            if (Find(path) is { } file)
                return file;
            RefuseAfter(patience, began, path, what);
            await Task.Delay(Pause.Usual.After(tries, FirstPause, LongestPause), ct);
        }
    }

    /// <summary>The same for what others hold for milliseconds only.</summary>
    public static FileStream Take(
        string path,
        FileMode mode,
        FileAccess access,
        FileShare share,
        string what,
        TimeSpan patience
    )
    {
#pragma warning disable RS0030 // for milliseconds, where nobody can await
        for (var began = Clock.GetTimestamp(); ; Thread.Sleep(FirstPause))
#pragma warning restore RS0030
        {
            if (Find(path, mode, access, share) is { } file)
                return file;
            RefuseAfter(patience, began, path, what);
        }
    }

    /// <summary>Null while another process holds it. A file that cannot be opened is not waited for.</summary>
    public static FileStream? Find(
        string path,
        FileMode mode = FileMode.OpenOrCreate,
        FileAccess access = FileAccess.ReadWrite,
        FileShare share = FileShare.None
    )
    {
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
                Directory.CreateDirectory(folder);
            return new(path, mode, access, share);
        }
        catch (IOException fault) when (IsHeld(fault))
        {
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"cannot lock {path}: {fault.Message}",
                "Check that you can write there, and that the disk has space.",
                fault
            );
        }
    }

    /// <summary>A sharing violation on Windows; elsewhere <c>flock</c> answered <c>EWOULDBLOCK</c>.</summary>
    private static bool IsHeld(IOException fault) =>
        fault.HResult
        == (
            OperatingSystem.IsWindows() ? unchecked((int)0x80070020)
            : OperatingSystem.IsLinux() ? 11
            : 35
        );

    private static void RefuseAfter(TimeSpan patience, long began, string path, string what)
    {
        if (Clock.GetElapsedTime(began) > patience)
            throw new UserException(
                $"another muster process {what}: it has held {path} for {patience.TotalSeconds:0} s",
                "Wait until it has finished, or stop it; then try again."
            );
    }
}
