using System.CommandLine;

namespace Muster.Cli.Context;

/// <summary>
/// Separates our options from the words of the user's command: parsing stops at its first word, and the words stay as
/// they were typed.
/// </summary>
internal static class CommandWords
{
    public static SplitWords Split(RootCommand root, string[] arguments)
    {
        var at = 0;
        Command command = root;
        while (at < arguments.Length)
        {
            var word = arguments[at];
            if (word == "--")
                return command is ITakesCommand or IMayTakeCommand
                    ? new(arguments[..at], arguments[(at + 1)..], true)
                    : new(arguments, [], false);
            if (command is ITakesCommand && !(word.Length > 1 && word[0] == '-'))
                return new(arguments[..at], arguments[at..], false);
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
        return new(arguments, [], false);
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

/// <param name="AfterDashes">The command stands behind <c>--</c>.</param>
internal sealed record SplitWords(string[] Options, string[] Command, bool AfterDashes);

/// <summary>A command behind whose options the words of another command follow.</summary>
internal interface ITakesCommand;

/// <summary>A command behind whose own words those of another may follow, after <c>--</c>.</summary>
internal interface IMayTakeCommand;
