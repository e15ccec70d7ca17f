using System.Buffers;

namespace Muster.Platforms;

/// <summary>
/// Which names from elsewhere this machine's file system takes as they are. On Windows <c>..\..\x</c> leads out of its
/// folder, <c>a:b</c> into a hidden stream and <c>aux.txt</c> to a device.
/// </summary>
internal static class FileNames
{
    /// <param name="path">A relative path whose parts stand between slashes.</param>
    public static bool FitHere(string path) => !OperatingSystem.IsWindows() || FitWindows(path);

    internal static bool FitWindows(string path) => path.Split('/').All(FitsWindows);

    private static readonly SearchValues<char> Forbidden = SearchValues.Create([
        .. "\\:*?\"<>|",
        .. Enumerable.Range(0, ' ').Select(code => (char)code),
    ]);

    private static bool FitsWindows(string part) =>
        part.Length > 0
        && part[^1] is not ('.' or ' ')
        && !part.AsSpan().ContainsAny(Forbidden)
        && !IsDevice(part.Split('.')[0].TrimEnd(' '));

    private static bool IsDevice(string name) =>
        name.ToUpperInvariant() switch
        {
            "CON" or "PRN" or "AUX" or "NUL" or "CONIN$" or "CONOUT$" => true,
            { Length: 4 } port => port[..3] is "COM" or "LPT" && port[3] is (>= '0' and <= '9' or '¹' or '²' or '³'),
            _ => false,
        };
}
