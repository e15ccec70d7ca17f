using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Ledger;

/// <summary>What lists of tasks are filtered and sorted by.</summary>
/// <param name="Text">Name, id and error, in lower case.</param>
public sealed record TaskRow(
    Guid Id,
    string Owner,
    TaskCode Code,
    string Text,
    string? Node,
    Guid? Parent,
    long Order,
    DateTimeOffset Created,
    DateTimeOffset? Ended,
    int Images,
    long Bytes,
    long Time
)
{
    public static TaskRow Of(GatewayTask task)
    {
        var end = task.Phase as TaskPhase.Ended;
        return new(
            task.Id,
            task.Owner,
            task.Code,
            $"{task.Name}\n{task.Id}\n{end?.Error}".ToLowerInvariant(),
            task.Phase.Place?.Node,
            task.Parent,
            task.Order,
            task.Created,
            end?.At,
            task.Images,
            task.Bytes,
            task.ProcessingTime
        );
    }
}

/// <summary>
/// A row in memory for every task that clients can see, so that filters and counts over all of them are exact and take
/// milliseconds whatever the database. It is read when somebody first asks, and follows the ledger from then on. It is
/// as old as its ledger: a gateway that leads again has a new one of both.
/// </summary>
public sealed class TaskIndex(TaskLedger ledger)
{
    private const int AtOnce = 5_000;

    private readonly Lock _reading = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, TaskRow> _rows = [];

    /// <summary>What changed while the rows were read: it is newer than what was read.</summary>
    private Dictionary<Guid, TaskRow?>? _meanwhile;
    private volatile bool _ready;

    public IReadOnlyList<TaskRow> Rows()
    {
        if (!_ready)
            Read();
        lock (_lock)
            return [.. _rows.Values];
    }

    private void Read()
    {
        lock (_reading)
        {
            if (_ready)
                return;
            lock (_lock)
                _meanwhile = [];
            ledger.Changed += Follow;
            try
            {
                ReadAll();
            }
            catch // the next who asks reads it from the beginning
            {
                ledger.Changed -= Follow;
                _rows.Clear();
                throw;
            }
            lock (_lock)
            {
                foreach (var (id, row) in _meanwhile)
                    Put(id, row);
                (_meanwhile, _ready) = (null, true);
            }
        }
    }

    private void ReadAll()
    {
        for (var below = long.MaxValue; ; )
        {
            var page = ledger.Page(below, AtOnce);
            foreach (var task in page)
                _rows[task.Id] = TaskRow.Of(task);
            if (page.Count < AtOnce)
                return;
            below = page[^1].Order;
        }
    }

    private void Follow(IReadOnlyList<GatewayTask> tasks, IReadOnlyCollection<Guid> gone)
    {
        lock (_lock)
        {
            foreach (var task in tasks.Where(task => task.IsListed))
                Keep(task.Id, TaskRow.Of(task));
            foreach (var id in gone)
                Keep(id, null);
        }
    }

    private void Keep(Guid id, TaskRow? row)
    {
        if (_meanwhile is { } pending)
            pending[id] = row;
        else
            Put(id, row);
    }

    private void Put(Guid id, TaskRow? row)
    {
        if (row is null)
            _rows.Remove(id);
        else
            _rows[id] = row;
    }
}
