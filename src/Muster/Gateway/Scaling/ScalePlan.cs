using System.Globalization;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Scaling;

/// <summary>What a plan is made from: everything at one moment.</summary>
public sealed record ScaleFacts
{
    public required DateTimeOffset Now { get; init; }

    /// <summary>In the order in which they were committed.</summary>
    public required IReadOnlyList<WaitingTask> Waiting { get; init; }
    public required IReadOnlyList<GatewayNode> Nodes { get; init; }

    /// <summary>Every slot that is taken or promised.</summary>
    public required IReadOnlyList<HeldSlot> Held { get; init; }

    /// <summary>Those that are not proved gone.</summary>
    public required IReadOnlyList<Machine> Machines { get; init; }
    public required ScaleSettings Settings { get; init; }

    /// <summary>By site; a pool that is not in it has no troubles.</summary>
    public IReadOnlyDictionary<string, PoolFacts> Pools { get; init; } = new Dictionary<string, PoolFacts>();
    public Spending Spent { get; init; } = new(0, 0, 0);

    /// <summary>How many slots a share may hold; null for any number.</summary>
    public Func<string, int?> MostAtOnce { get; init; } = _ => null;

    /// <summary>The time of the day here, for the hours of pools.</summary>
    public TimeOnly LocalTime { get; init; }
}

/// <summary>What is known of a pool besides its machines.</summary>
/// <param name="PausedUntil">It gives no machine before then.</param>
/// <param name="Started">Machines asked for in the last minute.</param>
/// <param name="Room">How many more its hosts can take; null where that is not known.</param>
public sealed record PoolFacts(
    DateTimeOffset? PausedUntil = null,
    string PausedWhy = "",
    int Started = 0,
    int? Room = null
);

/// <summary>What machines have cost in this hour, this day and this month.</summary>
public sealed record Spending(decimal Hour, decimal Day, decimal Month);

/// <summary>A machine to ask for.</summary>
public sealed record ScaleStart(ScalePool Pool, MachineSize Size, string Why);

/// <summary>A machine to give back, once it has no task.</summary>
public sealed record ScaleEnd(Guid Machine, string Why);

/// <summary>Which machines are asked for and which are given back now, and why. Nothing is done yet.</summary>
public sealed record ScalePlan(IReadOnlyList<ScaleStart> Starts, IReadOnlyList<ScaleEnd> Ends)
{
    /// <summary>Machines with nothing to do, for whom nothing waits either.</summary>
    public IReadOnlySet<Guid> Idle { get; init; } = new HashSet<Guid>();

    /// <summary>The machine on its way that a task waits for.</summary>
    public IReadOnlyDictionary<Guid, Guid> WaitsFor { get; init; } = new Dictionary<Guid, Guid>();

    /// <summary>Why no machine is asked for, for the first tasks that have none.</summary>
    public IReadOnlyDictionary<Guid, string> Unmet { get; init; } = new Dictionary<Guid, string>();

    /// <summary>
    /// A machine that nothing needs any more is told so after this time: the queue changes all the time.
    /// </summary>
    private static readonly TimeSpan Regret = TimeSpan.FromSeconds(20);

    public static ScalePlan For(ScaleFacts facts) => new ScalePlanner(facts).Plan();

    /// <summary>
    /// Why a machine of this size is not for a task; null when it is. A size that is short of time is taken where no
    /// other has more: the task may be quicker than others like it.
    /// </summary>
    internal static string? WhyNot(MachineSize size, TaskNeed need, TimeSpan? longest) =>
        size switch
        {
            { Images: { } most } when need.Images > most => $"takes up to {most} images",
            { Images: { } most } when need.MoreImagesThan is { } images && most <= images =>
                "is no larger than the node that was too small",
            { Memory: { } memory } when need.MoreMemoryThan is { } more && memory <= more =>
                "has no more memory than the node that ran out of it",
            { Time: { } time } when need.LikelyTime is { } likely && time < likely && time < longest =>
                $"is had for {Words(time)} only, and tasks like it take {Words(likely)}",
            _ => null,
        };

    internal static string Words(TimeSpan time) =>
        time.TotalHours >= 2 ? $"{time.TotalHours:0.#} h"
        : time.TotalMinutes >= 2 ? $"{time.TotalMinutes:0} min"
        : $"{time.TotalSeconds:0} s";

