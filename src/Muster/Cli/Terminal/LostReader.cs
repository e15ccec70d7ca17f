using System.Runtime.InteropServices;

namespace Muster.Cli.Terminal;

/// <summary>Whether nobody reads a pipe any longer; .NET drops what is written there and tells nobody.</summary>
internal static partial class LostReader
{
    private const short Gone = 0x8 | 0x20; // POLLERR, POLLNVAL

    public static bool Of(int descriptor)
    {
        if (OperatingSystem.IsWindows())
            return false;
        var asked = new Asked { Descriptor = descriptor };
        return Poll(ref asked, 1, 0) > 0 && (asked.Returned & Gone) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref Asked asked, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct Asked
    {
        public int Descriptor;
        public short Wanted;
        public short Returned;
    }
}
