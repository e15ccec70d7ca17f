using Muster.Gateway.Fleet;
using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

public sealed class SplitMergeTests
{
    [Fact]
    public void Parts_may_wait_while_a_slot_is_not_held_by_a_parent() =>
        Assert.True(
            SplitMerge.PartsMayWait(
                [Nodes.Of("a"), Nodes.Of("b")],
                [new("a", "x", true), new("b", "y", false)],
                "x",
                null,
                Nodes.Now
            )
        );

    [Fact]
    public void Two_parents_on_two_nodes_of_one_slot_do_not_wait_for_each_other() =>
        Assert.False(
            SplitMerge.PartsMayWait(
                [Nodes.Of("a"), Nodes.Of("b")],
                [new("a", "x", true), new("b", "x", true)],
                "x",
                null,
                Nodes.Now
            )
        );

    [Fact]
    public void Parts_do_not_wait_where_their_token_may_hold_no_more_than_its_wholes()
    {
        foreach (var (most, may) in ((int?, bool)[])[(1, false), (2, true), (null, true)])
            Assert.Equal(
                may,
                SplitMerge.PartsMayWait(
                    [Nodes.Of("a", slots: 5)],
                    [new("a", "x", true), new("a", "y", true)],
                    "x",
                    most,
                    Nodes.Now
                )
            );
    }

    [Fact]
    public void A_slot_that_nobody_can_use_is_none()
    {
        var off = Nodes.Of("c") with { Health = NodeHealth.Unknown };
        Assert.False(
            SplitMerge.PartsMayWait(
                [Nodes.Of("a"), Nodes.Of("b") with { Locked = true }, off],
                [new("a", "x", true)],
                "x",
                null,
                Nodes.Now
            )
        );
    }
}
