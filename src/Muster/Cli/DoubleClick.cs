using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Platforms;

namespace Muster.Cli;

/// <summary>A double click on the program in Windows: it serves, and shows its page.</summary>
internal static class DoubleClick
{
    public static bool Is(string[] arguments) =>
        arguments.Length == 0 && Platform.HasConsoleAlone && !Console.IsInputRedirected && !Console.IsOutputRedirected;

    public static async Task<int> RunAsync()
    {
        var code = await MusterCommand.RunAsync(["serve", "--browse"]);
        if (code != ExitCodes.Done)
        {
            // The window goes with the program, and what it said with the window.
            new Screen().Say("Press Enter to close this window.");
            Console.ReadLine();
        }
        return code;
    }
}
