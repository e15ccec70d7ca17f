using Muster.Faults;

namespace Muster.Runs.Submit;

public sealed class OutputPatternTests
{
    [Theory]
    [InlineData("results/*.png", "results/*.png")]
    [InlineData("./logs", "logs")]
    [InlineData("a..b/*", "a..b/*")]
    public void A_pattern_is_relative_to_the_command_s_folder(string text, string pattern) =>
        Assert.Equal(pattern, OutputPattern.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("/etc/*")]
    [InlineData("a/../../b")]
    [InlineData("a\nb")]
    public void It_stays_in_that_folder_and_on_one_line(string text) =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<UserException>(() => OutputPattern.Parse(text)).ExitCode);

    [Fact]
    public void Two_stars_stand_for_no_folder_too() =>
        Assert.Equal(["a/**/*.ply", "a/*.ply"], OutputPattern.Lines("a/**/*.ply"));
}
