using System.Runtime.InteropServices;

namespace Muster.Cli.Terminal;

/// <summary>Whether something was piped into this program.</summary>
internal static partial class StandardInput
{
    /// <summary>A pipe with something in it, or a file. Where that cannot be known, nothing. It is not read.</summary>
    public static bool HasSomething()
    {
        if (!OperatingSystem.IsLinux() || !Console.IsInputRedirected)
            return false;
        var source = new FileInfo("/proc/self/fd/0").LinkTarget ?? "";
        if (source.StartsWith("/dev/", StringComparison.Ordinal))
            return false;
        var asked = new Poll { Descriptor = 0, Events = Readable };
        return PollAsk(ref asked, 1, 0) == 1
            && (asked.Returned & Readable) != 0
            && (!File.Exists(source) || new FileInfo(source).Length > 0);
    }

    private const short Readable = 1;

    [StructLayout(LayoutKind.Sequential)]
    private struct Poll
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int PollAsk(ref Poll asked, nuint count, int milliseconds);
}
