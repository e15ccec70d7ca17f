using System.Diagnostics;
using Muster.Platforms;

namespace Muster.Hosts;

/// <summary>
/// Commands that a Ctrl-C at our terminal must not reach: they get a session of their own where the system has
/// <c>setsid</c>.
/// </summary>
internal static class OwnSession
{
    public static ProcessStartInfo Command(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Platform.Setsid ?? program) { UseShellExecute = false };
        if (Platform.Setsid is not null)
            start.ArgumentList.Add(program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }
}
