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

    [Fact]
    public void A_long_name_gives_way_to_the_last_column()
    {
        var name = new string('n', 60);
        var lines = Table
            .Lines(
                ["ID", "NAME", "WHAT"],
                [
                    ["1", name, "python train.py"],
                ],
                40,
                (_, column, cell) => column == 0 ? $"<{cell}>" : cell
            )
            .ToList();
        Assert.Equal("<1   >" + name[..18] + "…  python train.py", lines[1]);
        Assert.Equal(
            "<1   >" + name + "  python train.py",
            Table
                .Lines(
                    ["ID", "NAME", "WHAT"],
                    [
                        ["1", name, "python train.py"],
                    ],
                    null,
                    (_, column, cell) => column == 0 ? $"<{cell}>" : cell
                )
                .Last()
        );
    }
}
