using System.Diagnostics;

namespace Muster.Hosts;

/// <summary>
/// Commands that a Ctrl-C at our terminal must not reach: they get a session of their own where the system has
/// <c>setsid</c>.
/// </summary>
internal static class OwnSession
{
    private static readonly string? Setsid = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);

    public static ProcessStartInfo Command(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Setsid ?? program) { UseShellExecute = false };
        if (Setsid is not null)
            start.ArgumentList.Add(program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }
}
