using Muster.Gateway.Fleet;
using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

public sealed class NodeChoiceTests
{
    [Fact]
    public void The_smallest_node_that_fits_is_chosen() =>
        Assert.Equal(
            "middle",
            Choose(
                new(80),
                Free(Nodes.Of("unlimited")),
                Free(Nodes.Of("large", maxImages: 500)),
                Free(Nodes.Of("middle", maxImages: 100)),
                Free(Nodes.Of("small", maxImages: 50))
            )
        );

    [Fact]
    public void A_limit_of_zero_images_is_none() =>
        Assert.Equal("a", Choose(new(10_000), Free(Nodes.Of("a", maxImages: 0))));

    [Fact]
    public void Among_equals_the_one_with_most_free_slots_is_chosen() =>
        Assert.Equal("b", Choose(new(1), new(Nodes.Of("a", slots: 4), 3), new(Nodes.Of("b", slots: 4), 1)));

    [Fact]
    public void Then_the_one_with_the_shorter_queue() =>
        Assert.Equal("b", Choose(new(1), new(Nodes.Of("a", slots: 3), 2), new(Nodes.Of("b", slots: 2), 1)));

    [Fact]
    public void Among_nodes_of_a_size_the_one_that_has_its_files_is_chosen_and_a_smaller_one_before_it()
    {
        NodeSlots[] nodes =
        [
            new(Nodes.Of("a", slots: 4), 0),
            new(Nodes.Of("b", slots: 4), 3),
            new(Nodes.Of("full", slots: 4), 4),
        ];
        Assert.Equal("b", Choose(new(1) { Ahead = "b" }, nodes));
        Assert.Equal("a", Choose(new(1) { Ahead = "full" }, nodes));
        Assert.Equal("small", Choose(new(1) { Ahead = "b" }, [.. nodes, Free(Nodes.Of("small", maxImages: 9))]));
    }

    [Fact]
    public void Then_they_take_turns() =>
        Assert.Equal("b", Choose(new(1), Free(Nodes.Of("a") with { Turn = 5 }), Free(Nodes.Of("b") with { Turn = 4 })));

    [Fact]
    public void A_full_node_is_passed_over_for_a_larger_one() =>
        Assert.Equal("large", Choose(new(1), new(Nodes.Of("small", maxImages: 10), 1), Free(Nodes.Of("large"))));

    [Fact]
    public void Tasks_of_others_take_slots_too() =>
        Assert.Null(Choose(new(1), Free(Nodes.Of("a", slots: 2, foreign: 2))));

    [Fact]
    public void A_node_with_too_little_memory_is_the_last_resort()
    {
        var poor = Free(Nodes.Of("poor", maxImages: 500, memory: 8_000_000_000));
        Assert.Equal("rich", Choose(new(400), poor, Free(Nodes.Of("rich", memory: 64_000_000_000))));
        Assert.Equal("poor", Choose(new(400), poor));
    }

    [Fact]
    public void A_parent_goes_to_the_fastest_node()
    {
        var slow = Nodes.Of("slow", maxImages: 500);
        var fast = Nodes.Of("fast") with
        {
            Facts = new() { Slots = 1, Cores = 64 },
        };
        Assert.Equal("fast", Choose(new(100) { IsSplitMergeParent = true }, Free(slow), Free(fast)));
        Assert.Equal("slow", Choose(new(100), Free(slow), Free(fast)));
    }

    [Theory]
    [InlineData("locked"), InlineData("draining"), InlineData("silent"), InlineData("new"), InlineData("failed")]
    public void A_node_that_cannot_have_it_is_no_candidate(string why)
    {
        var node = Nodes.Of("a");
        var need = new TaskNeed(1);
        (node, need) = why switch
        {
            "locked" => (node with { Locked = true }, need),
            "draining" => (node with { Draining = true }, need),
            "silent" => (node with { Health = node.Health.MissedAnswer("timed out", Nodes.Now) }, need),
            "new" => (node with { Facts = null, Health = NodeHealth.Unknown }, need),
            _ => (node, need with { Avoid = ["a"] }),
        };
        Assert.Empty(NodeChoice.Candidates([Free(node)], need));
        Assert.NotNull(NodeChoice.WhyNot(node, need));
    }

    [Fact]
    public void After_memory_ran_out_only_a_node_with_more_will_do() =>
        Assert.Equal(
            "b",
            Choose(new(1) { MoreMemoryThan = 8 }, Free(Nodes.Of("a", memory: 8)), Free(Nodes.Of("b", memory: 16)))
        );

    [Fact]
    public void After_a_node_was_too_small_only_a_larger_one_will_do()
    {
        var need = new TaskNeed(10) { MoreImagesThan = 50 };
        Assert.Equal("it is no larger than the node that was too small", Why(Nodes.Of("a", maxImages: 50), need));
        Assert.Equal("it is no larger than the node that was too small", Why(Nodes.Of("a", maxImages: 40), need));
        Assert.Null(Why(Nodes.Of("a", maxImages: 51), need));
    }

    [Fact]
    public void What_a_node_just_holds_it_can_have()
    {
        Assert.Null(Why(Nodes.Of("a", maxImages: 50), new(50)));
        Assert.Equal("it takes up to 50 images", Why(Nodes.Of("a", maxImages: 50), new(51)));
        var just = Free(Nodes.Of("just", memory: new TaskNeed(1).LikelyMemory));
        Assert.Equal("just", Choose(new(1), Free(Nodes.Of("more", memory: long.MaxValue) with { Turn = 9 }), just));
    }

    [Fact]
    public void What_others_have_there_counts_as_its_queue()
    {
        // Neither has a slot: the shorter line comes first.
        NodeSlots[] nodes = [new(Nodes.Of("a", slots: 1, foreign: 3), 0), new(Nodes.Of("b", slots: 1), 2)];
        Assert.Equal(["b", "a"], NodeChoice.Candidates(nodes, new(1)).Select(one => one.Node.Id));
    }

    [Theory]
    [InlineData(60, 100, 59, true)]
    [InlineData(60, 100, 60, true)]
    [InlineData(60, 100, 61, false)]
    // A machine that is as good as new could not do better.
    [InlineData(90, 100, 120, true)]
    [InlineData(89, 100, 120, false)]
    public void A_task_that_would_not_be_done_in_time_is_not_placed(int left, int whole, int likely, bool may)
    {
        var node = Nodes.Of("a") with { Left = TimeSpan.FromMinutes(left), Whole = TimeSpan.FromMinutes(whole) };
        Assert.Equal(may, Why(node, new(1) { LikelyTime = TimeSpan.FromMinutes(likely) }) is null);
    }

    private static string? Why(GatewayNode node, TaskNeed need) => NodeChoice.WhyNot(node, need);

    private static NodeSlots Free(GatewayNode node) => new(node, 0);

    private static string? Choose(TaskNeed need, params NodeSlots[] nodes) => NodeChoice.For(nodes, need)?.Node.Id;
}
