using System.Collections.Immutable;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Scaling;

/// <summary>The machines that were asked for. Each change is in the database before anybody sees it.</summary>
public sealed class MachineBook
{
    /// <summary>How long those that are gone are remembered, for what they have cost.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(62);

    private readonly Lock _changing = new();
    private readonly TaskStore _store;
    private readonly TimeProvider _clock;
    private volatile ImmutableDictionary<Guid, Machine> _all = ImmutableDictionary<Guid, Machine>.Empty;
    private volatile IReadOnlyList<Machine> _live = [];

    public MachineBook(TaskStore store, TimeProvider clock)
    {
        (_store, _clock) = (store, clock);
        Keep(store.Machines().ToImmutableDictionary(machine => machine.Id));
    }

    /// <summary>Those that are had or asked for, the oldest first.</summary>
    public IReadOnlyList<Machine> Live => _live;

    /// <summary>Also those that are gone, the newest first.</summary>
    public IReadOnlyList<Machine> All => [.. _all.Values.OrderByDescending(machine => machine.Asked)];

    public Machine? Find(Guid id) => _all.GetValueOrDefault(id);

    internal void Add(Machine machine)
    {
        lock (_changing)
        {
            _store.Save(machine);
            Keep(_all.Add(machine.Id, machine));
        }
    }

    /// <summary>Changes a machine as it stands now. One that is gone stays so.</summary>
    internal Machine? Change(Guid id, Func<Machine, Machine> change)
    {
        lock (_changing)
        {
            if (Find(id) is not { IsLive: true } before)
                return null;
            var after = change(before);
            if (after.State != before.State)
                after = after with { Since = _clock.GetUtcNow() };
            if (after == before)
                return before;
            _store.Save(after);
            Keep(_all.SetItem(id, after));
            return after;
        }
    }

    /// <summary>Forgets those that have been gone for long.</summary>
    internal void Forget()
    {
        lock (_changing)
        {
            var limit = _clock.GetUtcNow() - Remembered;
            foreach (var old in _all.Values.Where(machine => machine.Gone < limit).ToList())
            {
                _store.RemoveMachine(old.Id);
                Keep(_all.Remove(old.Id));
            }
        }
    }

    /// <summary>What all machines have cost in this hour, on this day and in this month (UTC).</summary>
    public Spending Spent()
    {
        var now = _clock.GetUtcNow();
        var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        return new(Cost(day.AddHours(now.Hour), now), Cost(day, now), Cost(day.AddDays(1 - now.Day), now));
    }

    private void Keep(ImmutableDictionary<Guid, Machine> all)
    {
        _all = all;
        _live = [.. all.Values.Where(machine => machine.IsLive).OrderBy(machine => machine.Asked)];
    }

    private decimal Cost(DateTimeOffset from, DateTimeOffset to) => _all.Values.Sum(machine => Cost(machine, from, to));

    /// <summary>What a machine has cost between two moments.</summary>
    public static decimal Cost(Machine machine, DateTimeOffset from, DateTimeOffset to)
    {
        if (machine.Began is not { } began || machine.Size.Price == 0)
            return 0;
        var (first, last) = (began > from ? began : from, machine.Gone < to ? machine.Gone.Value : to);
        return last <= first ? 0 : machine.Size.Price * (decimal)(last - first).TotalHours;
    }
}
