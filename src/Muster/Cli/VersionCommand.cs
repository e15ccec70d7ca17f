using System.CommandLine;
using Muster.Cli.Context;
using Muster.Configuration;

namespace Muster.Cli;

internal static class VersionCommand
{
    public static string Text => $"muster {OwnVersion.Text}";

    public static Command Create()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(parsed =>
            parsed
                .Invocation()
                .Screen.Data(parsed.Invocation().Json ? $$"""{"schema":1,"version":"{{OwnVersion.Text}}"}""" : Text)
        );
        return command;
    }
}
