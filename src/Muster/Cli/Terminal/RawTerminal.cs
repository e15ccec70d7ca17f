using System.Diagnostics;
using System.Globalization;
using Muster.Faults;

namespace Muster.Cli.Terminal;

/// <summary>
/// This terminal handing over each key as it is pressed, Ctrl-C too; as it was before, once disposed.
/// </summary>
internal sealed class RawTerminal : IDisposable
{
    private const string Device = "/dev/tty";
    private readonly string _before = Stty("-g");
    private readonly FileStream _keys;

    public RawTerminal()
    {
        // No buffer: a key is handed on at once.
        _keys = new(Device, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Stty("raw -echo");
    }

    /// <summary>What is typed, as bytes. Nobody can interrupt a read of it; the process ends all the same.</summary>
    public Stream Keys => _keys;

    public static (int Rows, int Columns) Size =>
        Stty("size").Split(' ') is [var rows, var columns]
        && int.TryParse(rows, CultureInfo.InvariantCulture, out var high)
        && int.TryParse(columns, CultureInfo.InvariantCulture, out var wide)
        && high > 0
        && wide > 0
            ? (high, wide)
            : (24, 80);

    public void Dispose() => Stty(_before);

    /// <summary>All three streams are ours, so that the runtime leaves the terminal's settings to us.</summary>
    private static string Stty(string what)
    {
        var start = new ProcessStartInfo("sh", ["-c", $"exec stty {what} <{Device}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var stty = Process.Start(start)!;
        var said = stty.StandardOutput.ReadToEnd().Trim();
        stty.WaitForExit();
        return stty.ExitCode == 0
            ? said
            : throw new UserException(
                $"this terminal cannot be set up: {stty.StandardError.ReadToEnd().Trim()}",
                "Submit with --detach, and attach in another terminal."
            );
    }
}
