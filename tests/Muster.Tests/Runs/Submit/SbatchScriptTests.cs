using Muster.Runs.Roles;
using Muster.Sites;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Submit;

public sealed class SbatchScriptTests
{
    private static readonly SlurmSite Cluster = new()
    {
        Name = "cluster",
        Origin = new("test"),
        Host = "login",
        Sbatch = SbatchOptions.None.With("account", "lab").With("mem", "1G").With("time", "1:00:00"),
    };
    private static readonly SubmitRequest Request = new() { Command = ["true"], WorkingFolder = "/" };

    [Fact]
    public void Flags_come_before_the_folder_s_options_and_those_before_the_site_s()
    {
        var request = Request with
        {
            Memory = "4G",
            Set = ["partition=long", "exclusive"],
            FolderOptions = SbatchOptions.None.With("mem", "2G").With("account", "own"),
        };
        var lines = Lines(Plans.Nothing() with { Time = TimeSpan.FromMinutes(1530) }, request);
        Assert.Equal(
            [
                "#SBATCH --account=own",
                "#SBATCH --mem=4G",
                "#SBATCH --time=25:30:00",
                "#SBATCH --partition=long",
                "#SBATCH --exclusive",
            ],
            lines.Take(5)
        );
        Assert.Contains("#SBATCH --signal=B:USR1@30", lines);
    }

    [Fact]
    public void A_signal_that_was_asked_for_is_the_only_one() =>
        Assert.Single(
            Lines(Plans.Nothing(), Request with { Set = ["signal=B:USR2@60"] }),
            line => line.StartsWith("#SBATCH --signal=", StringComparison.Ordinal)
        );

    [Fact]
    public void The_job_waits_for_those_before_it_and_is_found_by_name_and_comment()
    {
        var before = RunId.New(TimeProvider.System);
        var plan = Plans.Nothing() with
        {
            Array = ArraySpec.Parse("0-9%2"),
            After = [new(before, new("41;other"), null), new(before, new("42"), null)],
        };
        var lines = Lines(plan, Request);
        Assert.Contains("#SBATCH --dependency=afterok:41,afterok:42", lines);
        Assert.Contains("#SBATCH --array=0-9%2", lines);
        Assert.Contains($"#SBATCH --job-name=x-{plan.Id.Short}", lines);
        Assert.Contains($"#SBATCH --comment={plan.Id}", lines);
    }

    [Fact]
    public void Ranks_that_want_the_same_are_tasks_of_one_step()
    {
        var plan = OfRoles("worker=3,cpus=2", "server=1,cpus=2");

        Assert.Contains("#SBATCH --ntasks=4", plan.BatchLines);
        Assert.Contains("#SBATCH --cpus-per-task=2", plan.BatchLines);
        Assert.Single(SbatchScript.Of(plan).Split('\n'), line => line.StartsWith("srun ", StringComparison.Ordinal));
    }

    [Fact]
    public void Roles_that_want_different_things_are_parts_of_a_heterogeneous_job_with_a_step_each()
    {
        var plan = OfRoles("worker=3,gpus=1", "server=1,memory=8G");

        var lines = plan.BatchLines.ToList();
        var border = lines.IndexOf("#SBATCH hetjob");
        Assert.True(
            lines.IndexOf("#SBATCH --gpus-per-task=1") is >= 0 and var gpus && gpus < border,
            string.Join('\n', lines)
        );
        Assert.True(lines.IndexOf("#SBATCH --mem=8G") > border);
        Assert.Contains("srun --het-group=1 ", SbatchScript.Of(plan), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Lines(RunPlan plan, SubmitRequest request) =>
        SbatchScript.LinesFor(plan, request, Cluster);

    private static RunPlan OfRoles(params string[] roles)
    {
        var request = Request with { Roles = roles };
        var plan = Plans.Nothing() with { Roles = RoleReader.Read(request, LaunchProfile.Get(null), Cluster) };
        return plan with { BatchLines = Lines(plan, request) };
    }
}
