using Muster.Faults;

namespace Muster.Runs;

public sealed class ArraySpecTests
{
    [Theory]
    [InlineData("0-3", "0 1 2 3", null)]
    [InlineData("0-9:4%2", "0 4 8", 2)]
    [InlineData("5,1-2,2,1", "1 2 5", null)]
    [InlineData("7", "7", null)]
    public void It_reads_what_sbatch_reads(string text, string indices, int? atOnce)
    {
        var array = ArraySpec.Parse(text);
        Assert.Equal((text, indices, atOnce), (array.Text, string.Join(' ', array.Indices), array.AtOnce));
    }

    [Fact]
    public void It_holds_ten_thousand_indices_and_no_more()
    {
        Assert.Equal(10_000, ArraySpec.Parse("1-10000").Indices.Count);
        Wrong("0-10000");
        Wrong("0-999999999");
    }

    [Theory]
    [InlineData("")]
    [InlineData("3-1")]
    [InlineData("1-5:0")]
    [InlineData("1,")]
    [InlineData("-1")]
    [InlineData("0-9%0")]
    [InlineData("0-9 ")]
    [InlineData("0-9\n")]
    [InlineData("9999999999")]
    public void Anything_else_is_wrong_usage(string text) => Wrong(text);

    private static void Wrong(string text)
    {
        var fault = Assert.Throws<UserException>(() => ArraySpec.Parse(text));
        Assert.Equal($"'{text}' is not a valid array of at most 10,000 indices", fault.Message);
        Assert.Equal(ExitCodes.Usage, fault.ExitCode);
    }
}
