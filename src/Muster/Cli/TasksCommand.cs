using System.CommandLine;

namespace Muster.Cli;

/// <summary>What is about tasks of a NodeODM server, most of all of a gateway.</summary>
internal static class TasksCommand
{
    public static Command Create() => new("tasks", "The tasks of a gateway, or of any NodeODM server: hand photos in, follow them, bring their results home.")
    {
        TasksSubmitCommand.Create(),
    };
}
