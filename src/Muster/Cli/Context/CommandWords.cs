using System.CommandLine;

namespace Muster.Cli.Context;

/// <summary>
/// Separates our options from the words of the user's command: parsing stops at its first word, and the words stay as
/// they were typed.
/// </summary>
internal static class CommandWords
{
    public static (string[] Options, string[] Command) Split(RootCommand root, string[] arguments)
    {
        var at = 0;
        Command command = root;
        while (at < arguments.Length)
        {
            var word = arguments[at];
            if (word == "--")
                return command is ITakesCommand or IMayTakeCommand
                    ? (arguments[..at], arguments[(at + 1)..])
                    : (arguments, []);
            if (command is ITakesCommand && !(word.Length > 1 && word[0] == '-'))
                return (arguments[..at], arguments[at..]);
            if (word.Length > 1 && word[0] == '-')
            {
                at += ValuesOf(Find(command, root, word), word);
            }
            else if (
                command.Subcommands.FirstOrDefault(sub => sub.Name == word || sub.Aliases.Contains(word)) is { } sub
            )
            {
                command = sub;
            }
            at++;
        }
        return (arguments, []);
    }

    private static Option? Find(Command command, RootCommand root, string word)
    {
        var name = word.Split('=', ':')[0];
        return command
            .Options.Concat(root.Options)
            .FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name));
    }

    private static int ValuesOf(Option? option, string word) =>
        option is null || word.Contains('=') || option.Arity.MinimumNumberOfValues == 0 ? 0 : 1;
}

/// <summary>A command behind whose options the words of another command follow.</summary>
internal interface ITakesCommand;

/// <summary>A command behind whose own words those of another may follow, after <c>--</c>.</summary>
internal interface IMayTakeCommand;
