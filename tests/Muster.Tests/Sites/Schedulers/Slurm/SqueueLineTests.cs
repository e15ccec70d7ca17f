using FsCheck;
using FsCheck.Fluent;

namespace Muster.Sites.Schedulers.Slurm;

public sealed class SqueueLineTests
{
    private const string RunId = "0193e8a1-0000-7000-8000-000000000001";
    private static readonly IReadOnlyList<SqueueLine> Recorded = SqueueLine.ReadAll(
        RecordedText.Read("squeue-22.05.txt")
    );

    private static SqueueLine Job(long rawId) => Assert.Single(Recorded, job => job.RawId == rawId);

    [Fact]
    public void Every_recorded_line_is_read() => Assert.Equal(17, Recorded.Count);

    [Fact]
    public void A_running_job_has_its_node_and_the_time_left()
    {
        var job = Job(1);
        Assert.IsType<SlurmState.Running>(job.State);
        Assert.Equal(("c1", "debug", "muster-0193e8a1", RunId), (job.Nodes, job.Partition, job.Name, job.Comment));
        Assert.Equal(new DateTimeOffset(2026, 11, 21, 3, 57, 30, TimeSpan.Zero), job.Start);
        Assert.Equal(new TimeSpan(0, 9, 56), job.TimeLeft?.Length);
        Assert.Equal(4294901759, job.Priority);
        Assert.Null(job.Reason);
    }

    [Fact]
    public void A_waiting_job_has_a_reason_and_perhaps_an_expected_start()
    {
        Assert.Equal(("Resources", true), (Job(2).Reason, Job(2).Start is not null));
        Assert.Equal("JobHeldUser", Job(3).Reason);
        Assert.Equal("ReqNodeNotAvail, UnavailableNodes:c3", Job(17).Reason);
        Assert.Equal(TimeLimit.Unlimited, Job(6).TimeLeft);
        Assert.Null(Job(6).Start);
        Assert.Null(Job(6).Nodes);
        Assert.Null(Job(6).Comment);
    }

    [Fact]
    public void Arrays_and_heterogeneous_jobs_name_their_parts()
    {
        Assert.Equal(new SlurmJobRef(7, WaitingTasks: "3-5%2"), Job(7).Job);
        Assert.Equal(new SlurmJobRef(7, Task: 1), Job(10).Job);
        Assert.Equal(new SlurmJobRef(15, Part: 1), Job(16).Job);
    }

    [Fact]
    public void Names_of_others_may_hold_anything() =>
        Assert.Equal(["foreign | name", "a=b JobState=FAILED"], [Job(4).Name, Job(8).Name]);

    [Fact]
    public void Banners_are_passed_over()
    {
        var text =
            "Welcome | to | cedar\n"
            + RecordedText.Read("squeue-22.05.txt").Replace("\n", "\r\n")
            + "slurm_load_jobs error: x\n";
        Assert.Equal(Recorded.Select(job => job.RawId), SqueueLine.ReadAll(text).Select(job => job.RawId));
    }

    [Fact]
    public void The_format_has_as_many_fields_as_a_line_that_is_read() =>
        Assert.Equal(
            RecordedText.Read("squeue-22.05.txt").Split('\n')[0].Split('\u001f').Length,
            SqueueLine.Format.Split('\u001f').Length
        );

    [Fact]
    public void Arbitrary_output_never_throws() =>
        Prop.ForAll<NonNull<string>>(text =>
            {
                var row = string.Join('\u001f', Enumerable.Repeat(text.Get, 10).Prepend("1"));
                SqueueLine.ReadAll(row);
                SacctLine.ReadAll(string.Join('\u001f', Enumerable.Repeat(text.Get, 6).Prepend("1")));
                ScontrolJob.ReadAll("JobId=1 JobName=x UserId=a(0) GroupId=b " + text.Get + " JobState=" + text.Get);
                Partition.ReadAll(string.Join('\u001f', Enumerable.Repeat(text.Get, 7).Prepend("p")) + "\n" + text.Get);
                SlurmReason.Of(text.Get);
                SbatchRefusal.Find(text.Get);
                NodeList.Expand(text.Get);
            })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
}
