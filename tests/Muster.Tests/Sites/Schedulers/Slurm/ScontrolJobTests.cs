namespace Muster.Sites.Schedulers.Slurm;

public sealed class ScontrolJobTests
{
    private static readonly IReadOnlyList<ScontrolJob> Recorded = ScontrolJob.ReadAll(
        RecordedText.Read("scontrol-22.05.txt")
    );

    private static ScontrolJob Job(long rawId) => Assert.Single(Recorded, job => job.RawId == rawId);

    [Fact]
    public void Every_recorded_line_is_read() =>
        Assert.Equal(
            RecordedText.Read("scontrol-22.05.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length,
            Recorded.Count
        );

    [Fact]
    public void A_failed_job_has_its_exit_code_and_reason()
    {
        var job = Job(4);
        Assert.Equal(SlurmEnd.Failed, Assert.IsType<SlurmState.Ended>(job.State).End);
        Assert.Equal(
            (new SlurmExitCode(3, 0), "NonZeroExitCode", "c2", 0),
            (job.ExitCode, job.Reason, job.Nodes, job.Restarts)
        );
        Assert.Equal(("foreign | name", "two words"), (job.Name, job.Comment));
        Assert.Equal(TimeSpan.FromSeconds(1), job.End - job.Start);
        Assert.Equal(TimeSpan.FromDays(365), job.TimeLimit?.Length);
        Assert.Equal(new SlurmExitCode(0, 11), Job(5).ExitCode);
    }

    [Fact]
    public void A_waiting_job_has_neither_nodes_nor_a_start()
    {
        var job = Job(3);
        Assert.IsType<SlurmState.Waiting>(job.State);
        Assert.Null(job.Nodes);
        Assert.Null(job.Start);
        Assert.Equal(TimeLimit.Unlimited, job.TimeLimit);
        Assert.Equal("0193e8a1-0000-7000-8000-000000000001", job.Comment);
    }

    [Fact]
    public void A_name_that_looks_like_a_field_does_not_change_the_state()
    {
        var job = Job(8);
        Assert.Equal("a=b JobState=FAILED", job.Name);
        Assert.IsType<SlurmState.Waiting>(job.State);
    }

    [Fact]
    public void Nor_do_a_comment_and_a_command()
    {
        var line = RecordedText.Read("scontrol-22.05.txt").Split('\n')[0];
        var forged = line.Replace("Command=/scratch/me/job.sh", "Command=/x JobState=FAILED Reason=No ExitCode=9:9");
        Assert.NotEqual(line, forged);
        Assert.Equal(ScontrolJob.ReadAll(line)[0], ScontrolJob.ReadAll(forged)[0]);
    }

    [Fact]
    public void Arrays_and_heterogeneous_jobs_name_their_parts()
    {
        Assert.Equal(new SlurmJobRef(7, Task: 1), Job(10).Job);
        Assert.Equal(new SlurmJobRef(7, WaitingTasks: "3-5%2"), Job(7).Job);
        Assert.Equal(new SlurmJobRef(15, Part: 1), Job(16).Job);
        Assert.Equal("wrap", Job(16).Name);
        Assert.Equal(new SlurmJobRef(1), Job(1).Job);
    }

    [Fact]
    public void A_refused_request_can_leave_a_failed_job_that_never_ran()
    {
        var job = Job(18);
        Assert.Equal(SlurmEnd.Failed, Assert.IsType<SlurmState.Ended>(job.State).End);
        Assert.Equal(("BadConstraints", true), (job.Reason, job.Start == job.End));
        Assert.Null(job.Nodes);
    }

    [Fact]
    public void Times_in_seconds_are_read_too() =>
        Assert.Equal(
            Job(1).Start,
            ScontrolJob
                .ReadAll(
                    RecordedText
                        .Read("scontrol-22.05.txt")
                        .Split('\n')[0]
                        .Replace("StartTime=2026-11-21T03:57:30", "StartTime=1795233450")
                )[0]
                .Start
        );

    [Fact]
    public void Other_lines_are_passed_over() =>
        Assert.Empty(ScontrolJob.ReadAll("Welcome\nslurm_load_jobs error: Invalid job id specified\n"));
}
