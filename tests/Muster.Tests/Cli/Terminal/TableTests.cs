namespace Muster.Cli.Terminal;

public sealed class TableTests
{
    [Fact]
    public void What_a_cell_holds_neither_moves_the_cursor_nor_begins_a_line() =>
        Assert.Equal(
            [
                "NAME                     WHAT",
                @"train\u001b[2K           host \u202egnp",
                @"\u001b]0;x\u0007\nother  fine",
            ],
            Table.Lines(
                ["NAME", "WHAT"],
                [
                    ["train\u001b[2K", "host \u202egnp"],
                    ["\u001b]0;x\u0007\nother", "fine"],
                ],
                null
            )
        );
}
