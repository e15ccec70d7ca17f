using System.Text.Json;
using Microsoft.Data.Sqlite;
using Muster.Gateway.Fleet;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;

namespace Muster.Gateway.Ledger;

/// <summary>
/// A gateway that knows much gives right answers; how fast they come is measured by the benchmark <c>gateway-scale</c>.
/// </summary>
public sealed class ScaleTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-scale-test-");

    [Fact]
    public void A_hundred_thousand_tasks_are_loaded_and_listed()
    {
        var options =
            $"[{string.Join(',', Enumerable.Range(0, 20).Select(n => $$"""{"name":"option-{{n}}","value":true}"""))}]";
        var model = new GatewayTask
        {
            Id = Guid.Empty,
            Owner = "me",
            Name = "x",
            Created = Nodes.Now,
            Order = 0,
            Options = options,
            Phase = new TaskPhase.Queued(Nodes.Now, false),
        };
        var ended = model with { Phase = new TaskPhase.Ended(NodeOdm.TaskCode.Completed, Nodes.Now) };
        using (Open()) { }
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.FullName, "gateway.db")}"))
        {
            connection.Open();
            using var fill = connection.CreateCommand();
            fill.CommandText = """
                WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 100000), ids AS (SELECT n, printf('%08x-0000-4000-8000-%012x', n * 7919, n) AS id, n % 100 = 0 AS live FROM counted)
                INSERT INTO tasks (id, place, owner, live, listed, ended, due, task) SELECT id, n, 'me', live, 1, CASE WHEN live THEN NULL ELSE 1 END, 0, replace(replace(CASE WHEN live THEN $live ELSE $ended END, $id, id), '"order":0', '"order":' || n) FROM ids
                """;
            fill.Parameters.AddWithValue("$live", JsonSerializer.Serialize(model, GatewayJson.Default.GatewayTask));
            fill.Parameters.AddWithValue("$ended", JsonSerializer.Serialize(ended, GatewayJson.Default.GatewayTask));
            fill.Parameters.AddWithValue("$id", Guid.Empty.ToString());
            Assert.Equal(100_000, fill.ExecuteNonQuery());
        }
        using var store = Open();
        var found = store.Live();
        Assert.Equal(1_000, found.Count);
        Assert.Equal(1_000, found.DistinctBy(task => (task.Id, task.Order)).Count());
        Assert.Equal(100_000, store.Listed().Count);
        Assert.Equal(100, store.Page(50_000, 100).Count);
    }

    [Fact]
    public void A_thousand_nodes_take_two_of_thousands_of_tasks_each()
    {
        var nodes = Enumerable.Range(0, 1_000).Select(n => Nodes.Of($"n{n}", slots: 2)).ToArray();
        var waiting = Enumerable
            .Range(0, 4_000)
            .Select(n => new WaitingTask(Guid.NewGuid(), $"share{n % 50}", new(1)))
            .ToList();
        var placed = QueuePlan.For(waiting, [], nodes, _ => null).Placements;
        Assert.Equal(2_000, placed.Count);
        Assert.All(placed.CountBy(placement => placement.Node), onNode => Assert.Equal(2, onNode.Value));
    }

    private SqliteTaskStore Open() => new(Path.Combine(_folder.FullName, "gateway.db"));

    public void Dispose() => _folder.Delete(recursive: true);
}
