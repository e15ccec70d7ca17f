using Muster.Gateway.Fleet;
using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

public sealed class RetryPlanTests
{
    private static readonly GatewayNode Small = Nodes.Of("small", maxImages: 100, memory: 8);
    private static readonly GatewayNode Large = Nodes.Of("large", maxImages: 1000, memory: 64);

    [Fact]
    public void A_fault_of_the_data_set_is_final() =>
        Assert.Null(RetryPlan.After(FailureKind.Dataset, Attempts.None, Small, [Small, Large], 10));

    [Fact]
    public void A_task_whose_node_vanished_is_placed_again_anywhere() =>
        Assert.Equal(
            new Attempts { Count = 1, Begun = 1 },
            RetryPlan.After(FailureKind.Vanished, Attempts.None, Small, [Small], 10)
        );

    [Fact]
    public void Out_of_memory_asks_for_more_memory()
    {
        var next = RetryPlan.After(FailureKind.Memory, Attempts.None, Small, [Small, Large], 10);
        Assert.Equal((8L, "small"), (next!.MoreMemoryThan!.Value, Assert.Single(next.Avoid)));
        Assert.Null(RetryPlan.After(FailureKind.Memory, next, Large, [Small, Large], 10));
    }

    [Fact]
    public void Out_of_memory_on_the_largest_node_is_final() =>
        Assert.Null(RetryPlan.After(FailureKind.Memory, Attempts.None, Large, [Small, Large], 10));

    [Fact]
    public void A_node_that_refuses_is_avoided_if_there_is_another()
    {
        Assert.Equal(["small"], RetryPlan.After(FailureKind.Node, Attempts.None, Small, [Small, Large], 10)!.Avoid);
        Assert.Null(RetryPlan.After(FailureKind.Node, Attempts.None, Small, [Small], 10));
    }

    [Fact]
    public void A_node_that_is_silent_or_locked_now_counts_as_another() =>
        Assert.NotNull(
            RetryPlan.After(
                FailureKind.Node,
                Attempts.None,
                Small,
                [Small, Large with { Locked = true, Health = NodeHealth.Unknown }],
                10
            )
        );

    [Fact]
    public void Attempts_come_to_an_end()
    {
        var attempts = Attempts.None;
        for (var n = 1; n < RetryPlan.Most; n++)
            attempts = RetryPlan.After(FailureKind.Vanished, attempts, Small, [Small], 1)!;
        Assert.Null(RetryPlan.After(FailureKind.Vanished, attempts, Small, [Small], 1));
    }

    [Fact]
    public void Being_sent_in_vain_counts_less_and_comes_to_an_end_too()
    {
        var attempts = Attempts.None;
        for (var n = 1; n < RetryPlan.MostSendings; n++)
            attempts = RetryPlan.After(FailureKind.NotSent, attempts, Small, [Small], 1)!;
        Assert.Equal(0, attempts.Begun);
        Assert.Null(RetryPlan.After(FailureKind.NotSent, attempts, Small, [Small], 1));
    }

    [Fact]
    public void What_was_too_little_once_is_too_little_for_ever()
    {
        var middle = Nodes.Of("middle", maxImages: 500, memory: 32);
        GatewayNode[] fleet = [Small, middle, Large];
        var first = RetryPlan.After(FailureKind.Memory, Attempts.None, middle, fleet, 10)!;
        Assert.Equal(32, first.MoreMemoryThan);
        // Somebody placed it on a smaller one all the same.
        var second = RetryPlan.After(FailureKind.Memory, first, Small, fleet, 10)!;
        Assert.Equal(32, second.MoreMemoryThan);
        // What the node did not tell takes nothing away.
        Assert.Equal(32, RetryPlan.After(FailureKind.Memory, first, Nodes.Of("mute"), fleet, 10)!.MoreMemoryThan);
        Assert.Equal(64, RetryPlan.After(FailureKind.Memory, first, Large, [.. fleet, Huge], 10)!.MoreMemoryThan);
    }

    [Fact]
    public void A_node_is_avoided_once()
    {
        var first = RetryPlan.After(FailureKind.Node, Attempts.None, Small, [Small, Large], 10)!;
        Assert.Equal(["small"], RetryPlan.After(FailureKind.Node, first, Small, [Small, Large], 10)!.Avoid);
        Assert.Equal(["small"], RetryPlan.After(FailureKind.Node, first, null, [Small, Large], 10)!.Avoid);
    }

    private static readonly GatewayNode Huge = Nodes.Of("huge", maxImages: 9000, memory: 900);

    [Theory]
    [InlineData("Not enough memory", "", FailureKind.Memory)]
    [InlineData("Cannot process dataset", "", FailureKind.Dataset)]
    [InlineData("Processing failed (5)", "", FailureKind.Dataset)]
    [InlineData("Unsupported CPU", "", FailureKind.Node)]
    [InlineData("Installation issue", "", FailureKind.Node)]
    [InlineData("Could not start process (ENOENT)", "", FailureKind.Node)]
    [InlineData("80 images uploaded, but this node can only process up to 50.", "", FailureKind.TooLarge)]
    [InlineData("Cannot process dataset", "OSError: [Errno 28] No space left on device", FailureKind.Node)]
    [InlineData(
        "Cannot process dataset",
        "numpy.core._exceptions.MemoryError: Unable to allocate 4 GiB",
        FailureKind.Memory
    )]
    [InlineData("Cannot process dataset", "/code/run.sh: line 5: 812 Killed", FailureKind.Memory)]
    [InlineData(null, "", FailureKind.Dataset)]
    public void A_failure_is_told_by_what_was_said(string? message, string line, FailureKind kind) =>
        Assert.Equal(kind, Failures.KindOf(message, [line]));
}
