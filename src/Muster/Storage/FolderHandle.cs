using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Muster.Storage;

/// <summary>Opens a folder as a file, which .NET refuses, so that its names can be flushed to disk.</summary>
internal static partial class FolderHandle
{
    /// <summary>Null on Windows, which writes names down by itself.</summary>
    public static SafeFileHandle? Open(string folder)
    {
        if (OperatingSystem.IsWindows())
            return null;
        var handle = OpenFile(folder, 0); // O_RDONLY
        if (!handle.IsInvalid)
            return handle;
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw new IOException($"{folder} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle OpenFile(string path, int flags);
}
