using System.Collections.Immutable;
using System.Data.Common;
using System.Text.Json;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Ledger;

/// <summary>The gateway's tasks and nodes in a database, in words that SQLite and PostgreSQL both understand.</summary>
public abstract class TaskStore : IDisposable
{
    /// <summary>Version 1, in SQLite's words; what it says of row ids is no concern of PostgreSQL.</summary>
    protected const string First = """
        CREATE TABLE tasks (id TEXT PRIMARY KEY, place INTEGER NOT NULL, owner TEXT NOT NULL, live INTEGER NOT NULL, listed INTEGER NOT NULL, ended INTEGER, due INTEGER NOT NULL, task TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX due_tasks ON tasks (due) WHERE due = 1;
        CREATE INDEX live_tasks ON tasks (live) WHERE live = 1;
        CREATE INDEX placed_tasks ON tasks (place);
        CREATE INDEX ended_tasks ON tasks (ended) WHERE ended IS NOT NULL;
        CREATE TABLE files (task TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, bytes INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (task, name)) WITHOUT ROWID;
        CREATE TABLE output (task TEXT NOT NULL, first INTEGER NOT NULL, lines INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (task, first)) WITHOUT ROWID;
        CREATE TABLE chores (node TEXT NOT NULL, task TEXT NOT NULL, remove INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (node, task)) WITHOUT ROWID;
        CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, task TEXT, node TEXT);
        CREATE INDEX task_events ON events (task) WHERE task IS NOT NULL;
        CREATE TABLE nodes (id TEXT PRIMARY KEY, place INTEGER NOT NULL, node TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE tokens (id TEXT PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
        """;

    /// <summary>Version 3: the parts of a task are found by it.</summary>
    /// <param name="parentOf">The dialect's way to read a member of the text.</param>
    protected static string PartsByTask(string parentOf) =>
        $"""
            ALTER TABLE tasks ADD COLUMN parent TEXT;
            UPDATE tasks SET parent = {parentOf} WHERE task LIKE '%"parent":%';
            CREATE INDEX part_tasks ON tasks (parent) WHERE parent IS NOT NULL
            """;

    /// <summary>Version 4: machines that were asked for.</summary>
    protected const string MachineTable = "CREATE TABLE machines (id TEXT PRIMARY KEY, machine TEXT NOT NULL)";

    /// <summary>Version 5: pages that are signed in.</summary>
    protected const string SessionTable = "CREATE TABLE sessions (id TEXT PRIMARY KEY, session TEXT NOT NULL)";

    /// <summary>Version 6: how nodes stood, an hour a row. A <c>BIGINT</c> is an integer to SQLite too.</summary>
    protected const string NodeHourTable =
        "CREATE TABLE node_hours (node TEXT NOT NULL, hour BIGINT NOT NULL, minutes TEXT NOT NULL, PRIMARY KEY (node, "
        + "hour))";

    /// <summary>Version 7: how the whole cluster stood.</summary>
    protected const string ClusterHourTable =
        "CREATE TABLE cluster_hours (hour BIGINT PRIMARY KEY, minutes TEXT NOT NULL)";

    /// <summary>Reads rows.</summary>
    /// <param name="values">Of <c>$a</c>, <c>$b</c> and so on.</param>
    protected abstract List<T> Query<T>(string text, Func<DbDataReader, T> read, params ReadOnlySpan<object?> values);

    /// <summary>
    /// Does all of it or nothing, and answers with what the statements return. What it has done survives a power cut.
    /// </summary>
    protected abstract IReadOnlyList<string> Do(IReadOnlyList<Statement> statements);

    /// <summary>Writes all of it or nothing. Answers with the contents that tasks have let go.</summary>
    public IReadOnlyList<string> Write(TaskBatch batch) => Do([.. StatementsFor(batch)]);

