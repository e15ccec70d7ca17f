using System.Text.Json;
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

    [Fact]
    public void What_was_written_out_is_remembered_unless_it_is_a_secret()
    {
        string[] asked =
        [
            "LEVEL=3",
            "HERE",
            "API_TOKEN=t",
            "my_password=p",
            "DB_PASS=p",
            "OPENAI_KEY=k",
            "DB=postgres://me:pass@db/x",
            "URL=https://example.org/a",
            "PIN=1",
            "TWICE=1",
            "TWICE",
        ];
        Assert.Equal(
            new Dictionary<string, string> { ["LEVEL"] = "3", ["URL"] = "https://example.org/a" },
            RunEnvironment.Remembered(asked, ["PIN=2"])
        );
    }

    [Fact]
    public void Another_time_takes_what_was_remembered_and_the_rest_from_the_site_and_from_here()
    {
        var old = Plans.Nothing() with
        {
            EnvironmentNames = ["LEVEL", "MODE", "A", "TOKEN", "LATER"],
            Environment = new Dictionary<string, string>
            {
                ["LEVEL"] = "3",
                ["MODE"] = "x",
                ["LATER"] = "y",
            },
        };

        var (plan, values) = RunEnvironment.Again(
            old,
            Site,
            ["MODE=z", "MODE=zz", "NEW=1", "LATER"],
            ["PIN=7"],
            name => name + "'s"
        );

        Assert.Equal(
            ["A=site", "LATER=LATER's", "LEVEL=3", "MODE=zz", "NEW=1", "PIN=7", "TOKEN=TOKEN's"],
            values.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal)
        );
        Assert.Equal(values.Keys, plan.EnvironmentNames);
        Assert.Equal(
            ["LEVEL=3", "MODE=zz", "NEW=1"],
            plan.Environment.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Of_a_run_that_an_older_version_wrote_all_values_come_from_here()
    {
        var text = JsonSerializer.Serialize(
            Plans.Nothing() with
            {
                EnvironmentNames = ["LEVEL"],
                Environment = new Dictionary<string, string>(),
            },
            RunJson.Default.RunPlan
        );
        text = text.Replace("\"environment\":{},", "", StringComparison.Ordinal);
        Assert.DoesNotContain("\"environment\"", text, StringComparison.Ordinal);
        var old = JsonSerializer.Deserialize(text, RunJson.Default.RunPlan)!;

        Assert.Equal("here", RunEnvironment.Again(old, Site, [], [], _ => "here").Values["LEVEL"]);
        Assert.Equal(
            "x needs the variable LEVEL, whose value Muster did not store",
            Assert.Throws<UserException>(() => RunEnvironment.Again(old, Site, [], [], _ => null)).Message
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
