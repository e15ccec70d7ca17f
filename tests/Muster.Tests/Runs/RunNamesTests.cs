using Muster.Faults;

namespace Muster.Runs;

public sealed class RunNamesTests
{
    [Theory]
    [InlineData("last")]
    [InlineData("0")]
    [InlineData("0198f0a0")]
    [InlineData("0198f0a0-1b2c-7")]
    [InlineData("../x")]
    [InlineData(".hidden")]
    public void Some_words_cannot_be_names(string name) => Assert.NotNull(RunNames.Objection(name));

    [Theory]
    [InlineData("train")]
    [InlineData("0198f0a0x")]
    [InlineData("0-shot")]
    [InlineData("2024")]
    [InlineData("add")]
    public void Others_can(string name) => Assert.Null(RunNames.Objection(name));

    [Fact]
    public void A_name_that_cannot_be_is_told_with_the_reason_and_is_wrong_usage()
    {
        var fault = Assert.Throws<UserException>(() => RunNames.Parse("last"));
        Assert.Equal("'last' is not a valid run name: 'last' selects the newest run", fault.Message);
        Assert.Equal(ExitCodes.Usage, fault.ExitCode);
    }

    [Theory]
    [InlineData("train", "python", "train.py")]
    [InlineData("train", "env", "A=1", "python3", "-u", "src/train.py", "--lr", "3")]
    [InlineData("python", "python", "-c", "print(1, 2)")]
    [InlineData("a-b", "./a+b")]
    [InlineData("run", "-x")]
    [InlineData("run", "+")]
    [InlineData("run-last", "./last")]
    public void A_run_without_a_name_is_called_as_its_program(string name, params string[] command) =>
        Assert.Equal(name, RunNames.Of(command));
}
