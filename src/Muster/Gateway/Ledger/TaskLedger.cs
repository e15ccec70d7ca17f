using System.Collections.Concurrent;
using System.Threading.Channels;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;

namespace Muster.Gateway.Ledger;

/// <summary>
/// The one owner of all tasks. Changes are made one after another; those that come together are written together, and
/// nobody sees one before it is on disk.
/// </summary>
public sealed class TaskLedger : IAsyncDisposable
{
    private const int MostAtOnce = 2_000;
    private const int EndedInMemory = 20_000;

    private readonly Channel<Change> _changes = Channel.CreateBounded<Change>(
        new BoundedChannelOptions(10_000) { SingleReader = true }
    );
    private readonly ConcurrentDictionary<Guid, GatewayTask> _known = [];
    private readonly Queue<Guid> _ended = [];
    private readonly ConcurrentDictionary<string, long> _counts = [];
    private readonly LineCache _lines = new();
    private readonly TaskStore _store;
    private readonly SpoolFolder _spool;
    private readonly TimeProvider _clock;
    private readonly Task _writing;
    private long _order;

    public TaskLedger(TaskStore store, SpoolFolder spool, TimeProvider clock)
    {
        (_store, _spool, _clock) = (store, spool, clock);
        foreach (var task in store.Live())
        {
            _known[task.Id] = task;
            Live.Change(null, task);
        }
        foreach (var (id, owner) in store.Listed())
            Lists.Add(id, owner);
        Chores = new(store.Chores());
        _order = store.LastOrder();
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Ends when no more is written; with a fault, if that was a bug.</summary>
    public Task Writing => _writing;

    /// <summary>Which tasks a token sees.</summary>
    public TaskLists Lists { get; } = new();

    /// <summary>Called when nodes are to be told something.</summary>
    public event Action<IReadOnlyList<NodeChore>>? ChoresAdded;

    /// <summary>Called with files that tasks were given, before <see cref="Changed"/>.</summary>
    internal event Action<IReadOnlyList<(Guid Task, SpoolFile File)>>? FilesAdded;

    public LiveTasks Live { get; } = new();

    /// <summary>What nodes have still to be told.</summary>
    public ChoreList Chores { get; }

    /// <summary>Called with each batch of events once they are on disk.</summary>
    public event Action<IReadOnlyList<GatewayEvent>>? Happened;

    /// <summary>Called after tasks have changed, with the tasks as they are now, and those that are gone.</summary>
    public event Action<IReadOnlyList<GatewayTask>, IReadOnlyCollection<Guid>>? Changed;

    /// <summary>Why the last batch could not be written; null when it could.</summary>
    public string? WriteFault { get; private set; }

    /// <summary>Tasks that ended lately.</summary>
    public IEnumerable<GatewayTask> Ended() => _known.Values.Where(task => !task.Phase.IsLive);

    /// <summary>What happened since the start, by kind.</summary>
    public IEnumerable<(string Kind, long Count)> EventCounts() => _counts.Select(pair => (pair.Key, pair.Value));

    public GatewayTask? Find(Guid id)
    {
        if (_known.TryGetValue(id, out var task))
            return task;
        return Lists.OwnerOf(id) is null ? null : _store.Find(id);
    }

    /// <summary>Makes a change and waits until it is on disk. One that throws leaves nothing.</summary>
    /// <param name="change">Acts on its book alone: it is made a second time where those written with it are at
    /// fault.</param>
    public async Task<T> ChangeAsync<T>(Func<TaskBook, T> change)
    {
        var made = new Change<T>(change);
        await _changes.Writer.WriteAsync(made);
        return await made.Done;
    }

    public Task ChangeAsync(Action<TaskBook> change) =>
        ChangeAsync(book =>
        {
            change(book);
            return true;
        });

    /// <summary>
    /// Changes one task, if it is known. Null where it is not, or where <paramref name="change"/> leaves it alone.
    /// </summary>
    public Task<GatewayTask?> ChangeAsync(Guid id, Func<TaskBook, GatewayTask, GatewayTask?> change)
    {
        Recall(id);
        return ChangeAsync(book =>
            book.Find(id) is { } task && change(book, task) is { } after
                ? after == task
                    ? task
                    : book.Put(after)
                : null
        );
    }

    /// <summary>Brings a task that ended long ago back into memory, where changes find it.</summary>
    public GatewayTask? Recall(Guid id)
    {
        if (Find(id) is not { } task)
            return null;
        return _known.GetOrAdd(id, task);
    }

    public IReadOnlyList<SpoolFile> Files(Guid id) => _store.Files(id);

    public IReadOnlyList<string> Output(GatewayTask task, int from, int most = int.MaxValue) =>
        from >= task.Lines ? [] : _store.Output(task.Id, from, (int)Math.Min((long)from + most, task.Lines));

    /// <summary>
    /// The output of a live task from a line on, as JSON texts with commas between them; null where it is to be read
    /// with <see cref="Output"/>.
    /// </summary>
    public ReadOnlyMemory<byte>? EncodedOutput(GatewayTask task, int from) =>
        task.Phase.IsLive
            ? _lines.Get(task.Id, from, task.Lines, (first, end) => _store.Output(task.Id, first, end))
            : null;

    /// <summary>
    /// Tasks that clients can see, the newest first, of those placed before <paramref name="below"/>.
    /// </summary>
    public IReadOnlyList<GatewayTask> Page(long below, int most) => _store.Page(below, most);

    /// <summary>What happened behind the event numbered <paramref name="after"/>.</summary>
    public IReadOnlyList<GatewayEvent> Events(long after, int most) => _store.Events(after, most);

    public long LastEvent() => _store.LastEvent();

    /// <summary>What happened to a task, from the first to the last.</summary>
    public IReadOnlyList<GatewayEvent> Decisions(Guid task, int most = 1_000) =>
        [.. _store.EventsOf(task, most).Reverse()];

    private async Task WriteAsync()
    {
        var reader = _changes.Reader;
        var asked = new List<Change>();
        while (await reader.WaitToReadAsync())
        {
            asked.Clear();
            while (asked.Count < MostAtOnce && reader.TryRead(out var change))
                asked.Add(change);
            Write(asked);
        }
    }

    private void Write(IReadOnlyList<Change> changes)
    {
        var batch = new TaskBatch();
        var now = _clock.GetUtcNow();
        foreach (var change in changes)
        {
            var book = new TaskBook(_known, batch, () => ++_order, now);
            if (change.Make(book))
                book.Close();
        }
        IReadOnlyList<string> released = [];
        try
        {
            if (!batch.IsEmpty)
                released = _store.Write(batch);
            WriteFault = null;
        }
        catch (Exception fault) // nothing of it happened
        {
            WriteFault = fault.Message;
            if (fault is TermOverException)
                _spool.Close(); // it may have been written after all
            else if (changes.Count > 1)
            {
                // What one of them brought may be the cause, and the others are to have what they asked for.
                foreach (var change in changes)
                    Write([change]);
                return;
            }
            foreach (var change in changes)
                change.Finish(fault);
            return;
        }
        Publish(batch);
        _spool.Release(released);
        foreach (var change in changes)
            change.Finish(null);
    }

    private void Publish(TaskBatch batch)
    {
        _lines.Follow(batch); // before anybody sees how many there are
        foreach (var (id, task) in batch.Tasks)
        {
            var before = _known.GetValueOrDefault(id);
            _known[id] = task;
            Live.Change(before, task);
            if (task.IsListed && before?.IsListed is not true)
                Lists.Add(id, task.Owner);
            if (!task.Phase.IsLive && before?.Phase.IsLive is not false)
                _ended.Enqueue(id);
        }
        foreach (var id in batch.Removed)
        {
            if (_known.TryRemove(id, out var gone))
                Live.Change(gone, null);
            Lists.Remove(id);
        }
        while (_ended.Count > EndedInMemory && _ended.TryDequeue(out var oldest))
        {
            if (_known.TryGetValue(oldest, out var task) && !task.Phase.IsLive)
                _known.TryRemove(oldest, out _);
        }
        foreach (var chore in batch.Chores)
            Chores.Add(chore);
        foreach (var chore in batch.ChoresDone)
            Chores.Remove(chore);
        if (batch.Files.Count > 0)
            FilesAdded?.Invoke(batch.Files);
        if (batch.Tasks.Count + batch.Removed.Count + batch.ChoresDone.Count > 0)
            Changed?.Invoke([.. batch.Tasks.Values], batch.Removed);
        if (batch.Chores.Count > 0)
            ChoresAdded?.Invoke(batch.Chores);
        foreach (var happened in batch.Events)
            _counts.AddOrUpdate(happened.Kind, 1, (_, count) => count + 1);
        if (batch.Events.Count > 0)
            Happened?.Invoke(batch.Events);
    }

    /// <summary>Writes what was asked for until now, and takes no more.</summary>
    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _writing;
    }

    private abstract class Change
    {
        /// <summary>False when it could not be made, and nothing of it counts.</summary>
        public abstract bool Make(TaskBook book);
        public abstract void Finish(Exception? fault);
    }

    private sealed class Change<T>(Func<TaskBook, T> change) : Change
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;
        private Exception? _own;

        public Task<T> Done => _done.Task;

        public override bool Make(TaskBook book)
        {
            try
            {
                (_result, _own) = (change(book), null);
                return true;
            }
            catch (Exception fault) // refused, or the caller's bug: thrown there
            {
                _own = fault;
                return false;
            }
        }

        public override void Finish(Exception? fault)
        {
            if ((_own ?? fault) is { } wrong)
                _done.TrySetException(wrong);
            else
                _done.TrySetResult(_result);
        }
    }
}
