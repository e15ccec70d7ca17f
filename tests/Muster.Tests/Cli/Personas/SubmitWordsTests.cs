using Muster.Faults;

namespace Muster.Cli.Personas;

public sealed class SubmitWordsTests
{
    [Theory]
    [InlineData("-c=cedar.json")]
    [InlineData("-ccedar.json")]
    [InlineData("-c", "cedar.json")]
    public void The_config_may_be_written_in_three_ways(params string[] config)
    {
        var words = SubmitWords.Read([.. config, "python", "main.py"]);
        Assert.Equal("cedar.json", words.Config);
        Assert.Equal(["python", "main.py"], words.Command);
    }

    [Fact]
    public void Options_behind_the_first_word_of_the_command_are_the_commands() =>
        Assert.Equal(["python", "main.py", "-n", "3", "-c", "x"], SubmitWords.Read(["-c", "a.json", "-n", "mine", "python", "main.py", "-n", "3", "-c", "x"]).Command);

    [Fact]
    public void Two_dashes_may_stand_before_the_command()
    {
        var words = SubmitWords.Read(["-c=a.json", "--name=x", "--no-tensorboard", "--", "-odd", "--"]);
        Assert.Equal(("x", false), (words.Name, words.TensorBoard));
        Assert.Equal(["-odd", "--"], words.Command);
    }

    [Theory]
    [InlineData]
    [InlineData("-c=a.json")]
    [InlineData("python")]
    [InlineData("-c=a.json", "--colour", "x")]
    [InlineData("-c")]
    public void What_is_missing_or_unknown_is_wrong_usage(params string[] words) =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<UserException>(() => SubmitWords.Read(words)).ExitCode);
}
