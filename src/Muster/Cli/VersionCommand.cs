using System.CommandLine;
using System.Reflection;

namespace Muster.Cli;

internal static class VersionCommand
{
    public static string Text { get; } =
        typeof(VersionCommand)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "0";

    public static Command Create()
    {
        var command = new Command("version", "Which Muster this is.");
        command.SetAction(_ =>
            MusterCommand.Current.Screen.Data(
                MusterCommand.Current.Json ? $$"""{"schema":1,"version":"{{Text}}"}""" : $"muster {Text}"
            )
        );
        return command;
    }
}
