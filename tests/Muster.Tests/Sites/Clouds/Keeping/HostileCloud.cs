namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// A provider in virtual time that does, by its seed, whatever providers have been seen doing: answers that are lost,
/// lists that lag, deletes that are forgotten, machines that die or come back. It keeps the bill, by code that knows
/// nothing of Muster's ledger, and fails the test at the moment in which a promise is broken.
/// </summary>
internal sealed class HostileCloud(VirtualTime time, int seed, HostileCloud.Kind kind) : ICloud
{
    /// <summary>What differs between providers.</summary>
    /// <param name="Calm">Nothing goes wrong, and everything happens at once.</param>
    /// <param name="OffIsGone">A machine that switches itself off is deleted by that, as at AWS.</param>
    internal sealed record Kind(string Name, BillingUnit Unit, string Currency, bool OffIsGone, bool Calm = false);

    internal sealed class Vm
    {
        public required string Id { get; init; }
        public required MachineOrder Order { get; init; }
        public required DateTimeOffset Created { get; init; }
        public required DateTimeOffset ShownFrom { get; init; }
        public required DateTimeOffset RunsFrom { get; init; }
        public required DateTimeOffset? LoginFrom { get; init; }
        public required decimal PerHour { get; init; }

        /// <summary>It turned up when nobody could expect it any more.</summary>
        public bool IsLate { get; set; }
        public bool IsBroken { get; set; }
        public bool IsOff { get; set; }
        public bool WasShown { get; set; }
        public bool HasMark { get; set; } = true;
        public DateTimeOffset Lease { get; set; }
        public DateTimeOffset? DeletedAt { get; set; }
        public DateTimeOffset? BusyUntil { get; set; }

        /// <summary>It is hidden until then, although it is there and costs.</summary>
        public DateTimeOffset? HiddenUntil { get; set; }
        public required Volume Disk { get; init; }
    }

    internal sealed class Volume
    {
        public required string Id { get; init; }
        public DateTimeOffset? DeletedAt { get; set; }
    }

    public const string Token = "Xq7vTz0pWm3LrK9sB2nHd8FyCg5JaE4u6iOoRxSwMbPkQlDhZtVeNcYfUjGmA1B2";
    public static string[] Places { get; } = ["north", "south", "west"];

    private readonly Random _random = new(seed);
    private readonly List<Vm> _vms = [];

    /// <summary>Of those, the ones that something may still happen to.</summary>
    private readonly List<Vm> _current = [];
    private readonly Dictionary<string, List<(DateTimeOffset From, DateTimeOffset To, string? Place)>> _weather = [];
    private readonly Dictionary<long, int> _calls = [];
    private int _names;
    private decimal _quoted = Price;
    private bool _isInside;

    public const decimal Price = 0.36m;
    public const int Limit = 6;

    /// <summary>Called before and after each request: the asker may die here.</summary>
    public Action Point { get; set; } = () => { };

    /// <summary>Called while a request is on its way: others may do something meanwhile.</summary>
    public Func<Task> Meanwhile { get; set; } = () => Task.CompletedTask;

    /// <summary>From then on nothing goes wrong any more that did not go wrong before.</summary>
    public DateTimeOffset CalmFrom { get; set; } = DateTimeOffset.MaxValue;

    public IReadOnlyList<Vm> Vms => _vms;
    public int MostCallsAnHour => _calls.Count == 0 ? 0 : _calls.Values.Max();
    public Dictionary<string, int> Happened { get; } = [];

    private DateTimeOffset Now => time.Now;

    /// <summary>Draws a year of bad weather.</summary>
    public void MakeWeather(TimeSpan length)
    {
        void Add(string what, double perMonth, int minutes, bool inPlace)
        {
            for (var at = Now; at < Now + length; )
            {
                at += TimeSpan.FromDays(-Math.Log(1 - _random.NextDouble()) * 30 / perMonth);
                var place = inPlace ? Places[_random.Next(Places.Length)] : null;
                _weather.TryAdd(what, []);
                _weather[what].Add((at, at + TimeSpan.FromMinutes(1 + _random.Next(minutes)), place));
            }
        }
        Add("no stock", 40, 300, inPlace: true);
        Add("no stock", 2, 600, inPlace: false);
        Add("not offered", 2, 2000, inPlace: true);
        Add("upstream", 6, 40, inPlace: false);
        Add("upstream", 1, 1200, inPlace: true);
        Add("throttled", 6, 20, inPlace: false);
        Add("revoked", 1, 60, inPlace: false);
        Add("quota", 3, 300, inPlace: false);
    }