    private sealed class ScalePlanner(ScaleFacts facts)
    {
        private const int ToldUnmet = 1_000;

        private readonly List<ScaleStart> _starts = [];
        private readonly List<Capacity> _capacity = [];
        private readonly Dictionary<Guid, Guid> _waitsFor = [];
        private readonly Dictionary<Guid, string> _unmet = [];
        private readonly Dictionary<string, int> _counts = facts
            .Machines.Where(machine => machine.State is not MachineState.Gone)
            .CountBy(machine => machine.Site)
            .ToDictionary();
        private bool _isExhausted;
        private readonly TimeSpan? _longest = facts
            .Settings.Pools.SelectMany(pool => pool.Sizes)
            .Max(size => size.Time ?? TimeSpan.MaxValue);

        public ScalePlan Plan()
        {
            Gather();
            Bind();
            KeepLeast();
            var idle = Idle();
            return new(_starts, [.. Ends(idle)])
            {
                Idle = idle,
                WaitsFor = _waitsFor,
                Unmet = _unmet,
            };
        }

        /// <summary>Free slots: those that are there, and those of machines on their way, smallest first.</summary>
        private void Gather()
        {
            var taken = facts.Held.CountBy(slot => slot.Node).ToDictionary();
            var machines = facts.Machines.ToDictionary(machine => machine.Node);
            foreach (var node in facts.Nodes)
            {
                var slots = new NodeSlots(node, taken.GetValueOrDefault(node.Id));
                if (slots.Free > 0 && node is { Locked: false, Draining: false } && node.Health.IsOnline(facts.Now))
                    _capacity.Add(new(slots.Free, node.Facts?.MaxImages, node, machines.GetValueOrDefault(node.Id)));
            }
            _capacity.AddRange(
                facts
                    .Machines.Where(machine => machine.IsComing)
                    .Select(machine => new Capacity(machine.Slots, machine.Size.Images, null, machine))
            );
            _capacity.Sort(
                (a, b) =>
                    (a.MaxImages ?? int.MaxValue, a.Node is null).CompareTo(
                        (b.MaxImages ?? int.MaxValue, b.Node is null)
                    )
            );
        }

        private void Bind()
        {
            var holds = facts.Held.CountBy(slot => slot.Share).ToDictionary();
            var shares = facts
                .Waiting.GroupBy(task => task.Share)
                .Select(group => new Queue<WaitingTask>(group))
                .ToList();
            var first = 0; // capacity before it is used up
            var hopeless = new Dictionary<int, string>(); // plain tasks of so many images, and why
            while (shares.Count > 0)
            {
                while (first < _capacity.Count && _capacity[first].Free == 0)
                    first++;
                // Nothing is left to give, and enough of those who wait know why.
                if (first == _capacity.Count && _unmet.Count >= ToldUnmet && IsExhausted())
                    return;
                var share =
                    shares.Count == 1 ? shares[0] : shares.MinBy(queue => holds.GetValueOrDefault(queue.Peek().Share))!;
                var task = share.Dequeue();
                if (share.Count == 0)
                    shares.Remove(share);
                if (holds.GetValueOrDefault(task.Share) >= (facts.MostAtOnce(task.Share) ?? int.MaxValue))
                    continue;
                if (task.Need.IsPlain && hopeless.TryGetValue(task.Need.Images, out var known))
                {
                    if (_unmet.Count >= ToldUnmet)
                        continue;
                    _unmet[task.Id] = known;
                    continue;
                }
                if (Fits(task.Need, first) is { } there)
                {
                    there.Free--;
                    there.IsWanted = true;
                    if (there is { Node: null, Machine: { } coming })
                        _waitsFor[task.Id] = coming.Id;
                }
                else if (Start(task) is { } why)
                {
                    if (_unmet.Count < ToldUnmet)
                        _unmet[task.Id] = why;
                    if (task.Need.IsPlain)
                        hopeless[task.Need.Images] = why;
                    continue;
                }
                holds[task.Share] = holds.GetValueOrDefault(task.Share) + 1;
            }
        }

