using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Muster.Configuration;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Admin;

/// <summary>
/// How things stand, as it changes, as Server-Sent Events: counts, nodes, the tasks that a page shows, and the lines of
/// one log. Ids are EPOCH.REVISION; a reader that comes back with its last one misses nothing, or is told so.
/// </summary>
internal sealed class LiveFeed
{
    private const int MostTasks = 200;
    private const int LinesAtOnce = 1_000;
    private const int Remembered = 20_000;
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly string _epoch = AccessToken.NewText()[..8];
    private readonly TaskLedger _ledger;
    private readonly NodeFleet _fleet;
    private readonly TokenBook _tokens;
    private readonly Func<GatewayHealth> _counts;
    private readonly Func<IReadOnlyList<NodeEntry>> _nodes;
    private readonly TimeProvider _clock;
    private readonly EventReaders _readers;
    private readonly Lock _lock = new();
    private readonly Queue<(long Revision, Guid Task)> _changes = [];
    private event Action? Changed;
    private long _revision;

    public LiveFeed(
        TaskLedger ledger,
        NodeFleet fleet,
        TokenBook tokens,
        Func<GatewayHealth> counts,
        Func<IReadOnlyList<NodeEntry>> nodes,
        TimeProvider clock
    )
    {
        (_ledger, _fleet, _tokens, _counts, _nodes, _clock) = (ledger, fleet, tokens, counts, nodes, clock);
        _readers = new(clock);
        ledger.Changed += Heard;
    }

    public EventStream Stream(CancellationToken stopping) =>
        new(
            _readers,
            async to =>
            {
                Changed += to.Knock.Make;
                try
                {
                    await new Reader(this, to).RunAsync();
                }
                finally
                {
                    Changed -= to.Knock.Make;
                }
            },
            stopping
        );

    private void Heard(IReadOnlyList<GatewayTask> tasks, IReadOnlyCollection<Guid> gone)
    {
        lock (_lock)
        {
            foreach (var id in tasks.Where(task => task.IsListed).Select(task => task.Id).Concat(gone))
                _changes.Enqueue((++_revision, id));
            while (_changes.Count > Remembered)
                _changes.Dequeue();
        }
        Changed?.Invoke();
    }

    /// <summary>The tasks that changed behind a revision; null where that is too long ago to say.</summary>
    private (IReadOnlyCollection<Guid>? Tasks, long Revision) Since(long after)
    {
        lock (_lock)
        {
            var oldest = _changes.TryPeek(out var first) ? first.Revision : _revision + 1;
            return after < oldest - 1 || after > _revision
                ? (null, _revision)
                : (
                    _changes.Where(change => change.Revision > after).Select(change => change.Task).ToHashSet(),
                    _revision
                );
        }
    }

    /// <summary>One who follows, and what has been said to them.</summary>
    private sealed class Reader(LiveFeed feed, EventWriter to)
    {
        private readonly Dictionary<string, string> _nodes = [];
        private readonly HashSet<Guid> _tasks = Ids(to.Request.Query["tasks"]);
        private (Guid Task, int From)? _log = Log(to.Request.Query["log"]);
        private long _revision;
        private string _counts = "";

        public async Task RunAsync()
        {
            await HelloAsync();
            while (true)
            {
                await TasksAsync();
                await LogAsync();
                await StandingAsync();
                await Task.Delay(Calm, feed._clock, to.Over); // what comes together is told together
                await to.WaitAsync(Look);
            }
        }

        private async Task HelloAsync()
        {
            var resumed = false;
            (_, _revision) = feed.Since(0);
            if (
                to.Request.Headers["Last-Event-ID"].ToString().Split('.') is [var epoch, var number]
                && epoch == feed._epoch
                && long.TryParse(number, out var after)
                && feed.Since(after).Tasks is not null
            )
                (resumed, _revision) = (true, after);
            await SayAsync(
                "hello",
                new LiveHello(feed._epoch, OwnVersion.Text, feed._clock.GetUtcNow(), resumed),
                AdminJson.Plain.LiveHello
            );
            if (!resumed && _tasks.Count > 0)
                await TellAsync(_tasks, 0);
        }

