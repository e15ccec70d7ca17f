using Muster.Faults;

namespace Muster.Runs.Submit;

public sealed class RunEnvironmentTests
{
    private static readonly Dictionary<string, string> Site = new() { ["A"] = "site", ["B"] = "site" };

    [Fact]
    public void What_is_asked_for_comes_before_what_the_site_sets()
    {
        var environment = RunEnvironment.Of(Site, ["A=x=y", "HERE"], name => name + "'s");
        Assert.Equal(["A=x=y", "B=site", "HERE=HERE's"], environment.Select(pair => $"{pair.Key}={pair.Value}"));
        Assert.Equal(
            """
            export A='x=y'
            export B=site
            export HERE='HERE'\''s'

            """,
            RunEnvironment.Script(environment)
        );
    }

    [Theory]
    [InlineData("2=x", "'2' is not a valid environment variable name")]
    [InlineData("A B=x", "'A B' is not a valid environment variable name")]
    [InlineData("=x", "'' is not a valid environment variable name")]
    [InlineData("GONE", "the environment variable GONE is not set here")]
    public void A_variable_without_a_name_or_a_value_is_refused(string text, string why) =>
        Assert.Equal(why, Assert.Throws<UserException>(() => RunEnvironment.Of(Site, [text], _ => null)).Message);
}
