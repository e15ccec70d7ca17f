using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace Muster.Shell;

public sealed class SafeTextTests
{
    [Theory]
    [InlineData("gpu1 \u001b[2J\u001b]0;title\u0007", @"gpu1 \u001b[2J\u001b]0;title\u0007")]
    [InlineData("fine\nerror: not ours", @"fine\nerror: not ours")]
    [InlineData("100 %\rover it\tand on", @"100 %\rover it\tand on")]
    [InlineData("8-bit \u009b31m and \u007f", @"8-bit \u009b31m and \u007f")]
    [InlineData("name\u202egpj.exe \u2066x\u2069 \u2028", @"name\u202egpj.exe \u2066x\u2069 \u2028")]
    [InlineData("Größe 你好 👩‍🚀", "Größe 你好 👩‍🚀")]
    public void One_line_holds_nothing_that_a_terminal_obeys(string text, string shown) =>
        Assert.Equal(shown, SafeText.OneLine(text));

    [Fact]
    public void Several_lines_stay_lines() =>
        Assert.Equal("a\r\n\tb\n\\rc \\u001b[1m", SafeText.Lines("a\r\n\tb\n\rc \u001b[1m"));

    [Fact]
    public void Only_the_sequences_named_as_ours_stay() =>
        Assert.Equal(
            "\u001b[31mred\u001b[0m \\u001b[8mhidden",
            SafeText.Shown("\u001b[31mred\u001b[0m \u001b[8mhidden", true, ["\u001b[31m", "\u001b[0m"])
        );

    [Fact]
    public void No_text_at_all_leaves_a_control_character() =>
        Prop.ForAll<NonNull<string>>(text =>
                SafeText.OneLine(text.Get).All(c => !char.IsControl(c))
                && SafeText.Lines(text.Get).Replace("\r\n", "\n").All(c => !char.IsControl(c) || c is '\n' or '\t')
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_json_document_stays_the_same_document()
    {
        const string text = "\"left\u202eright \u0085\"";
        Assert.Equal(
            JsonNode.Parse(text)!.GetValue<string>(),
            JsonNode.Parse(SafeText.Lines(text))!.GetValue<string>()
        );
    }
}
