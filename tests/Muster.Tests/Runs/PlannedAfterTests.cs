using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs;

public sealed class PlannedAfterTests
{
    private static readonly SlurmSite Cluster = new()
    {
        Name = "here",
        Origin = new("test"),
        Host = "login",
    };
    private static readonly Run Queued = new()
    {
        Plan = Plans.Nothing() with { Host = "login" },
        Created = DateTimeOffset.UtcNow,
        State = new RunState.Queued(new("42"), "Priority"),
    };

    [Fact]
    public void A_run_waits_for_another_s_job() =>
        Assert.Equal(new(Queued.Plan.Id, new("42"), "login"), PlannedAfter.Of(Queued, Cluster));

    [Fact]
    public void With_a_scheduler_only_a_job_can_be_waited_for()
    {
        var staging = Queued with { State = new RunState.Staging() };
        Assert.StartsWith(
            "run x has no job in SLURM's queue to wait for",
            Assert.Throws<UserException>(() => PlannedAfter.Of(staging, Cluster)).Message,
            StringComparison.Ordinal
        );
        var site = new LocalSite { Name = "here", Origin = new("test") };
        Assert.Null(PlannedAfter.Of(staging, site).Handle);
    }

    [Fact]
    public void A_run_elsewhere_cannot_be_waited_for() =>
        Assert.Equal(
            "run x is on site here, not on there",
            Assert.Throws<UserException>(() => PlannedAfter.Of(Queued, Cluster with { Name = "there" })).Message
        );
}
