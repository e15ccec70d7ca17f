using Muster.Faults;

namespace Muster.Runs.Submit;

public sealed class HostPlanTests
{
    private static readonly HostQueue Busy = new("n1", 2, 2, 2, 1, 2, "0 of 2 GPUs free, it takes 1");
    private static readonly HostQueue Free = new("n2", 2, 2, 1, 0, 0, "");
    private static readonly HostQueue Idle = new("n3", 0, 8, 0, 0, 0, "");

    [Fact]
    public void A_run_goes_to_the_host_that_is_free_soonest_and_says_why()
    {
        var plan = HostPlan.For(Plans.Nothing() with { Gpus = 1 }, [Busy, Free], ["n4"]);

        Assert.Equal("n2", plan.Host);
        Assert.Equal(
            "n2 is free, the soonest; n1: place 2 in line (0 of 2 GPUs free, it takes 1); not heard: n4",
            plan.HostReason
        );
    }

    [Fact]
    public void Where_all_are_busy_the_shortest_wait_counts()
    {
        var large = Busy with { Host = "n5", Fits = 8, Holds = 8 };
        Assert.Equal("n5", HostPlan.For(Plans.Nothing(), [Busy, large], []).Host);
        Assert.Equal("n3", HostPlan.For(Plans.Nothing(), [Free, Idle], []).Host);
    }

    [Fact]
    public void Hosts_without_enough_GPUs_are_left_out_and_none_is_an_error_with_numbers()
    {
        Assert.Equal("n1", HostPlan.For(Plans.Nothing() with { Gpus = 1 }, [Idle, Busy], []).Host);
        var fault = Assert.Throws<UserException>(() =>
            HostPlan.For(Plans.Nothing() with { Gpus = 3 }, [Idle, Busy], [])
        );
        Assert.Equal("no host of site here has 3 GPUs: n3 has 0, n1 has 2", fault.Message);
        // Where none can be found anywhere, nothing is known of them.
        Assert.Equal("n3", HostPlan.For(Plans.Nothing() with { Gpus = 3 }, [Idle], []).Host);
    }

    [Theory]
    [InlineData(null, "n1 1, n2 3, n3 16", "")]
    [InlineData(5, "n1 1, n2 3, n3 16", "2 2 1")]
    [InlineData(2, "n3 17, n2 3", "1 1")]
    public void The_indices_of_an_array_are_shared_out_by_what_fits(int? atOnce, string shares, string caps)
    {
        var array = new ArraySpec("0-19", [.. Enumerable.Range(0, 20)], atOnce);
        var plan = HostPlan.For(Plans.Nothing() with { Array = array }, [Busy, Free, Idle], []);

        Assert.Equal(shares, string.Join(", ", plan.ArrayParts.Select(part => $"{part.Host} {part.Indices.Count}")));
        Assert.Equal(caps, string.Join(' ', plan.ArrayParts.Select(part => part.AtOnce)).Trim());
        Assert.Equal(plan.ArrayParts[0].Host, plan.Host);
        Assert.Equal(plan.Ranks().Order(), plan.Hosts().SelectMany(plan.RanksOn).Order());
        Assert.All(plan.Ranks(), rank => Assert.Contains(rank, plan.RanksOn(plan.HostOf(rank))));
    }

    [Fact]
    public void What_a_host_says_is_read()
    {
        const string said = "host=n1\ncpus=8\ngpus=2\nfits=2\nholds=3\nwaits=1\nturn=\nplace=2\nlack=0 of 2 GPUs free";
        Assert.Equal(new HostQueue("n1", 2, 2, 3, 1, 2, "0 of 2 GPUs free"), HostQueue.Read("n1", said));
    }
}