        /// <summary>No pool gives a machine of any size. What is planned only makes it more so.</summary>
        private bool IsExhausted() =>
            _isExhausted |= facts.Settings.Pools.All(pool => pool.Sizes.All(size => WhyNoMore(pool, size) is not null));

        private Capacity? Fits(TaskNeed need, int first)
        {
            for (var n = first; n < _capacity.Count; n++)
            {
                var there = _capacity[n];
                if (
                    there.Free > 0
                    && need.Images <= (there.MaxImages ?? int.MaxValue)
                    && (there.Node is null || NodeChoice.WhyNot(there.Node, need) is null)
                    && (there.Node is not null || WhyNot(there.Machine?.Size ?? there.Size!, need, _longest) is null)
                )
                    return there;
            }
            return null;
        }

        /// <summary>Plans a machine for the task; else says why there is none.</summary>
        private string? Start(WaitingTask task)
        {
            var reasons = new List<string>();
            IEnumerable<(ScalePool Pool, MachineSize Size)> offers =
                from pool in facts.Settings.Pools
                from size in pool.Sizes
                select (pool, size);
            if (facts.Settings.Order is ScaleOrder.Price)
                offers = offers.OrderBy(offer => offer.Size.Price / offer.Pool.Node.Slots);
            foreach (var (pool, size) in offers)
            {
                if (task.Need.Images < pool.MinImages)
                    reasons.Add($"{pool.Site} starts no machine for fewer than {pool.MinImages} images");
                else if (WhyNot(size, task.Need, _longest) is { } unfit)
                    reasons.Add($"{pool.Site} {unfit}");
                else if (WhyNoMore(pool, size) is { } full)
                    reasons.Add(full);
                else
                {
                    Add(pool, size, $"a task of {task.Need.Images} images waits, and no free slot is for it");
                    _capacity[^1].Free--;
                    return null;
                }
            }
            return reasons.Count == 0 ? "no site gives machines" : string.Join("; ", reasons.Distinct());
        }

        private void Add(ScalePool pool, MachineSize size, string why)
        {
            var live = _counts.GetValueOrDefault(pool.Site);
            _starts.Add(
                new(
                    pool,
                    size,
                    $"{why}: {live} of {pool.Most} machines of {pool.Site} {(live == 1 ? "is" : "are")} there or coming"
                )
            );
            _counts[pool.Site] = live + 1;
            _capacity.Add(new(pool.Node.Slots, size.Images, null, null) { Size = size, IsWanted = true });
        }

        private string? WhyNoMore(ScalePool pool, MachineSize size)
        {
            var state = facts.Pools.GetValueOrDefault(pool.Site) ?? new PoolFacts();
            var planned = _starts.Count(start => start.Pool.Site == pool.Site);
            return state.PausedUntil > facts.Now
                    ? $"{pool.Site} is asked again in {Words(state.PausedUntil.Value - facts.Now)}: {state.PausedWhy}"
                : _counts.GetValueOrDefault(pool.Site) >= pool.Most
                    ? $"{pool.Site} has its {pool.Most} machine{(pool.Most == 1 ? "" : "s")}"
                : _counts.Values.Sum() >= facts.Settings.Most
                    ? $"there are {facts.Settings.Most} machines, the most in all"
                : state.Room is { } room && planned >= room
                    ? $"no host of {pool.Site} is free{(state.PausedWhy.Length > 0 ? $": {state.PausedWhy}" : "")}"
                : state.Started + planned >= pool.StartsPerMinute
                    ? $"{pool.Site} starts {pool.StartsPerMinute} machines a minute"
                : pool.Hours?.Holds(facts.LocalTime) is false ? $"{pool.Site} gives machines from {pool.Hours}"
                : OverBudget(size);
        }

        /// <summary>Machines are counted with what they may still cost: to their end, or for another hour.</summary>
        private string? OverBudget(MachineSize size)
        {
            var budget = facts.Settings.Budget;
            if (!budget.IsSet || size.Price == 0)
                return null;
            var rate = facts.Machines.Sum(machine => machine.Size.Price) + _starts.Sum(start => start.Size.Price);
            var ahead =
                facts.Machines.Sum(machine => machine.Size.Price * Hours(machine.Ends - facts.Now ?? machine.Size.Time))
                + _starts.Sum(start => start.Size.Price * Hours(start.Size.Time))
                + (size.Price * Hours(size.Time));
            return Over("an hour", facts.Spent.Hour, rate + size.Price, budget.Hour)
                ?? Over("a day", facts.Spent.Day, ahead, budget.Day)
                ?? Over("a month", facts.Spent.Month, ahead, budget.Month);
        }

