using System.ComponentModel;
using System.Diagnostics;

namespace Muster.Cli.Terminal;

/// <summary>Whatever opens pages on this machine.</summary>
internal static class Browser
{
    public static void Open(Uri url, Screen screen)
    {
        try
        {
            Process
                .Start(new ProcessStartInfo(url.ToString()) { UseShellExecute = true, RedirectStandardError = false })
                ?.Dispose();
        }
        catch (Win32Exception)
        {
            screen.Note("note", "no browser found; open the address yourself");
        }
    }
}
