using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Terminal;

namespace Muster.Cli;

/// <summary>What `muster` alone shows: how to begin, and the commands by what they are for.</summary>
internal static class FirstHelp
{
    public const string About = "Muster gathers whatever machines you have and runs your jobs on them.";

    public static readonly IReadOnlyList<(string Title, IReadOnlyList<string> Commands)> Groups =
    [
        ("Run something", ["submit", "sweep", "rerun", "run", "recipes"]),
        ("See how it goes", ["ps", "show", "logs", "why", "wait", "compare", "best", "ui"]),
        (
            "Work with a run",
            ["attach", "open", "shell", "exec", "cp", "ssh-config", "fetch", "cancel", "rm", "tag", "note"]
        ),
        ("Sites and settings", ["sites", "data", "cost", "config", "completion", "version", "help"]),
        ("Photos and gateways", ["serve", "node", "nodes", "tasks", "tokens", "diagnose", "scene"]),
        ("Try it, or move to it", ["demo", "as"]),
    ];

    private const string Examples = """
          muster submit -- python train.py              run a command with this folder's code
          muster submit -s cedar --gpus 1 -- ./run.sh   the same on a site; `muster sites add` adds one
          muster ps                                     what runs, and where
          muster logs                                   what the last run says; -f to follow
          muster fetch                                  the results of the last run
          muster demo                                   see it work, in a minute
        """;

    /// <summary>No command was given, or only help was asked for.</summary>
    public static bool IsWanted(IReadOnlyList<string> words) =>
        words.All(word => word is "help" or "--json" or "--help" or "-h" or "-?");

    public static void Show(RootCommand root, Screen screen, bool json)
    {
        var known = root.Subcommands.ToDictionary(command => command.Name, command => command.Description ?? "");
        var groups = Groups.Select(group => new HelpGroupView(
            group.Title,
            [.. group.Commands.Where(known.ContainsKey).Select(name => new HelpEntryView(name, Line(known[name])))]
        ));
        if (json)
        {
            screen.Data(JsonSerializer.Serialize(new HelpView(1, [.. groups]), HelpJson.Default.HelpView));
            return;
        }
        screen.Data($"{About}\n\n{Examples}");
        foreach (var group in groups)
        {
            screen.Data($"\n{group.Title}:");
            foreach (var entry in group.Commands)
                screen.Data($"  {entry.Name, -12} {entry.About}");
        }
        screen.Data(
            "\n`muster help COMMAND` shows a command's options and examples. Every command takes --json, --quiet and "
                + "--yes."
        );
    }

    /// <summary>The first sentence, without what an aside explains.</summary>
    private static string Line(string about)
    {
        var line = about.Split('\n')[0];
        var end = line.IndexOfAny(['.', ':', ',', ';']);
        return (end > 0 ? line[..end] : line).TrimEnd();
    }
}

public sealed record HelpView(int Schema, IReadOnlyList<HelpGroupView> Groups);

public sealed record HelpGroupView(string Title, IReadOnlyList<HelpEntryView> Commands);

public sealed record HelpEntryView(string Name, string About);

/// <summary>The JSON that `help` prints.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HelpView))]
internal sealed partial class HelpJson : JsonSerializerContext;
