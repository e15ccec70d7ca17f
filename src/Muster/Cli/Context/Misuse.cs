using System.CommandLine;
using System.CommandLine.Parsing;
using Muster.Configuration;

namespace Muster.Cli.Context;

/// <summary>What is wrong with a command line, in words for whoever typed it.</summary>
internal static class Misuse
{
    public static string Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var stray = parsed.UnmatchedTokens is [var first, ..] ? first : null;
        if (stray is { Length: > 1 } && stray[0] == '-')
        {
            var options = parsed
                .CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options)
                .Where(option => !option.Hidden)
                .SelectMany(option => (string[])[option.Name, .. option.Aliases])
                .Where(name => name.StartsWith("--", StringComparison.Ordinal));
            var meant = FixOf(parsed) == Usual(parsed) ? Nearest.DidYouMean(stray, options) : "";
            return $"{NameOf(parsed)} has no option '{stray}'{meant}";
        }
        if (command.Subcommands.Count > 0)
            return Of(parsed, stray);
        return string.Join("; ", parsed.Errors.Select(error => Of(parsed, error)).Distinct());
    }

    /// <summary>A word that is none of a command's commands; or none was given.</summary>
    public static string Of(ParseResult parsed, string? stray)
    {
        var command = parsed.CommandResult.Command;
        var kind = command.Name == "run" ? "recipe" : "command";
        var names = command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name);
        if (stray is null)
            return $"{NameOf(parsed)} needs a {kind}: {string.Join(", ", names)}";
        var meant = FixOf(parsed) == Usual(parsed) ? Nearest.DidYouMean(stray, names) : "";
        return $"{NameOf(parsed)} has no {kind} '{stray}'{meant}";
    }

    /// <summary>What to do about it: where a word of another tool was used, ours for it.</summary>
    public static string FixOf(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is not [var stray, ..])
            return Usual(parsed);
        var command = parsed.CommandResult.Command;
        if (command is RootCommand && OtherTools.Command(stray) is { } ours)
            return ours;
        if (command.Name == "run" && OtherTools.IsScript(stray))
            return $"`muster run` runs recipes. To run a command: `muster submit -- {OtherTools.Runner(stray)}{stray}`";
        return command is ITakesCommand && OtherTools.Option(stray) is { } option ? option : Usual(parsed);
    }

    private static string Usual(ParseResult parsed) => $"`{NameOf(parsed)} --help` shows what it takes.";

    public static string NameOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var at = parsed.CommandResult; at.Command is not RootCommand; at = (CommandResult)at.Parent!)
            names.Push(at.Command.Name);
        return string.Join(' ', names.Prepend("muster"));
    }

    private static string Of(ParseResult parsed, ParseError error) =>
        error.SymbolResult switch
        {
            OptionResult { Tokens: [var value, ..], Option: var option }
                when option.ValueType == typeof(int?) || option.ValueType == typeof(int) =>
                $"'{value.Value}' is not a valid number for {option.Name}",
            OptionResult { Tokens: [], Option: var option } =>
                $"{option.Name} needs a value{(option.HelpName is { } name ? $": {name}" : "")}",
            ArgumentResult { Tokens: [], Argument: var argument } =>
                $"{NameOf(parsed)} needs {argument.HelpName ?? argument.Name}",
            CommandResult when parsed.UnmatchedTokens.Count > 0 =>
                $"{NameOf(parsed)} does not take '{parsed.UnmatchedTokens[0]}'",
            _ => error.Message.TrimEnd('.'),
        };
}
