using System.Diagnostics;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Muster.Gateway.Fleet;
using Muster.Gateway.Spool;

namespace Muster.Gateway.Tasks;

public sealed class SqliteTaskStoreTests : IDisposable
{
    private static readonly DateTimeOffset Now = Nodes.Now;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-store-test-");

    [Fact]
    public void What_was_written_is_read_whatever_the_phase()
    {
        using var store = Open();
        var batch = new TaskBatch();
        TaskPhase[] phases =
        [
            new TaskPhase.Receiving(Now), new TaskPhase.Queued(Now, true), new TaskPhase.Sending("n", Guid.NewGuid(), Now, SendingStage.Committing, 2),
            new TaskPhase.Running("n", Guid.NewGuid(), Now, true, 7, Now), new TaskPhase.Collecting("n", Guid.NewGuid(), Now), new TaskPhase.Ended(NodeOdm.TaskCode.Completed, Now, null, "n", Guid.NewGuid(), new(5, "ab", "results/ab")),
        ];
        var tasks = phases.Select((phase, n) => Task(n) with { Phase = phase, Parent = Guid.NewGuid(), Outputs = ["a"], Attempts = new() { Count = 1, MoreMemoryThan = 3 } }).ToList();
        foreach (var task in tasks) batch.Tasks[task.Id] = task;
        store.Write(batch);
        foreach (var task in tasks)
        {
            var read = store.Find(task.Id)!;
            Assert.Equal(task.Phase, read.Phase);
            Assert.Equal((task.Parent, task.Order, task.Attempts.MoreMemoryThan, "a"), (read.Parent, read.Order, read.Attempts.MoreMemoryThan, read.Outputs!.Single()));
        }
        Assert.Equal(5, store.Live().Count);
        Assert.Equal(5, store.Listed().Count);
    }

    [Fact]
    public void Contents_are_let_go_with_the_last_task_that_names_them()
    {
        using var store = Open();
        var (a, b) = (Task(1), Task(2));
        var batch = new TaskBatch { Tasks = { [a.Id] = a, [b.Id] = b } };
        batch.Files.AddRange([(a.Id, new SpoolFile("1.jpg", "aa", 5, "k/aa")), (a.Id, new SpoolFile("2.jpg", "bb", 6, "k/bb")), (b.Id, new SpoolFile("1.jpg", "aa", 5, "k/aa"))]);
        store.Write(batch);
        Assert.Equal([("aa", 5, "k/aa", 2), ("bb", 6, "k/bb", 1)], store.Contents().Select(content => (content.File.Hash, content.File.Bytes, content.File.Key, content.Names)).Order());
        Assert.Equal(["aa", "bb"], store.Write(new() { FilesGone = { a.Id } }).Order());
        Assert.Equal(["aa"], store.Write(new() { Removed = { b.Id } }));
        Assert.Empty(store.Contents());
    }

    [Fact]
    public void Output_is_read_from_any_line_to_any_line()
    {
        using var store = Open();
        var task = Task(1);
        var lines = Enumerable.Range(0, 50).Select(n => n % 7 == 0 ? "" : $"line {n}").ToList();
        var at = 0;
        foreach (var size in (int[])[1, 3, 1, 20, 5, 20])
        {
            var batch = new TaskBatch();
            batch.Output.Add(new(task.Id, at, lines.GetRange(at, size)));
            store.Write(batch);
            at += size;
        }
        for (var from = 0; from <= 50; from++) for (var to = from; to <= 50; to += 7) Assert.Equal(lines.GetRange(from, to - from), store.Output(task.Id, from, to));
    }

    [Fact]
    public void A_hundred_thousand_tasks_are_loaded_in_time()
    {
        var options = $"[{string.Join(',', Enumerable.Range(0, 20).Select(n => $$"""{"name":"option-{{n}}","value":true}"""))}]";
        var model = Task(0) with { Id = Guid.Empty, Options = options, Phase = new TaskPhase.Queued(Now, false) };
        var ended = model with { Phase = new TaskPhase.Ended(NodeOdm.TaskCode.Completed, Now) };
        using (Open()) { }
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.FullName, "gateway.db")}"))
        {
            connection.Open();
            using var fill = connection.CreateCommand();
            fill.CommandText = """
                WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 100000), ids AS (SELECT n, printf('%08x-0000-4000-8000-%012x', n * 7919, n) AS id, n % 100 = 0 AS live FROM counted)
                INSERT INTO tasks SELECT id, n, 'me', live, 1, CASE WHEN live THEN NULL ELSE 1 END, 0, replace(replace(CASE WHEN live THEN $live ELSE $ended END, $id, id), '"order":0', '"order":' || n) FROM ids
                """;
            fill.Parameters.AddWithValue("$live", JsonSerializer.Serialize(model, GatewayJson.Default.GatewayTask));
            fill.Parameters.AddWithValue("$ended", JsonSerializer.Serialize(ended, GatewayJson.Default.GatewayTask));
            fill.Parameters.AddWithValue("$id", Guid.Empty.ToString());
            Assert.Equal(100_000, fill.ExecuteNonQuery());
        }
        // The best of some, as other tests run beside this one.
        var load = Enumerable.Range(0, 3).Min(_ =>
        {
            var watch = Stopwatch.StartNew();
            using var store = Open();
            var live = store.Live();
            Assert.Equal((1_000, 1_000, 100_000), (live.Count, live.DistinctBy(task => (task.Id, task.Order)).Count(), store.Listed().Count));
            return watch.Elapsed;
        });
        Assert.True(load < TimeSpan.FromSeconds(4), $"it took {load.TotalSeconds:0.0} s");
        using var store = Open();
        var page = Enumerable.Range(0, 10).Min(n =>
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal(100, store.Page(50_000 + n, 100).Count);
            return watch.Elapsed;
        });
        Assert.True(page < TimeSpan.FromMilliseconds(50), $"a page took {page.TotalMilliseconds:0} ms");
    }

    private SqliteTaskStore Open() => new(Path.Combine(_folder.FullName, "gateway.db"));

    private static GatewayTask Task(long order) => new() { Id = Guid.NewGuid(), Owner = "me", Name = "x", Created = Now, Order = order, Phase = new TaskPhase.Queued(Now, false) };

    public void Dispose() => _folder.Delete(recursive: true);
}
