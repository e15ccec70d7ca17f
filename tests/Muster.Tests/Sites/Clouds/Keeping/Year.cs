using System.Globalization;
using System.Text;
using Muster.Faults;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// A stretch of virtual time in which tasks come, machines are ordered for them and given back, and whoever does that
/// is killed now and then.
/// </summary>
internal sealed class Year : IDisposable
{
    private const string HostKey = "-----BEGIN PRIVATE KEY----- of attempt ";
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);

    private readonly VirtualTime _time = new();
    private readonly Random _random;
    private readonly HostileCloud.Kind _kind;
    private readonly Queue<Work> _coming = [];
    private readonly List<Work> _work = [];
    private readonly Dictionary<Guid, DateTimeOffset> _idle = [];
    private readonly StringBuilder _log = new();
    private readonly int _seed;
    private MachineKeeper[] _keepers = [];
    private int _boots;
    private int _points;
    private bool _isDead;

    public Year(int seed, HostileCloud.Kind kind)
    {
        (_seed, _kind, _random) = (seed, kind, new(seed));
        Cloud = new(_time, seed, kind) { Point = Point };
        Store = new() { Point = Point, Written = Check };
        Around = Cloud;
    }

    private sealed class Work
    {
        public required DateTimeOffset Came { get; init; }
        public required TimeSpan Takes { get; init; }
        public Guid? On { get; set; }
        public DateTimeOffset? Ends { get; set; }
        public bool IsDone { get; set; }
    }

    public HostileCloud Cloud { get; }
    public MemoryStore Store { get; }

    /// <summary>The provider as the keeper knows it; a test may leave a rule out.</summary>
    public ICloud Around { get; set; }
    public TimeSpan Grace { get; set; } = TimeSpan.FromMinutes(10);
    public Func<string, string> Redact { get; set; } =
        text => text.Replace(HostileCloud.Token, "(hidden)").Replace(HostileCloud.Token[..32], "(hidden)");
    public decimal HourBudget { get; set; } = 4;
    public decimal MonthBudget { get; set; } = 400;

    /// <summary>The budget that the keepers are told; the same unless a test wants to see it broken.</summary>
    public bool KnowsBudget { get; set; } = true;
    public int Keepers { get; set; } = 1;

    /// <summary>An attempt is in the store before the provider is asked.</summary>
    public bool WritesBefore { get; set; } = true;

    /// <summary>At which point the process dies; every one counts from 1.</summary>
    public int? DiesAt { get; set; }

    /// <summary>How probable it is that it dies at any point.</summary>
    public double DiesOften { get; set; }
    public int Points => _points;
    public int Deaths { get; private set; }
    public string Log => _log.ToString();
    public int Done { get; private set; }
    public int Refused { get; private set; }

    /// <summary>Bursts of tasks over so long; then everything has to come to its end.</summary>
    public async Task RunAsync(TimeSpan length, double burstsPerDay)
    {
        var begin = _time.Now;
        if (!_kind.Calm)
            Cloud.MakeWeather(length);
        for (var at = begin; at < begin + length; )
        {
            at += TimeSpan.FromDays(-Math.Log(1 - _random.NextDouble()) / burstsPerDay);
            for (var count = 1 + _random.Next(6); count > 0; count--)
                _coming.Enqueue(new() { Came = at, Takes = TimeSpan.FromMinutes(5 + _random.Next(85)) });
        }
        Boot();
        // The bad weather ends with the year; whatever it left has to go within three days.
        for (var (limit, still) = (begin + length + TimeSpan.FromDays(3), 0); ; )
        {
            if (_time.Now >= begin + length)
                Cloud.CalmFrom = _time.Now < Cloud.CalmFrom ? _time.Now : Cloud.CalmFrom;
            var next = await TickAsync();
            var isOver = _time.Now > begin + length + TimeSpan.FromHours(1) && _work.Count + _coming.Count == 0;
            still = next > _time.Now ? 0 : still + 1;
            if (still > 1000)
                throw new PromiseException(
                    "time stands still: " + string.Join("; ", Store.All.Where(record => !record.IsGone).Select(Line))
                );
            if (isOver && Store.All.All(record => record.IsGone))
                break;
            if (_time.Now > limit)
                throw new PromiseException(
                    $"not at its end: {_work.Count} tasks wait, and "
                        + string.Join("; ", Store.All.Where(record => !record.IsGone).Select(Line))
                );
            _time.To(next);
        }
        // Some sweeps more, for what turns up late.
        for (var (end, deaths) = (_time.Now.AddHours(1), Deaths); _time.Now < end; )
        {
            _time.To(await TickAsync() is var next && next > _time.Now ? next : _time.Now.AddSeconds(1));
            if (Deaths != deaths)
                (end, deaths) = (_time.Now.AddHours(1), Deaths);
        }
        CheckEnd();
    }

    private static string Line(MachineRecord record) => $"{record.Name} {record.State.Word}: {record.Why}";

    private void Boot()
    {
        _isDead = false;
        _keepers =
        [
            .. Enumerable
                .Range(0, Keepers)
                .Select(number => new MachineKeeper(
                    Around,
                    Store,
                    new()
                    {
                        Site = "burst",
                        Limit = HostileCloud.Limit,
                        HourBudget = KnowsBudget ? HourBudget : null,
                        MonthBudget = KnowsBudget ? MonthBudget : null,
                        FirstBoot = _ => new($"{HostKey}{++_boots}", $"ecdsa {_boots}"),
                        Redact = Redact,
                        Grace = Grace,
                        Overrun = TimeSpan.FromHours(24),
                        Said = (record, news) =>
                            _log.Append(
                                CultureInfo.InvariantCulture,
                                $"{news.At:MM-dd HH:mm:ss} {record.Name} {news.Word}: {news.Text}\n"
                            ),
                    },
                    _time,
                    new Pause(new Random(_seed + number))
                )),
        ];
        // The other acts while a call of this one is on its way.
        Cloud.Meanwhile =
            Keepers == 1
                ? () => Task.CompletedTask
                : () => _random.Next(20) == 0 ? _keepers[^1].StepAsync(default) : Task.CompletedTask;
    }

    private void Point()
    {
        if (_isDead)
            throw new KilledException();
        _points++;
        if (_points != DiesAt && (DiesOften == 0 || _random.NextDouble() >= DiesOften || Cloud.CalmFrom < _time.Now))
            return;
        _isDead = true;
        Deaths++;
        throw new KilledException();
    }

    private async Task<DateTimeOffset> TickAsync()
    {
        try
        {
            var next = await ScaleAsync();
            foreach (var keeper in _keepers)
            {
                var due = await keeper.StepAsync(default);
                next = due < next ? due : next;
            }
            // Time stands still only where a step has something to do at once.
            return next;
        }
        catch (KilledException)
        {
            var away = _random.Next(4) switch
            {
                0 => TimeSpan.Zero,
                1 => TimeSpan.FromSeconds(30),
                2 => TimeSpan.FromMinutes(5),
                _ => TimeSpan.FromMinutes(_random.Next(90)),
            };
            if (!WritesBefore)
                Store.Forget();
            Boot();
            return _time.Now + away;
        }
    }

    /// <summary>What a gateway does, as simply as can be.</summary>
    private async Task<DateTimeOffset> ScaleAsync()
    {
        var now = _time.Now;
        Cloud.Live();
        var keeper = _keepers[0];
        var machines = await keeper.MachinesAsync(DateTimeOffset.MaxValue, default);
        var soon = now + TimeSpan.FromMinutes(machines.Count > 0 ? 4 : 60);
        foreach (var machine in machines)
            await VisitAsync(keeper, machine);
        var ready = machines.Where(machine => machine is { State: MachineState.Ready, Released: null }).ToList();
        while (_coming.TryPeek(out var first) && first.Came <= now)
            _work.Add(_coming.Dequeue());
        foreach (var work in _work.Where(work => work.On is not null))
            Attend(work, machines, now);
        Done += _work.RemoveAll(work => work.IsDone);
        var waiting = _work.Where(work => work.On is null).ToList();
        var free = ready.Where(machine => !_work.Exists(work => work.On == machine.Id)).ToList();
        foreach (var (work, machine) in waiting.Zip(free))
            (work.On, work.Ends) = (machine.Id, now + work.Takes);
        foreach (var machine in free.Skip(waiting.Count))
        {
            _idle.TryAdd(machine.Id, now);
            if (now - _idle[machine.Id] >= Idle)
                await keeper.ReleaseAsync(machine.Id, "idle for 10 min", default);
        }
        foreach (var machine in free.Take(waiting.Count))
            _idle.Remove(machine.Id);
        var coming = machines.Count(machine => machine.IsCapacity) - ready.Count;
        var room = HostileCloud.Limit + 1 - machines.Count; // one more, to be refused now and then
        for (var more = Math.Min(waiting.Count - free.Count - coming, room); more > 0; more--)
            if (await keeper.OrderAsync(Request(), default) is OrderAnswer.Refused)
            {
                Refused++;
                break;
            }
        // Nobody needs what is only planned.
        foreach (var spare in machines.Where(machine => machine.State is MachineState.Planned).Skip(waiting.Count))
            await keeper.ReleaseAsync(spare.Id, "nothing waits", default);
        if (_coming.TryPeek(out var next) && next.Came < soon)
            soon = next.Came;
        var times = _work
            .Select(work => work.Ends ?? work.Came)
            .Where(time => time > now)
            .Append(soon)
            .Append(waiting.Count > 0 || coming > 0 ? now + TimeSpan.FromMinutes(1) : soon);
        return times.Min();
    }

    private async Task VisitAsync(MachineKeeper keeper, MachineRecord machine)
    {
        if (machine.Machine is not { } known)
            return;
        switch (machine.State)
        {
            case MachineState.Booting when Cloud.CanLogIn(known.Id):
                Cloud.Renew(known.Id);
                await keeper.PreparingAsync(machine.Id, "logged in", default);
                break;
            case MachineState.Preparing when Cloud.Works(known.Id):
                Cloud.Renew(known.Id);
                await keeper.ReadyAsync(machine.Id, "set up", default);
                break;
            case MachineState.Ready when Cloud.Works(known.Id):
                Cloud.Renew(known.Id);
                break;
            case MachineState.Ready or MachineState.Preparing:
                await keeper.LookAsync(machine.Id, default);
                break;
        }
    }

    private void Attend(Work work, IReadOnlyList<MachineRecord> machines, DateTimeOffset now)
    {
        var machine = machines.FirstOrDefault(machine => machine.Id == work.On);
        if (machine is { State: MachineState.Ready, Machine: { } known } && Cloud.Works(known.Id))
        {
            if (now >= work.Ends)
                (work.IsDone, work.On) = (true, null);
        }
        else if (machine is null || machine.State is not MachineState.Ready)
            (work.On, work.Ends) = (null, null); // it goes on elsewhere
    }

    private MachineRequest Request()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        return new()
        {
            Id = new(bytes),
            Type = "large",
            Image = "ubuntu-24.04",
            Places = HostileCloud.Places,
            Life = TimeSpan.FromHours(6),
            PublicKey = "ssh-ed25519 AAAA",
            Purpose = "tasks that wait",
        };
    }

    /// <summary>Nothing secret is stored, but the private host key of an attempt under way, and that apart.</summary>
    private void Check(string text)
    {
        if (text.Contains(HostileCloud.Token[..32], StringComparison.Ordinal))
            throw new PromiseException("the token was stored");
        if (text.Contains(HostKey, StringComparison.Ordinal))
            throw new PromiseException("a private host key was stored in a record");
    }

    private void CheckEnd()
    {
        void Must(bool holds, string promise)
        {
            if (!holds)
                throw new PromiseException(promise);
        }
        var left = Cloud.Vms.Where(vm => !(vm.DeletedAt <= _time.Now)).Select(vm => vm.Id).ToList();
        Must(left.Count == 0, $"machines are left: {string.Join(", ", left)}");
        var volumes = Cloud.Vms.Where(vm => !(vm.Disk.DeletedAt <= _time.Now)).Select(vm => vm.Disk.Id).ToList();
        Must(volumes.Count == 0, $"volumes are left: {string.Join(", ", volumes)}");
        Must(Store.All.All(record => record.UserData is null), "a host key is still stored");
        Must(!Log.Contains(HostileCloud.Token[..32], StringComparison.Ordinal), "the token was logged");
        Must(Cloud.MostCallsAnHour <= 1800, $"{Cloud.MostCallsAnHour} calls in an hour");
        // A budget can only count what the provider does not deny: not what turns up or comes back later.
        var expected = Cloud.Bill(vm => !vm.IsLate && vm.HiddenUntil is null);
        foreach (var (hour, owed) in expected)
            Must(owed <= HourBudget, $"{owed} in the hour of {hour:u}, and the budget is {HourBudget}");
        foreach (var (month, owed) in Months(expected))
            Must(owed <= MonthBudget, $"{owed} in the month of {month:u}, and the budget is {MonthBudget}");
        // What was made, and gone before anybody could write it down, is in no ledger.
        var known = Store.All.Select(record => record.Machine?.Id).ToHashSet();
        var written = Cloud.Bill(vm => known.Contains(vm.Id));
        var all = Cloud.Bill(_ => true);
        var (sum, rest) = (all.Values.Sum(), all.Values.Sum() - written.Values.Sum());
        Must(rest <= sum / 100, $"{rest} of {sum} was never known");
        foreach (var (month, owed) in Months(written))
        {
            var to = month.AddMonths(1);
            var most = Store.All.Sum(record => MachineLedger.Cost(record, month, to, _time.Now));
            var least = Store.All.Sum(record => MachineLedger.CostSeen(record, month, to));
            Must(
                least <= owed && owed <= most,
                $"{month:u}: the bill says {owed}, the ledger {least} to {most}: {Differences(month, to)}"
            );
            if (_kind.Calm)
                Must(owed == most, $"{month:u}: the bill says {owed}, the ledger {most}");
        }
    }

    private string Differences(DateTimeOffset begin, DateTimeOffset end) =>
        string.Join(
            '\n',
            from record in Store.All
            let id = record.Machine?.Id
            where id is not null
            let owed = Cloud
                .Bill(vm => vm.Id == id)
                .Where(hour => hour.Key >= begin && hour.Key < end)
                .Sum(hour => hour.Value)
            let most = MachineLedger.Cost(record, begin, end, _time.Now)
            let least = MachineLedger.CostSeen(record, begin, end)
            where owed > most || owed < least
            select $"{id}: {owed}; {string.Join("; ", record.Events.Select(news => $"{news.At:u} {news.Text}"))}"
        );

    private static IEnumerable<(DateTimeOffset Month, decimal Owed)> Months(
        Dictionary<DateTimeOffset, decimal> hours
    ) =>
        hours
            .GroupBy(hour => new DateTimeOffset(hour.Key.Year, hour.Key.Month, 1, 0, 0, 0, TimeSpan.Zero))
            .Select(month => (month.Key, month.Sum(hour => hour.Value)));

    public void Dispose() => Cloud.Dispose();
}

/// <summary>The process is dead: nothing after this happens.</summary>
internal sealed class KilledException : Exception;
