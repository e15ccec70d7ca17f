using System.Diagnostics;
using Muster.Faults;
using Muster.Platforms;
using Muster.Shell;

namespace Muster.Runs.Notices;

/// <summary>A notice on this desktop, by the system's own program for it.</summary>
internal static class DesktopNotice
{
    public static async Task ShowAsync(RunNotice notice, CancellationToken ct)
    {
        var (title, text) = (SafeText.OneLine(notice.Title), SafeText.OneLine(notice.Text));
        string[] words =
            OperatingSystem.IsMacOS()
                ?
                [
                    "osascript",
                    "-e",
                    "on run argv",
                    "-e",
                    "display notification (item 2 of argv) with title (item 1 of argv)",
                    "-e",
                    "end run",
                    title,
                    text,
                ]
            : OperatingSystem.IsWindows()
                ? throw new UserException("Muster shows no desktop notices on Windows", "Configure another way.")
            : ["notify-send", "--app-name=Muster", "--", title, text];
        await RunAsync(words, null, ct);
    }

    /// <summary>Runs a program to its end; its complaint is the fault.</summary>
    internal static async Task RunAsync(string[] words, string? input, CancellationToken ct)
    {
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            StandardInputEncoding = new System.Text.UTF8Encoding(false),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process =
                Process.Start(start) ?? throw new InvalidOperationException($"{words[0]} did not start");
            var said = process.StandardError.ReadToEndAsync(ct);
            var output = process.StandardOutput.ReadToEndAsync(ct);
            try
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), ct);
                process.StandardInput.Close();
            }
            catch (IOException) { } // its complaint tells why
            await process.WaitForExitAsync(ct);
            await output;
            if (process.ExitCode != 0)
                throw new UserException($"{words[0]}: {SafeText.OneLine((await said).Trim())}", "See its message.");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw Platform.CannotStart(words[0], missing);
        }
    }
}
