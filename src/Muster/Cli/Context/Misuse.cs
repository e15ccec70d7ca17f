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
            return $"{NameOf(parsed)} has no option '{stray}'{Nearest.DidYouMean(stray, options)}";
        }
        if (command.Subcommands.Count > 0)
        {
            var kind = command.Name == "run" ? "recipe" : "command";
            var names = command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name);
            return stray is null
                ? $"{NameOf(parsed)} needs a {kind}: {string.Join(", ", names)}"
                : $"{NameOf(parsed)} has no {kind} '{stray}'{Nearest.DidYouMean(stray, names)}";
        }
        return string.Join("; ", parsed.Errors.Select(error => Of(parsed, error)).Distinct());
    }

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
