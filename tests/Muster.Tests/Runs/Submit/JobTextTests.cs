namespace Muster.Runs.Submit;

public sealed class JobTextTests
{
    private static readonly RunPlan Plan = new()
    {
        Id = RunId.New(TimeProvider.System),
        Name = "job",
        Site = "local",
        Command = ["printf", "%s", "a b", "$HOME"],
        Setup = ["module load cuda"],
        JobLines = ["touch here"],
        Companions = [new("viewer", "exec viewer\n")],
        WorkingFolder = "/",
    };

    [Fact]
    public void Lines_of_the_site_come_first_then_those_of_the_job_then_its_words_as_typed()
    {
        var lines = RunFiles.Job(Plan, null).Split('\n');

        var (setup, own, command) = (
            Array.IndexOf(lines, "module load cuda"),
            Array.IndexOf(lines, "touch here"),
            Array.IndexOf(lines, "exec printf %s 'a b' '$HOME'")
        );
        Assert.True(0 <= setup && setup < own && own < command, RunFiles.Job(Plan, null));
    }

    [Fact]
    public void What_runs_beside_the_job_has_the_lines_of_the_site_alone()
    {
        var companion = RunFiles
            .For(Plan, new Dictionary<string, string>())
            .Single(file => file.Name == "companion.viewer")
            .Text;

        Assert.Contains("module load cuda\n", companion);
        Assert.DoesNotContain("touch here", companion);
    }

    [Fact]
    public void A_plan_of_an_earlier_version_has_no_lines_of_its_own()
    {
        var json = System
            .Text.Json.JsonSerializer.Serialize(Plan, RunJson.Default.RunPlan)
            .Replace("jobLines", "unknown", StringComparison.OrdinalIgnoreCase)
            .Replace("job_lines", "unknown", StringComparison.Ordinal);

        var read = System.Text.Json.JsonSerializer.Deserialize(json, RunJson.Default.RunPlan)!;

        Assert.DoesNotContain("touch here", RunFiles.Job(read, null));
    }
}
