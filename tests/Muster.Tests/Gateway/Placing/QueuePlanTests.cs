using FsCheck;
using FsCheck.Fluent;
using Muster.Gateway.Fleet;
using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

public sealed class QueuePlanTests
{
    [Fact]
    public void Tasks_of_one_token_go_in_the_order_they_came()
    {
        var (first, second) = (Task("a"), Task("a"));
        Assert.Equal([first.Id], Plan([first, second], [], Nodes.Of("n")).Select(placement => placement.Task));
    }

    [Fact]
    public void The_next_free_slots_go_to_those_who_hold_none()
    {
        var held = Enumerable.Range(0, 4).Select(n => new HeldSlot($"n{n}", "a", false)).ToList();
        List<WaitingTask> waiting = [.. Enumerable.Range(0, 36).Select(_ => Task("a")), Task("b"), Task("c")];
        var nodes = Enumerable.Range(0, 4).Select(n => Nodes.Of($"n{n}")).ToArray();
        var served = Plan(waiting, held[..2], nodes)
            .Select(placement => waiting.Single(task => task.Id == placement.Task).Share);
        Assert.Equal(["b", "c"], served);
    }

    [Fact]
    public void A_task_that_fits_nowhere_holds_up_nobody()
    {
        var (huge, small) = (Task("a", images: 1000), Task("a"));
        Assert.Equal(small.Id, Assert.Single(Plan([huge, small], [], Nodes.Of("n", maxImages: 100))).Task);
    }

    [Fact]
    public void A_token_at_its_limit_waits_and_others_go_on()
    {
        var (mine, other) = (Task("a"), Task("b"));
        var plan = QueuePlan.For(
            [mine, other],
            [new("n", "a", false)],
            [Nodes.Of("n", slots: 4)],
            share => share == "a" ? 1 : null
        );
        Assert.Equal(other.Id, Assert.Single(plan.Placements).Task);
    }

    [Fact]
    public void Parts_count_against_the_limit_of_their_wholes_token()
    {
        var parts = Enumerable.Range(0, 4).Select(_ => Task("a") with { IsChild = true }).ToList();
        var plan = QueuePlan.For(parts, [new("n", "a", true)], [Nodes.Of("n", slots: 8)], _ => 3);
        Assert.Equal(parts.Take(2).Select(part => part.Id), plan.Placements.Select(placement => placement.Task));
    }

    [Fact]
    public void The_last_slot_is_not_given_to_a_parent_while_parts_wait()
    {
        var parent = Task("a", parent: true);
        var part = Task("b", images: 5) with
        {
            IsChild = true,
            Need = new(5) { Avoid = ["n"] },
        };
        Assert.Empty(Plan([parent, part], [], Nodes.Of("n")));
        Assert.Single(Plan([parent], [], Nodes.Of("n")));
    }

    [Fact]
    public void Equal_nodes_take_turns()
    {
        var plan = Plan(
            [Task("a"), Task("a"), Task("a")],
            [],
            Nodes.Of("n", slots: 1),
            Nodes.Of("m", slots: 1),
            Nodes.Of("o", slots: 1)
        );
        Assert.Equal(3, plan.Select(placement => placement.Node).Distinct().Count());
    }

    [Fact]
    public void No_slot_is_ever_promised_twice_and_none_stays_free_while_a_task_fits() =>
        Prop.ForAll(
                Cases.ToArbitrary(),
                given =>
                {
                    var nodes = given
                        .Slots.Select((slots, n) => Nodes.Of($"n{n}", slots, given.Limits[n % given.Limits.Length]))
                        .ToArray();
                    var held = given
                        .Held.Select(n => new HeldSlot($"n{n % nodes.Length}", $"share{n % 3}", false))
                        .Where(slot => nodes.Single(node => node.Id == slot.Node).Facts!.Slots > 0)
                        .GroupBy(slot => slot.Node)
                        .SelectMany(group => group.Take(nodes.Single(node => node.Id == group.Key).Facts!.Slots))
                        .ToList();
                    var waiting = given.Images.Select((images, n) => Task($"share{n % 4}", images)).ToList();
                    var placed = Plan(waiting, held, nodes);

                    foreach (var node in nodes)
                    {
                        Assert.True(
                            held.Count(slot => slot.Node == node.Id)
                                + placed.Count(placement => placement.Node == node.Id)
                                <= node.Facts!.Slots
                        );
                    }
                    Assert.Equal(placed.Count, placed.DistinctBy(placement => placement.Task).Count());
                    foreach (var left in waiting.Where(task => placed.All(placement => placement.Task != task.Id)))
                    {
                        Assert.DoesNotContain(
                            nodes,
                            node =>
                                node.Facts!.Slots
                                    > held.Count(slot => slot.Node == node.Id)
                                        + placed.Count(placement => placement.Node == node.Id)
                                && NodeChoice.WhyNot(node, left.Need) is null
                        );
                    }
                    return true;
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void The_queue_is_not_read_while_every_slot_is_taken()
    {
        var queue = Enumerable
            .Range(0, 1)
            .Select<int, WaitingTask>(_ => throw new InvalidOperationException("it was read"));
        Assert.Empty(QueuePlan.For(queue, [new("n", "a", false)], [Nodes.Of("n")], _ => null).Placements);
    }

    private sealed record Case(int[] Slots, int?[] Limits, int[] Held, int[] Images);

    private static readonly Gen<Case> Cases =
        from slots in Gen.NonEmptyListOf(Gen.Choose(0, 4))
        from limits in Gen.NonEmptyListOf(Gen.Elements<int?>(null, 10, 100))
        from held in Gen.ListOf(Gen.Choose(0, 30))
        from images in Gen.ListOf(Gen.Elements(1, 50, 500))
        select new Case([.. slots], [.. limits], [.. held], [.. images]);

    private static WaitingTask Task(string share, int images = 1, bool parent = false) =>
        new(Guid.NewGuid(), share, new(images) { IsSplitMergeParent = parent });

    private static IReadOnlyList<Placement> Plan(
        IReadOnlyList<WaitingTask> waiting,
        IReadOnlyList<HeldSlot> held,
        params GatewayNode[] nodes
    ) => QueuePlan.For(waiting, held, nodes, _ => null).Placements;
}
