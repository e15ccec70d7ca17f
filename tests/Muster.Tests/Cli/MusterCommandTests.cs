namespace Muster.Cli;

public sealed class MusterCommandTests
{
    [Fact]
    public void Of_all_commands_only_the_named_one_is_made()
    {
        foreach (var command in MusterCommand.Create([]).Subcommands)
            Assert.Equal(
                [command.Name],
                MusterCommand.Create(["--json", command.Name, "ps"]).Subcommands.Select(made => made.Name)
            );
        Assert.Equal(MusterCommand.Create([]).Subcommands.Count, MusterCommand.Create(["pss"]).Subcommands.Count);
    }

    [Fact]
    public void The_first_help_shows_every_command_once() =>
        Assert.Equal(
            MusterCommand.Create([]).Subcommands.Where(made => !made.Hidden).Select(made => made.Name).Order(),
            FirstHelp.Groups.SelectMany(group => group.Commands).Order()
        );
}