        private static decimal Hours(TimeSpan? time) => (decimal)(time ?? TimeSpan.FromHours(1)).TotalHours;

        private static string? Over(string span, decimal spent, decimal ahead, decimal? budget) =>
            spent + ahead > budget
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"the budget of {budget} {span} has no room: {spent:0.##} spent, {ahead:0.##} with another machine"
                )
                : null;

        private void KeepLeast()
        {
            foreach (var pool in facts.Settings.Pools)
            {
                var kept = facts.Machines.Count(machine =>
                    machine.Site == pool.Site && (machine.IsComing || machine.State is MachineState.Ready)
                );
                kept += _starts.Count(start => start.Pool.Site == pool.Site);
                for (; kept < pool.Least && WhyNoMore(pool, pool.Sizes[0]) is null; kept++)
                    Add(pool, pool.Sizes[0], $"{pool.Least} are kept ready");
            }
        }

        private HashSet<Guid> Idle()
        {
            var busy = facts.Held.Select(slot => slot.Node).ToHashSet();
            var wanted = _capacity.Where(there => there.IsWanted).Select(there => there.Machine?.Id).ToHashSet();
            return
            [
                .. facts
                    .Machines.Where(machine =>
                        (machine.IsComing || machine.State is MachineState.Ready)
                        && !busy.Contains(machine.Node)
                        && !wanted.Contains(machine.Id)
                    )
                    .Select(machine => machine.Id),
            ];
        }

        private IEnumerable<ScaleEnd> Ends(HashSet<Guid> idle)
        {
            foreach (var site in facts.Machines.GroupBy(machine => machine.Site))
            {
                var pool = facts.Settings.Pools.FirstOrDefault(pool => pool.Site == site.Key);
                var kept = site.Count(machine => machine.IsComing || machine.State is MachineState.Ready);
                // The one that has been idle the longest goes first.
                foreach (var machine in site.OrderBy(machine => machine.IdleSince ?? DateTimeOffset.MaxValue))
                {
                    if (!machine.IsComing && machine.State is not MachineState.Ready)
                        continue;
                    var why =
                        pool is null ? $"{site.Key} is no longer among the sites that give machines"
                        : machine.State is MachineState.Ready && TimeIsUp(machine)
                            ? $"its time ends at {machine.Ends:HH:mm}"
                        : kept > pool.Least && idle.Contains(machine.Id) ? WhyGiveBack(machine, pool)
                        : null;
                    if (why is null)
                        continue;
                    kept--;
                    yield return new(machine.Id, why);
                }
            }
        }

        private string? WhyGiveBack(Machine machine, ScalePool pool) =>
            machine.IdleSince is not { } since ? null
            : machine.IsComing
                ? facts.Now - since >= Regret ? "nothing waits for it any more"
                    : null
            : facts.Now - since >= pool.Idle ? $"it has had nothing to do for {Words(facts.Now - since)}"
            : null;

        /// <summary>So little of its time is left that no task begins there any more.</summary>
        private bool TimeIsUp(Machine machine) =>
            machine.Ends is { } ends
            && ends - facts.Now
                < (
                    machine.Size.Time is { } whole && whole < TimeSpan.FromMinutes(30)
                        ? whole / 10
                        : TimeSpan.FromMinutes(3)
                );

        /// <summary>Slots on a node, or on a machine that will have one.</summary>
        private sealed class Capacity(int free, int? maxImages, GatewayNode? node, Machine? machine)
        {
            public int Free { get; set; } = free;
            public int? MaxImages { get; } = maxImages;
            public GatewayNode? Node { get; } = node;
            public Machine? Machine { get; } = machine;

            /// <summary>Of a machine that is only planned.</summary>
            public MachineSize? Size { get; init; }
            public bool IsWanted { get; set; }
        }
    }
}
