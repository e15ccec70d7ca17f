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
}