    private static IEnumerable<Statement> StatementsFor(TaskBatch batch)
    {
        foreach (var id in batch.OutputGone.Concat(batch.Removed))
            yield return new("DELETE FROM output WHERE task = $a", id.ToString());
        foreach (var (task, file) in batch.Files)
            yield return new(
                "INSERT INTO files (task, name, hash, bytes, key) VALUES ($a, $b, $c, $d, $e) ON CONFLICT (task, name) "
                    + "DO UPDATE SET hash = $c, bytes = $d, key = $e",
                task.ToString(),
                file.Name,
                file.Hash,
                file.Bytes,
                file.Key
            );
        foreach (var id in batch.FilesGone.Concat(batch.Removed))
            yield return new("DELETE FROM files WHERE task = $a RETURNING hash", id.ToString());
        foreach (var task in batch.Tasks.Values)
        {
            yield return new(
                "INSERT INTO tasks (id, place, owner, live, listed, ended, due, task, parent) VALUES ($a, $b, $c, $d, "
                    + "$e, $f, $g, $h, $i) ON CONFLICT (id) DO UPDATE SET place = $b, live = $d, listed = $e, ended = "
                    + "$f, "
                    + "due = $g, task = $h",
                task.Id.ToString(),
                task.Order,
                task.Owner,
                task.Phase.IsLive ? 1 : 0,
                task.IsListed ? 1 : 0,
                task.Phase is TaskPhase.Ended end ? end.At.ToUnixTimeMilliseconds() : null,
                task.WebhookDue || task.FinishDue ? 1 : 0,
                JsonSerializer.Serialize(task, GatewayJson.Default.GatewayTask),
                task.Parent?.ToString()
            );
        }
        foreach (var id in batch.Removed)
            yield return new("DELETE FROM tasks WHERE id = $a", id.ToString());
        foreach (var lines in batch.Output.Where(lines => !batch.Removed.Contains(lines.Task)))
        {
            yield return new(
                "INSERT INTO output (task, first, lines, text) VALUES ($a, $b, $c, $d)",
                lines.Task.ToString(),
                lines.First,
                lines.Lines.Count,
                string.Join('\n', lines.Lines.Select(OneLine))
            );
        }
        foreach (var chore in batch.Chores)
            yield return new(
                "INSERT INTO chores (node, task, remove, slot) VALUES ($a, $b, $c, $d) ON CONFLICT (node, task) DO "
                    + "UPDATE SET remove = $c, slot = $d",
                chore.Node,
                chore.OnNode.ToString(),
                chore.Remove ? 1 : 0,
                chore.HoldsSlot ? 1 : 0
            );
        foreach (var chore in batch.ChoresDone)
            yield return new(
                "DELETE FROM chores WHERE node = $a AND task = $b AND remove = $c",
                chore.Node,
                chore.OnNode.ToString(),
                chore.Remove ? 1 : 0
            );
        foreach (var happened in batch.Events)
        {
            yield return new(
                "INSERT INTO events (at, kind, text, task, node) VALUES ($a, $b, $c, $d, $e)",
                happened.At.ToUnixTimeMilliseconds(),
                happened.Kind,
                UnicodeText.Storable(happened.Text),
                happened.Task?.ToString(),
                happened.Node
            );
        }
    }

    public IReadOnlyList<GatewayTask> Live()
    {
        var tasks = Query("SELECT task FROM tasks WHERE live = 1 ORDER BY place", TaskOf);
        var received = Query(
                "SELECT f.task, f.name, f.hash, f.bytes, f.key FROM files f JOIN tasks t ON t.id = f.task WHERE t.live "
                    + "= 1 AND t.listed = 0",
                row => (Task: Guid.Parse(row.GetString(0)), File: FileOf(row, 1))
            )
            .ToLookup(pair => pair.Task, pair => pair.File);
        return
        [
            .. tasks.Select(task =>
                received.Contains(task.Id)
                    ? task with
                    {
                        Received = received[task.Id].ToImmutableDictionary(file => file.Name),
                    }
                    : task
            ),
        ];
    }

    /// <summary>Every task that clients can see, in the order of the queue, with its owner.</summary>
    public IReadOnlyList<(Guid Id, string Owner)> Listed() =>
        Query(
            "SELECT id, owner FROM tasks WHERE listed = 1 ORDER BY place",
            row => (Guid.Parse(row.GetString(0)), row.GetString(1))
        );

    /// <summary>A page of all tasks for people, the newest first.</summary>
    public IReadOnlyList<GatewayTask> Page(long below, int most) =>
        Query(
            "SELECT task FROM tasks WHERE place < $a AND listed = 1 ORDER BY place DESC LIMIT $b",
            TaskOf,
            below,
            most
        );

    public IReadOnlyList<Guid> EndedBefore(DateTimeOffset time, int most) =>
        Query(
            "SELECT id FROM tasks WHERE ended < $a ORDER BY ended LIMIT $b",
            row => Guid.Parse(row.GetString(0)),
            time.ToUnixTimeMilliseconds(),
            most
        );

    /// <summary>What a split task has handed in, whatever became of it.</summary>
    public IReadOnlyList<Guid> PartsOf(Guid parent) =>
        Query("SELECT id FROM tasks WHERE parent = $a", row => Guid.Parse(row.GetString(0)), parent.ToString());

