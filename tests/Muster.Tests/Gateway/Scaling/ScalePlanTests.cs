using FsCheck;
using FsCheck.Fluent;
using Muster.Gateway.Fleet;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Scaling;

public sealed class ScalePlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_empty_gateway_asks_for_a_machine_when_a_task_waits()
    {
        var start = Assert.Single(Plan(Pool("a"), [Waits()]).Starts);
        Assert.Equal("a", start.Pool.Site);
        Assert.Contains("a task of 2 images waits", start.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Machines_on_their_way_count()
    {
        var coming = Machine("a");
        var plan = Plan(Pool("a"), [Waits()], [coming]);
        Assert.Empty(plan.Starts);
        Assert.Equal(coming.Id, Assert.Single(plan.WaitsFor).Value);
    }

    [Fact]
    public void A_burst_asks_for_several_at_once_and_no_more_than_allowed()
    {
        var plan = Plan(Pool("a", most: 3), [.. Enumerable.Range(0, 10).Select(_ => Waits())]);
        Assert.Equal(3, plan.Starts.Count);
        Assert.Equal(7, plan.Unmet.Count);
        Assert.All(plan.Unmet.Values, why => Assert.Equal("a has its 3 machines", why));
    }

    [Fact]
    public void A_machine_of_several_slots_is_for_several_tasks()
    {
        var pool = Pool("a") with { Node = new() { Slots = 4 } };
        Assert.Equal(2, Plan(pool, [.. Enumerable.Range(0, 5).Select(_ => Waits())]).Starts.Count);
    }

    [Fact]
    public void The_smallest_size_that_fits_is_taken()
    {
        var pool = Pool("a") with { Sizes = [new() { Images = 10 }, new() { Images = 100 }, new() { Images = 1000 }] };
        Assert.Equal(100, Assert.Single(Plan(pool, [Waits(images: 50)]).Starts).Size.Images);
        var unmet = Assert.Single(Plan(pool, [Waits(images: 5000)]).Unmet).Value;
        Assert.Equal("a takes up to 10 images; a takes up to 100 images; a takes up to 1000 images", unmet);
    }

    [Fact]
    public void A_small_task_starts_no_machine_where_the_pool_says_so()
    {
        var pool = Pool("a") with { MinImages = 10 };
        Assert.Equal(
            "a starts no machine for fewer than 10 images",
            Assert.Single(Plan(pool, [Waits(images: 9)]).Unmet).Value
        );
        Assert.Single(Plan(pool, [Waits(images: 10)]).Starts);
        // One that is there anyway takes it.
        Assert.Empty(Plan(pool, [Waits(images: 9)], [Machine("a")]).Unmet);
    }

    [Fact]
    public void A_task_that_lacked_memory_gets_a_larger_machine()
    {
        var pool = Pool("a") with { Sizes = [new() { Memory = 16L << 30 }, new() { Memory = 64L << 30 }] };
        var task = Waits() with { Need = new(2) { MoreMemoryThan = 16L << 30 } };
        Assert.Equal(64L << 30, Assert.Single(Plan(pool, [task]).Starts).Size.Memory);
    }

    [Fact]
    public void Pools_are_asked_in_order_or_by_price()
    {
        ScalePool dear = Pool("dear") with { Sizes = [new() { Price = 2 }] },
            cheap = Pool("cheap") with { Sizes = [new() { Price = 1 }] };
        Assert.Equal("dear", Assert.Single(Plan(Of(dear, cheap), [Waits()]).Starts).Pool.Site);
        var byPrice = Of(dear, cheap) with { Order = ScaleOrder.Price };
        Assert.Equal("cheap", Assert.Single(Plan(byPrice, [Waits()]).Starts).Pool.Site);
    }

    [Fact]
    public void The_next_pool_is_asked_where_one_rests_or_is_full()
    {
        var settings = Of(Pool("a"), Pool("b"));
        var plan = ScalePlan.For(
            Facts(settings, [Waits()]) with
            {
                Pools = new Dictionary<string, PoolFacts> { ["a"] = new(Now.AddSeconds(40), "no room") },
            }
        );
        Assert.Equal("b", Assert.Single(plan.Starts).Pool.Site);
    }

    [Fact]
    public void Hosts_starts_and_hours_are_limits()
    {
        var pool = Pool("a") with { Hours = new(new(20, 0), new(6, 0)) };
        Assert.Equal("a gives machines from 20:00-06:00", Assert.Single(Plan(pool, [Waits()]).Unmet).Value);
        Assert.True(pool.Hours!.Holds(new(3, 0)));
        Assert.Equal("no host of a is free: b rests", Why(new PoolFacts(Room: 0, PausedWhy: "b rests")));
        Assert.Equal("a starts 10 machines a minute", Why(new PoolFacts(Started: 10)));

        static string Why(PoolFacts facts) =>
            ScalePlan
                .For(
                    Facts(Of(Pool("a")), [Waits()]) with
                    {
                        Pools = new Dictionary<string, PoolFacts> { ["a"] = facts },
                    }
                )
                .Unmet.Single()
                .Value;
    }

    [Fact]
    public void A_budget_stops_what_would_pass_it()
    {
        var pool = Pool("a") with { Sizes = [new() { Price = 1.5m, Time = TimeSpan.FromHours(2) }] };
        var settings = Of(pool) with { Budget = new(Hour: 4, Day: null, Month: null) };
        Assert.Equal(2, Plan(settings, [Waits(), Waits(), Waits()]).Starts.Count);
        var daily = Of(pool) with { Budget = new(null, Day: 10, null) };
        var plan = ScalePlan.For(Facts(daily, [Waits(), Waits()]) with { Spent = new(0, 6, 6) });
        Assert.Single(plan.Starts);
        Assert.Contains("the budget of 10 a day has no room", plan.Unmet.Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void An_idle_machine_is_given_back_after_its_time_and_the_least_stays()
    {
        var pool = Pool("a") with { Idle = TimeSpan.FromMinutes(5) };
        Machine Idle(int minutes) =>
            Machine("a", MachineState.Ready) with
            {
                IdleSince = Now.AddMinutes(-minutes),
                WasReady = true,
            };
        var (old, young) = (Idle(6), Idle(4));
        Assert.Equal(old.Id, Assert.Single(Plan(pool, [], [old, young]).Ends).Machine);
        Assert.Empty(Plan(pool with { Least = 2 }, [], [old, young]).Ends);
        Assert.Equal(2, Plan(pool with { Least = 2 }, []).Starts.Count);
    }

    [Fact]
    public void One_that_has_a_task_is_not_given_back()
    {
        var busy = Machine("a", MachineState.Ready) with { IdleSince = Now.AddHours(-1) };
        var plan = ScalePlan.For(Facts(Of(Pool("a")), [], [busy]) with { Held = [new(busy.Node, "x", false)] });
        Assert.Empty(plan.Ends);
        Assert.Empty(plan.Idle);
    }

    [Fact]
    public void One_that_nothing_waits_for_any_more_is_given_back_before_it_is_there()
    {
        var coming = Machine("a", MachineState.Queued) with { IdleSince = Now.AddSeconds(-30) };
        Assert.Equal("nothing waits for it any more", Assert.Single(Plan(Pool("a"), [], [coming]).Ends).Why);
        Assert.Empty(Plan(Pool("a"), [Waits()], [coming]).Ends);
    }

    [Fact]
    public void One_whose_time_is_nearly_over_is_drained()
    {
        var late = Machine("a", MachineState.Ready) with { Ends = Now.AddMinutes(2) };
        Assert.StartsWith(
            "its time ends at",
            Assert.Single(Plan(Pool("a"), [], [late]).Ends).Why,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_size_that_is_had_too_shortly_is_taken_only_where_none_is_had_longer()
    {
        var pool = Pool("a") with
        {
            Sizes = [new() { Time = TimeSpan.FromHours(1) }, new() { Time = TimeSpan.FromHours(4) }],
        };
        WaitingTask Long(int hours) => Waits() with { Need = new(2) { LikelyTime = TimeSpan.FromHours(hours) } };
        Assert.Equal(TimeSpan.FromHours(4), Assert.Single(Plan(pool, [Long(2)]).Starts).Size.Time);
        Assert.Equal(TimeSpan.FromHours(4), Assert.Single(Plan(pool, [Long(9)]).Starts).Size.Time);
        Assert.Equal(TimeSpan.FromHours(1), Assert.Single(Plan(pool, [Waits()]).Starts).Size.Time);
    }

    [Fact]
    public void A_token_at_its_limit_gets_no_machine()
    {
        var facts = Facts(Of(Pool("a")), [Waits()]) with { MostAtOnce = _ => 0 };
        Assert.Empty(ScalePlan.For(facts).Starts);
    }

    [Fact]
    public void Scarce_machines_are_shared()
    {
        List<WaitingTask> waiting = [.. Enumerable.Range(0, 5).Select(_ => Waits("a")), Waits("b")];
        var plan = Plan(Pool("p", most: 2), waiting);
        Assert.Equal(["a"], plan.Unmet.Keys.Select(id => waiting.Single(task => task.Id == id).Share).Distinct());
    }

    /// <summary>
    /// Whatever waits and whatever there is: never more than allowed, nothing is given back that has or gets work, and
    /// where nothing is planned for a task that waits, a reason is told.
    /// </summary>
    [Fact]
    public void Whatever_there_is_the_limits_hold()
    {
        var cases =
            from tasks in Gen.Choose(0, 12)
            from machines in Gen.Choose(0, 6)
            from most in Gen.Choose(1, 5)
            from least in Gen.Choose(0, 2)
            from slots in Gen.Choose(1, 3)
            from seed in Gen.Choose(0, int.MaxValue)
            select (tasks, machines, most, least, slots, seed);
        Prop.ForAll(
                cases.ToArbitrary(),
                one =>
                {
                    var random = new Random(one.seed);
                    var pool = Pool("a", one.most) with
                    {
                        Least = Math.Min(one.least, one.most),
                        Node = new() { Slots = one.slots },
                    };
                    var machines = Enumerable
                        .Range(0, one.machines)
                        .Select(_ =>
                            Machine("a", (MachineState)random.Next(0, 6), one.slots) with
                            {
                                IdleSince = random.Next(2) == 0 ? Now.AddMinutes(-random.Next(0, 20)) : null,
                            }
                        )
                        .ToList();
                    var ready = machines.Where(machine => machine.State is MachineState.Ready).ToList();
                    var held = ready
                        .Where(_ => random.Next(2) == 0)
                        .Select(machine => new HeldSlot(machine.Node, "x", false))
                        .ToList();
                    var waiting = Enumerable.Range(0, one.tasks).Select(_ => Waits($"{random.Next(3)}")).ToList();
                    var facts = Facts(Of(pool), waiting, machines) with
                    {
                        Held = held,
                        Nodes = [.. ready.Select(machine => Nodes.Of(machine.Node, slots: one.slots))],
                    };
                    var plan = ScalePlan.For(facts);
                    Assert.True(plan.Starts.Count == 0 || machines.Count + plan.Starts.Count <= one.most);
                    Assert.All(plan.Ends, end => Assert.DoesNotContain(end.Machine, plan.WaitsFor.Values));
                    Assert.All(
                        plan.Ends,
                        end =>
                            Assert.DoesNotContain(
                                machines.Single(machine => machine.Id == end.Machine).Node,
                                held.Select(slot => slot.Node)
                            )
                    );
                    var free =
                        (ready.Count * one.slots)
                        - held.Count
                        + (machines.Count(machine => machine.IsComing) + plan.Starts.Count) * one.slots;
                    Assert.True(waiting.Count - plan.Unmet.Count <= free);
                    Assert.Equivalent(ScalePlan.For(facts).Ends, plan.Ends);
                }
            )
            .QuickCheckThrowOnFailure();
    }

    internal static ScalePool Pool(string site, int most = 5) => new() { Site = site, Most = most };

    private static ScaleSettings Of(params IReadOnlyList<ScalePool> pools) => new() { Pools = pools };

    private static WaitingTask Waits(string share = "x", int images = 2) => new(Guid.NewGuid(), share, new(images));

    private static Machine Machine(string site, MachineState state = MachineState.Booting, int slots = 1) =>
        new()
        {
            Id = Guid.NewGuid(),
            Site = site,
            Size = new(),
            Slots = slots,
            Asked = Now.AddMinutes(-30),
            Token = "t",
            State = state,
        };

    private static ScaleFacts Facts(
        ScaleSettings settings,
        IReadOnlyList<WaitingTask> waiting,
        IReadOnlyList<Machine>? machines = null
    ) =>
        new()
        {
            Now = Now,
            LocalTime = new(12, 0),
            Waiting = waiting,
            Nodes = [],
            Held = [],
            Machines = machines ?? [],
            Settings = settings,
        };

    private static ScalePlan Plan(
        ScalePool pool,
        IReadOnlyList<WaitingTask> waiting,
        IReadOnlyList<Machine>? machines = null
    ) => Plan(Of(pool), waiting, machines);

    private static ScalePlan Plan(
        ScaleSettings settings,
        IReadOnlyList<WaitingTask> waiting,
        IReadOnlyList<Machine>? machines = null
    ) => ScalePlan.For(Facts(settings, waiting, machines));
}
