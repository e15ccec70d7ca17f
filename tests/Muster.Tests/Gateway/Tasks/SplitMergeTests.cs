using Muster.Gateway.Fleet;

namespace Muster.Gateway.Tasks;

public sealed class SplitMergeTests
{
    [Fact]
    public void Parts_may_wait_while_a_slot_is_not_held_by_a_parent() =>
        Assert.True(SplitMerge.PartsMayWait([Nodes.Of("a"), Nodes.Of("b")], [new("a", "x", true), new("b", "y", false)], Nodes.Now));

    [Fact]
    public void Two_parents_on_two_nodes_of_one_slot_do_not_wait_for_each_other() =>
        Assert.False(SplitMerge.PartsMayWait([Nodes.Of("a"), Nodes.Of("b")], [new("a", "x", true), new("b", "x", true)], Nodes.Now));

    [Fact]
    public void A_slot_that_nobody_can_use_is_none()
    {
        var off = Nodes.Of("c") with { Health = NodeHealth.Unknown };
        Assert.False(SplitMerge.PartsMayWait([Nodes.Of("a"), Nodes.Of("b") with { Locked = true }, off], [new("a", "x", true)], Nodes.Now));
    }
}