    /// <summary>Tasks whose end somebody has still to be told.</summary>
    public IReadOnlyList<Guid> EndsDue() =>
        Query("SELECT id FROM tasks WHERE due = 1", row => Guid.Parse(row.GetString(0)));

    public GatewayTask? Find(Guid id) =>
        Query("SELECT task FROM tasks WHERE id = $a", TaskOf, id.ToString()).SingleOrDefault();

    public long LastOrder() => Query("SELECT coalesce(max(place), 0) FROM tasks", row => row.GetInt64(0)).Single();

    public IReadOnlyList<SpoolFile> Files(Guid task) =>
        Query(
            "SELECT name, hash, bytes, key FROM files WHERE task = $a ORDER BY name",
            row => FileOf(row, 0),
            task.ToString()
        );

    /// <summary>Every content that some task still needs, its size, and how many names it has.</summary>
    public IReadOnlyList<(SpoolFile File, int Names)> Contents() =>
        Query(
            "SELECT '', hash, max(bytes), max(key), count(*) FROM files GROUP BY hash",
            row => (FileOf(row, 0), row.GetInt32(4))
        );

    /// <summary>Lines <paramref name="from"/> to <paramref name="to"/>, the latter not included.</summary>
    public IReadOnlyList<string> Output(Guid task, int from, int to)
    {
        var pieces = Query(
            "SELECT first, text FROM output WHERE task = $a AND first + lines > $b AND first < $c ORDER BY first",
            row => (First: row.GetInt32(0), Text: row.GetString(1)),
            task.ToString(),
            from,
            to
        );
        return
        [
            .. pieces
                .SelectMany(piece => piece.Text.Split('\n').Select((line, n) => (Number: piece.First + n, line)))
                .Where(pair => pair.Number >= from && pair.Number < to)
                .Select(pair => pair.line),
        ];
    }

    public IReadOnlyList<NodeChore> Chores() =>
        Query(
            "SELECT node, task, remove, slot FROM chores",
            row => new NodeChore(
                row.GetString(0),
                Guid.Parse(row.GetString(1)),
                row.GetInt32(2) == 1,
                row.GetInt32(3) == 1
            )
        );

    /// <summary>What happened behind the event numbered <paramref name="after"/>.</summary>
    public IReadOnlyList<GatewayEvent> Events(long after, int most) =>
        Query(
            "SELECT number, at, kind, text, task, node FROM events WHERE number > $a ORDER BY number LIMIT $b",
            EventOf,
            after,
            most
        );

    public IReadOnlyList<GatewayEvent> EventsOf(Guid task, int most) =>
        Query(
            "SELECT number, at, kind, text, task, node FROM events WHERE task = $a ORDER BY number DESC LIMIT $b",
            EventOf,
            task.ToString(),
            most
        );

    public long LastEvent() => Query("SELECT coalesce(max(number), 0) FROM events", row => row.GetInt64(0)).Single();

    public void ForgetEvents(long keep) =>
        Command("DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - $a", keep);

    public IReadOnlyList<GatewayNode> Nodes() =>
        Query(
            "SELECT node FROM nodes ORDER BY place",
            row => JsonSerializer.Deserialize(row.GetString(0), GatewayJson.Default.GatewayNode)!
        );

    public void Save(GatewayNode node) =>
        Command(
            "INSERT INTO nodes (id, place, node) VALUES ($a, (SELECT coalesce(max(place), 0) + 1 FROM nodes), $b) ON "
                + "CONFLICT (id) DO UPDATE SET node = $b",
            node.Id,
            JsonSerializer.Serialize(node, GatewayJson.Default.GatewayNode)
        );

    public void RemoveNode(string id) =>
        Do([new("DELETE FROM nodes WHERE id = $a", id), new("DELETE FROM node_hours WHERE node = $a", id)]);

    /// <summary>How a node stood, by the hour since 1970, from <paramref name="first"/> on.</summary>
    public Dictionary<long, NodeHour> NodeHours(string node, long first) =>
        Query(
                "SELECT hour, minutes FROM node_hours WHERE node = $a AND hour >= $b",
                row =>
                    (
                        Hour: row.GetInt64(0),
                        Minutes: JsonSerializer.Deserialize(row.GetString(1), GatewayJson.Default.NodeHour)!
                    ),
                node,
                first
            )
            .ToDictionary(pair => pair.Hour, pair => pair.Minutes);

    /// <summary>How the whole cluster stood, by the hour since 1970, from <paramref name="first"/> on.</summary>
    public Dictionary<long, ClusterHour> ClusterHours(long first) =>
        Query(
                "SELECT hour, minutes FROM cluster_hours WHERE hour >= $a",
                row =>
                    (
                        Hour: row.GetInt64(0),
                        Minutes: JsonSerializer.Deserialize(row.GetString(1), GatewayJson.Default.ClusterHour)!
                    ),
                first
            )
            .ToDictionary(pair => pair.Hour, pair => pair.Minutes);

