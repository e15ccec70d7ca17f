namespace Muster.Sites.Schedulers.Slurm;

public sealed class SacctLineTests
{
    // Written after sacct's manual, as the recorded cluster keeps no accounts.
    private static SacctLine? Read(params string[] fields) =>
        SacctLine.ReadAll(string.Join('\u001f', fields) + "\n").SingleOrDefault();

    [Fact]
    public void A_cancelled_job_is_read()
    {
        var job = Read(
            "12_3",
            "muster-0193e8a1",
            "CANCELLED by 1000",
            "0:15",
            "2026-11-21T03:57:30",
            "2026-11-21T04:00:00",
            "c[1-2]"
        )!;
        Assert.Equal(new SlurmJobRef(12, Task: 3), job.Job);
        Assert.Equal(new SlurmExitCode(0, 15), job.ExitCode);
        Assert.Equal(SlurmEnd.Cancelled, Assert.IsType<SlurmState.Ended>(job.State).End);
        Assert.Equal((TimeSpan.FromSeconds(150), "c[1-2]"), (job.End - job.Start, job.Nodes));
    }

    [Fact]
    public void A_job_that_never_started_has_no_times_and_no_nodes()
    {
        var job = Read("12", "muster-0193e8a1", "PENDING", "0:0", "Unknown", "Unknown", "None assigned")!;
        Assert.Null(job.Start);
        Assert.Null(job.End);
        Assert.Null(job.Nodes);
    }

    [Fact]
    public void Other_lines_are_passed_over()
    {
        Assert.Null(Read("Slurm accounting storage is disabled"));
        Assert.Null(Read("12.batch", "batch", "COMPLETED", "0:0", "Unknown", "Unknown", "c1"));
    }
}