        private async Task TasksAsync()
        {
            var (changed, revision) = feed.Since(_revision);
            if (revision == _revision)
                return;
            _revision = revision;
            // where more happened than is remembered, everything that is shown is told
            var own = changed is null ? _tasks : [.. changed.Where(_tasks.Contains)];
            await TellAsync(own, changed is null ? 1 : changed.Count - own.Count);
        }

        private async Task TellAsync(IReadOnlyCollection<Guid> ids, int others)
        {
            var found = ids.Select(feed._ledger.Find).OfType<GatewayTask>().ToList();
            await SayAsync(
                "tasks",
                new LiveTaskNews(
                    [.. found.Select(task => TaskEntry.Of(task, feed._fleet, feed._tokens))],
                    [.. ids.Except(found.Select(task => task.Id))],
                    others
                ),
                AdminJson.Plain.LiveTaskNews
            );
        }

        private async Task LogAsync()
        {
            while (_log is { } log && feed._ledger.Find(log.Task) is { } task)
            {
                if (task.Lines < log.From) // it was begun anew
                    log.From = 0;
                var lines = feed._ledger.Output(task, log.From, LinesAtOnce);
                if (lines.Count == 0)
                    return;
                _log = (log.Task, log.From + lines.Count);
                await SayAsync("log", new LiveLog(log.Task, log.From, lines), AdminJson.Plain.LiveLog);
            }
        }

        private async Task StandingAsync()
        {
            var counts = JsonSerializer.Serialize(feed._counts(), AdminJson.Plain.GatewayHealth);
            if (counts != _counts)
                await to.WriteAsync($"event: counts\ndata: {_counts = counts}\n\n");
            var nodes = feed._nodes();
            var changed = new List<string>();
            foreach (var node in nodes)
            {
                // when it last answered changes with each look, and says nothing while it answers
                var text = JsonSerializer.Serialize(node, AdminJson.Plain.NodeEntry);
                var plain = JsonSerializer.Serialize(
                    node with
                    {
                        AnsweredAt = null,
                        LatencyMs = null,
                    },
                    AdminJson.Plain.NodeEntry
                );
                if (_nodes.TryGetValue(node.Id, out var before) && before == plain)
                    continue;
                _nodes[node.Id] = plain;
                changed.Add(text);
            }
            var gone = _nodes.Keys.Except(nodes.Select(node => node.Id)).ToList();
            gone.ForEach(id => _nodes.Remove(id));
            if (changed.Count + gone.Count == 0)
                return;
            var ids = string.Join(',', gone.Select(id => JsonSerializer.Serialize(id, AdminJson.Plain.String)));
            await to.WriteAsync(
                $"event: nodes\ndata: {{\"changed\":[{string.Join(',', changed)}],\"gone\":[{ids}]}}\n\n"
            );
        }

        private Task SayAsync<T>(string kind, T said, JsonTypeInfo<T> type) =>
            to.WriteAsync(
                $"id: {feed._epoch}.{_revision}\nevent: {kind}\ndata: {JsonSerializer.Serialize(said, type)}\n\n"
            );

        private static HashSet<Guid> Ids(string? text)
        {
            var ids = (text ?? "")
                .Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => Guid.TryParse(word, out var id) ? id : throw Wrong("tasks", word))
                .ToHashSet();
            return ids.Count <= MostTasks
                ? ids
                : throw new UserException($"{ids.Count} tasks are too many", $"Name up to {MostTasks}.");
        }

        private static (Guid, int)? Log(string? text) =>
            string.IsNullOrEmpty(text) ? null
            : text.Split(':') is [var task, var from]
            && Guid.TryParse(task, out var id)
            && int.TryParse(from, out var line)
            && line >= 0
                ? (id, line)
            : throw Wrong("log", text);

        private static UserException Wrong(string what, string text) =>
            new($"{what} names '{text}'", "Write tasks=ID,ID and log=ID:LINE.");
    }
}

/// <param name="Resumed">False: what the reader has may be old, and lists are to be read again.</param>
public sealed record LiveHello(string Epoch, string Version, DateTimeOffset Now, bool Resumed);

/// <param name="Others">Tasks that changed and are not among those that the reader asked for.</param>
public sealed record LiveTaskNews(IReadOnlyList<TaskEntry> Changed, IReadOnlyList<Guid> Gone, int Others);

public sealed record LiveLog(Guid Task, int From, IReadOnlyList<string> Lines);