    public void Save(long hour, IReadOnlyList<(string Node, NodeHour Minutes)> nodes, ClusterHour? cluster) =>
        Do([
            .. cluster is null
                ? []
                : (Statement[])
                    [
                        new(
                            "INSERT INTO cluster_hours (hour, minutes) VALUES ($a, $b) ON CONFLICT (hour) DO UPDATE "
                                + "SET minutes = $b",
                            hour,
                            JsonSerializer.Serialize(cluster, GatewayJson.Default.ClusterHour)
                        ),
                    ],
            .. nodes.Select(one => new Statement(
                "INSERT INTO node_hours (node, hour, minutes) VALUES ($a, $b, $c) ON CONFLICT (node, hour) DO UPDATE "
                    + "SET minutes = $c",
                one.Node,
                hour,
                JsonSerializer.Serialize(one.Minutes, GatewayJson.Default.NodeHour)
            )),
        ]);

    public void ForgetHours(long before) =>
        Do([
            new("DELETE FROM node_hours WHERE hour <= $a", before),
            new("DELETE FROM cluster_hours WHERE hour <= $a", before),
        ]);

    /// <summary>Machines that are had, and those that were.</summary>
    public IReadOnlyList<Machine> Machines() =>
        Query(
            "SELECT machine FROM machines",
            row => JsonSerializer.Deserialize(row.GetString(0), GatewayJson.Default.Machine)!
        );

    public void Save(Machine machine) =>
        Command(
            "INSERT INTO machines (id, machine) VALUES ($a, $b) ON CONFLICT (id) DO UPDATE SET machine = $b",
            machine.Id.ToString(),
            JsonSerializer.Serialize(machine, GatewayJson.Default.Machine)
        );

    public void RemoveMachine(Guid id) => Command("DELETE FROM machines WHERE id = $a", id.ToString());

    public IReadOnlyList<(string Id, string Session)> Sessions() =>
        Query("SELECT id, session FROM sessions", row => (row.GetString(0), row.GetString(1)));

    public string? Session(string id) =>
        Query("SELECT session FROM sessions WHERE id = $a", row => row.GetString(0), id).SingleOrDefault();

    public void SaveSession(string id, string session) =>
        Command(
            "INSERT INTO sessions (id, session) VALUES ($a, $b) ON CONFLICT (id) DO UPDATE SET session = $b",
            id,
            session
        );

    public void RemoveSession(string id) => Command("DELETE FROM sessions WHERE id = $a", id);

    public IReadOnlyList<string> Tokens() => Query("SELECT token FROM tokens", row => row.GetString(0));

    public void SaveToken(string id, string token) =>
        Command("INSERT INTO tokens (id, token) VALUES ($a, $b) ON CONFLICT (id) DO UPDATE SET token = $b", id, token);

    public void RemoveToken(string id) => Command("DELETE FROM tokens WHERE id = $a", id);

    public string? Setting(string name) =>
        Query("SELECT value FROM settings WHERE name = $a", row => row.GetString(0), name).SingleOrDefault();

    public void Set(string name, string value, bool onlyWhereMissing = false) =>
        Command(
            $"INSERT INTO settings (name, value) VALUES ($a, $b) ON CONFLICT (name) DO "
                + $"{(onlyWhereMissing ? "NOTHING" : "UPDATE SET value = $b")}",
            name,
            value
        );

    public abstract void Dispose();

    private void Command(string text, params object?[] values) => Do([new(text, values)]);

    private static GatewayTask TaskOf(DbDataReader row) =>
        JsonSerializer.Deserialize(row.GetString(0), GatewayJson.Default.GatewayTask)!;

    private static SpoolFile FileOf(DbDataReader row, int at) =>
        new(row.GetString(at), row.GetString(at + 1), row.GetInt64(at + 2), row.GetString(at + 3));

    internal static string OneLine(string line) =>
        UnicodeText.Storable(line.Contains('\n') ? line.ReplaceLineEndings(" ") : line);

    private static GatewayEvent EventOf(DbDataReader row) =>
        new(
            row.GetInt64(0),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)),
            row.GetString(2),
            row.GetString(3),
            row.IsDBNull(4) ? null : Guid.Parse(row.GetString(4)),
            row.IsDBNull(5) ? null : row.GetString(5)
        );
}

/// <summary>What is done in a database.</summary>
public sealed record Statement(string Text, params IReadOnlyList<object?> Values);
