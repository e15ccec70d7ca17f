using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;

namespace Muster.Cli;

internal static class HelpCommand
{
    public static Command Create()
    {
        var words = new Argument<string[]>("COMMAND")
        {
            Description = "The command, such as `submit` or `sites add`.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("help", "Show what a command takes, with examples.") { words };
        command.SetAction(
            async (parsed, ct) =>
            {
                var about = parsed.GetValue(words)!;
                var plain = MusterCommand.Create(about).Parse(about);
                if (plain.UnmatchedTokens is [var stray, ..] && plain.CommandResult.Command.Subcommands.Count > 0)
                    throw UserException.Misuse(Misuse.Of(plain, stray), Misuse.FixOf(plain));
                MusterCommand.Shorten(plain.CommandResult.Command);
                return await plain.RootCommandResult.Command.Parse([.. about, "--help"]).InvokeAsync(null, ct);
            }
        );
        return command;
    }
}