    /// <summary>A price that doubles at some midnights. One that was asked for is kept.</summary>
    private decimal PriceNow =>
        kind.Calm ? Price
        : new Random((seed * 1000) + Now.DayOfYear / 7).Next(5) == 0 ? Price * 2
        : Price;

    public async Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct)
    {
        await EnterAsync(kind.Calm ? 0 : 1 + _random.Next(4));
        try
        {
            if (Weather(order.Place) is { } fault)
                return fault.Fault is CloudFault.Upstream
                    ? new CreateAnswer.Doubtful(fault.Message)
                    : new CreateAnswer.Refused(fault);
            if (Is("no stock", order.Place))
                return Refused(CloudFault.OutOfStock, "no capacity");
            if (Is("not offered", order.Place))
                return Refused(CloudFault.NotHere, "type not offered in this location");
            if (Is("quota", null))
                return Refused(CloudFault.Quota, "server limit exceeded");
            if (Chance(0.01, "create busy"))
                return Refused(CloudFault.Busy, "another change is under way");
            if (Chance(0.01, "create never sent"))
                return Refused(CloudFault.Upstream, "connection refused");
            if (Chance(0.03, "create cut before"))
                return Lost();
            var isLate = Chance(0.004, "create comes late");
            Make(order, isLate ? TimeSpan.FromMinutes(11 + _random.Next(10)) : TimeSpan.Zero, isLate);
            if (isLate || Chance(0.05, "create cut after"))
                return Lost();
            return new CreateAnswer.Made(Shown(_vms[^1]));
        }
        finally
        {
            Leave();
        }

        CreateAnswer Lost()
        {
            time.Pass(TimeSpan.FromSeconds(_random.Next(2) == 0 ? 1 : 100));
            return new CreateAnswer.Doubtful("nobody answered");
        }

        static CreateAnswer Refused(CloudFault fault, string words) => new CreateAnswer.Refused(Fault(fault, words));
    }

    private void Make(MachineOrder order, TimeSpan after, bool isLate)
    {
        var born = Now + after;
        TimeSpan Some(int seconds) => kind.Calm ? TimeSpan.Zero : TimeSpan.FromSeconds(_random.Next(seconds));
        var number = ++_names;
        var vm = new Vm
        {
            Id = $"i-{number}",
            Order = order,
            Created = born,
            ShownFrom = born + (Chance(0.7) ? TimeSpan.Zero : Some(120)),
            RunsFrom = born + TimeSpan.FromSeconds(10) + Some(60),
            LoginFrom = Chance(0.02, "no login") ? null : born + TimeSpan.FromSeconds(40) + Some(120),
            PerHour = _quoted,
            IsLate = isLate,
            IsBroken = Chance(0.01, "made broken"),
            Lease = born + TimeSpan.FromMinutes(15),
            HiddenUntil = null,
            Disk = new() { Id = $"vol-{number}" },
        };
        // Names are not unique here, and neither are orders: what is doubled was doubled by us.
        var twins = _current.Where(other => other.Order.Id == order.Id && Lives(other)).ToList();
        if (twins.Count > 0 && !isLate && !twins.Exists(twin => twin.IsLate || twin.HiddenUntil is not null))
            throw new PromiseException($"two machines for order {order.Id} at {Now:u}");
        _vms.Add(vm);
        _current.Add(vm);
        var alive = _current.Count(other => Lives(other) && !other.IsLate && other.HiddenUntil is null);
        if (alive > Limit)
            throw new PromiseException($"{alive} machines at {Now:u}, the limit is {Limit}");
    }

    public async Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct)
    {
        await EnterAsync(kind.Calm ? 0 : 1);
        try
        {
            if (Weather(order.Place) is { } fault)
                return new FindAnswer.Unknown(fault);
            // The oldest that is not broken.
            return
                _current
                    .Where(vm => vm.Order.Id == order.Id && vm.Order.Place == order.Place && IsShown(vm))
                    .OrderBy(vm => (vm.IsBroken, vm.Created))
                    .FirstOrDefault()
                    is { } found
                ? new FindAnswer.Made(Shown(found))
                : new FindAnswer.Absent();
        }
        finally
        {
            Leave();
        }
    }

    public async Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct)
    {
        await EnterAsync(kind.Calm ? 0 : 1);
        try
        {
            if (Weather(place) is { } fault)
                throw fault;
            if (Chance(0.01, "get fails"))
                throw Fault(CloudFault.Upstream, "502 bad gateway");
            return _current.Find(vm => vm.Id == id && vm.Order.Place == place && IsShown(vm)) is { } found
                ? Shown(found)
                : null;
        }
        finally
        {
            Leave();
        }
    }

    public async Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct)
    {
        await EnterAsync(kind.Calm ? 0 : 2);
        try
        {
            foreach (var place in Places)
                if (Weather(place) is { } fault)
                    throw fault;
            var machines = _current
                .Where(vm => IsShown(vm) && vm.HasMark && vm.Order.Fleet == fleet)
                .Where(_ => !Chance(0.005, "page misses an entry"))
                .Select(Shown)
                .ToList();
            if (machines.Count > 0 && Chance(0.02, "page repeats an entry"))
                machines.Add(machines[0]);
            if (Chance(0.05, "somebody else's machine in the list"))
                machines.Add(Strange);
            return new(machines, []);
        }
        finally
        {
            Leave();
        }
    }

    private static CloudMachine Strange { get; } =
        new()
        {
            Id = "i-of-others",
            Name = "database",
            Place = "north",
            Type = "large",
            State = CloudState.Running,
            Word = "running",
            Fleet = "0123456789ab",
            Created = DateTimeOffset.UnixEpoch,
        };

    public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct)
    {
        await EnterAsync(kind.Calm ? 0 : 1);
        try
        {
            if (_vms.Find(vm => vm.Id == machine.Id) is not { } vm)
                throw new PromiseException($"a machine of others was to be destroyed: {machine.Id}");
            if (Weather(machine.Place) is { } fault)
                throw fault;
            if (vm.BusyUntil > Now)
                throw Fault(CloudFault.Busy, "an action is pending");
            if (IsShown(vm))
            {
                if (vm.BusyUntil is null && Chance(0.03, "delete busy"))
                {
                    vm.BusyUntil = Now + TimeSpan.FromMinutes(_random.Next(10));
                    throw Fault(CloudFault.Busy, "an action is pending");
                }
                if (Chance(0.05, "delete forgotten"))
                    return false;
                // Not where it would end by itself before it is seen again.
                var mayReturn = !kind.OffIsGone && vm is { HasMark: true, HiddenUntil: null, DeletedAt: null };
                if (mayReturn && Chance(0.005, "machine comes back"))
                    (vm.HiddenUntil, vm.BusyUntil) = (Now + TimeSpan.FromMinutes(20), null);
                else
                    vm.DeletedAt ??= Now + TimeSpan.FromSeconds(kind.Calm ? 0 : _random.Next(60));
                if (Chance(0.02, "delete answered with 500"))
                    throw Fault(CloudFault.Upstream, "internal error");
                if (!kind.Calm)
                    return false;
            }
            if (vm.HiddenUntil > Now)
                return true;
            // What came with it goes after it, and only what the asker names: it bears no mark.
            foreach (var part in machine.Parts)
                if (part.Id == vm.Disk.Id && vm.Disk.DeletedAt is null)
                {
                    if (!kind.Calm && (vm.DeletedAt is null || Now < vm.DeletedAt + TimeSpan.FromSeconds(60)))
                        return false; // still in use
                    vm.Disk.DeletedAt = Now;
                    if (!kind.Calm)
                        return false;
                }
            return !IsShown(vm);
        }
        finally
        {
            Leave();
        }
    }

    public Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) => Task.FromResult<string?>(null);

    public async Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct)
    {
        await EnterAsync(kind.Calm ? 0 : 1);
        try
        {
            if (Weather(null) is { } fault)
                throw fault;
            _quoted = PriceNow;
            return [.. Places.Select(place => new CloudPrice("large", place, _quoted, kind.Currency, kind.Unit))];
        }
        finally
        {
            Leave();
        }
    }

    public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<CloudFinding>>([]);

    public void Dispose() { }

    /// <summary>What happens by itself.</summary>
    public void Live()
    {
        _current.RemoveAll(vm => vm.DeletedAt <= Now);
        foreach (var vm in _current.Where(Lives))
        {
            if (vm.Lease < Now && vm.RunsFrom < vm.Lease)
            {
                Count("lease over");
                Off(vm, vm.Lease);
            }
            else if (vm.RunsFrom < Now && Chance(0.0003, "machine dies"))
                Off(vm, Now);
            else if (vm.RunsFrom < Now && !(vm.HiddenUntil > Now) && Chance(0.0002, "machine deleted by hand"))
                // by somebody who sees its disk, too, where we never did
                (vm.DeletedAt, vm.Disk.DeletedAt) = (Now, vm.WasShown ? vm.Disk.DeletedAt : Now);
            else if (!vm.IsLate && vm.HiddenUntil is null && Chance(0.0002, "mark taken off by hand"))
                vm.HasMark = false;
        }

        void Off(Vm vm, DateTimeOffset at)
        {
            vm.IsOff = true;
            if (kind.OffIsGone)
                vm.DeletedAt = vm.Disk.DeletedAt = at;
        }
    }

    /// <summary>Somebody who is inside renews the lease.</summary>
    public void Renew(string id)
    {
        if (_current.Find(vm => vm.Id == id) is { IsOff: false } vm)
            vm.Lease = Now + TimeSpan.FromMinutes(15);
    }

    public bool CanLogIn(string id) =>
        _current.Find(vm => vm.Id == id) is { IsOff: false, IsBroken: false, LoginFrom: { } from } vm
        && Lives(vm)
        && from <= Now;

    public bool Works(string id) => _current.Find(vm => vm.Id == id) is { IsOff: false } vm && Lives(vm);

    /// <summary>What we owe for each hour of the clock, unit by begun unit.</summary>
    public Dictionary<DateTimeOffset, decimal> Bill(Func<Vm, bool> which)
    {
        var hours = new Dictionary<DateTimeOffset, decimal>();
        foreach (var vm in _vms.Where(which))
        {
            var end = vm.DeletedAt is { } deleted && deleted < Now ? deleted : Now;
            var unit = vm.PerHour * kind.Unit.Step.Ticks / TimeSpan.TicksPerHour;
            var least = Math.Max(vm.PerHour * kind.Unit.Least.Ticks / TimeSpan.TicksPerHour, kind.Unit.LeastCost);
            var (units, paid) = (0L, 0m);
            for (var at = vm.Created; at < end; )
            {
                var hour = new DateTimeOffset(at.Ticks - (at.Ticks % TimeSpan.TicksPerHour), TimeSpan.Zero);
                for (; at < end && at < hour.AddHours(1); at += kind.Unit.Step)
                    units++;
                var owed = Math.Max(units * unit, least);
                hours[hour] = hours.GetValueOrDefault(hour) + owed - paid;
                paid = owed;
            }
        }
        return hours;
    }

    private async Task EnterAsync(int seconds)
    {
        Point();
        var hour = Now.Ticks / TimeSpan.TicksPerHour;
        _calls[hour] = _calls.GetValueOrDefault(hour) + 1;
        if (!_isInside)
        {
            _isInside = true;
            try
            {
                await Meanwhile();
            }
            finally
            {
                _isInside = false;
            }
        }
        time.Pass(TimeSpan.FromSeconds(seconds));
        Live();
    }

    private void Leave() => Point();

    private bool Lives(Vm vm) => vm.Created <= Now && !(vm.DeletedAt <= Now);

    private bool IsShown(Vm vm) => Lives(vm) && vm.ShownFrom <= Now && !(vm.HiddenUntil > Now);

    private CloudMachine Shown(Vm vm)
    {
        vm.WasShown = true;
        return new()
        {
            Id = vm.Id,
            Name = vm.Order.Name,
            Place = vm.Order.Place,
            Type = vm.Order.Type,
            State =
                vm.IsOff ? CloudState.Stopped
                : Now < vm.RunsFrom ? CloudState.Starting
                : vm.IsBroken ? CloudState.Broken
                : CloudState.Running,
            Word = vm.IsOff ? "off" : "as it is",
            Created = vm.Created,
            PublicAddress = vm.RunsFrom <= Now ? $"192.0.2.{vm.Id[2..]}" : null,
            Fleet = vm.HasMark ? vm.Order.Fleet : null,
            Order = vm.HasMark ? vm.Order.Id : null,
            Until = vm.HasMark ? vm.Order.Until : null,
            // A disk is shown no more once its machine is on its way out.
            Parts = vm.DeletedAt is null ? [new("volume", vm.Disk.Id, vm.Order.Place)] : [],
        };
    }

    private CloudException? Weather(string? place)
    {
        if (Is("revoked", null))
            return Fault(CloudFault.BadCredentials, "unable to authenticate you");
        if (Is("throttled", null))
            return Fault(CloudFault.Throttled, $"rate limit exceeded for token {Token}");
        return Is("upstream", place) ? Fault(CloudFault.Upstream, $"<html>502 {Token[..32]}</html>") : null;
    }

    private bool Is(string what, string? place)
    {
        if (Now >= CalmFrom || !_weather.TryGetValue(what, out var all))
            return false;
        all.RemoveAll(one => one.To <= Now);
        return all.Exists(one => one.From <= Now && (one.Place is null || one.Place == place)) && Count(what);
    }

    private bool Chance(double share, string? what = null) =>
        !kind.Calm && Now < CalmFrom && _random.NextDouble() < share && (what is null || Count(what));

    private bool Count(string what)
    {
        Happened[what] = Happened.GetValueOrDefault(what) + 1;
        return true;
    }

    private static CloudException Fault(CloudFault fault, string words) => new(fault, words, "wait");
}

/// <summary>A promise was broken.</summary>
internal sealed class PromiseException(string what) : Exception(what);
