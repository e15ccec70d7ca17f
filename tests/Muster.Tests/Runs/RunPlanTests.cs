using System.Text.Json;

namespace Muster.Runs;

public sealed class RunPlanTests
{
    private static readonly RunPlan Old = new()
    {
        Id = RunId.New(TimeProvider.System),
        Name = "train",
        Site = "s",
        Command = ["true"],
        WorkingFolder = "/",
    };

    [Theory]
    [InlineData("muster-0193e8a1")] // as an older version called its jobs
    [InlineData("train-0193e8a1-b2c3")]
    public void The_same_work_as_another_run_has_that_runs_name_and_id(string name)
    {
        var id = RunId.New(TimeProvider.System);
        string[] lines = [$"#SBATCH --job-name={name}", $"#SBATCH --comment={Old.Id}", "#SBATCH --time=1"];
        var again = (Old with { BatchLines = lines }).As(id);
        lines = [$"#SBATCH --job-name=train-{id.Short}", $"#SBATCH --comment={id}", "#SBATCH --time=1"];
        Assert.Equal(lines, again.BatchLines);
    }

    [Fact]
    public void A_name_that_is_taken_changes_the_job_s_name_with_the_run_s()
    {
        var folder = Directory.CreateTempSubdirectory("muster-plan-");
        try
        {
            var store = new RunStore(Path.Combine(folder.FullName, "runs.db"));
            store.Add(new() { Plan = Old, Created = DateTimeOffset.UtcNow });
            var plan = (Old with { BatchLines = [$"#SBATCH --job-name={Old.JobName}"] }).As(
                RunId.New(TimeProvider.System)
            );
            var added = store.Add(new() { Plan = plan, Created = DateTimeOffset.UtcNow }).Plan;
            Assert.NotEqual(Old.Name, added.Name);
            Assert.Equal([$"#SBATCH --job-name={added.JobName}"], added.BatchLines);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void An_end_that_an_older_version_wrote_is_read()
    {
        const string text = """
            {"is":"ended","outcome":"Failed","code":3,"at":"2026-01-01T12:00:00+00:00",
            "evidence":{"source":"exit record","text":"x"}}
            """;
        var end = Assert.IsType<RunState.Ended>(JsonSerializer.Deserialize(text, RunJson.Default.RunState));
        Assert.Equal((3, null, null), (end.Code, end.Started, end.Handle));
    }
}
