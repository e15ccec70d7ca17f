using Microsoft.Data.Sqlite;
using Muster.Gateway.Model;

namespace Muster.Gateway.Ledger;

public sealed class SqliteTaskStoreTests : TaskStoreFacts, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-store-test-");

    [Theory]
    [InlineData("SELECT id, owner FROM tasks WHERE listed = 1 ORDER BY place", "COVERING INDEX placed_tasks")]
    [InlineData(
        "SELECT task FROM tasks WHERE place < 9 AND listed = 1 ORDER BY place DESC LIMIT 9",
        "INDEX placed_tasks (place<?)"
    )]
    [InlineData("SELECT task FROM tasks WHERE live = 1 ORDER BY place", "INDEX live_tasks")]
    [InlineData(
        "SELECT f.name FROM files f JOIN tasks t ON t.id = f.task WHERE t.live = 1 AND t.listed = 0",
        "INDEX live_tasks"
    )]
    public void Questions_about_many_tasks_do_not_read_what_all_of_them_say(string question, string way)
    {
        using (Open()) { }
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.FullName, "gateway.db")}");
        connection.Open();
        using var plan = connection.CreateCommand();
#pragma warning disable CA2100 // texts of this test
        plan.CommandText = $"EXPLAIN QUERY PLAN {question}";
#pragma warning restore CA2100
        using var rows = plan.ExecuteReader();
        var steps = new List<string>();
        while (rows.Read())
            steps.Add(rows.GetString(3));
        Assert.Contains(way, string.Join('\n', steps), StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_of_an_earlier_version_is_read_and_is_then_as_a_new_one()
    {
        // The program opens its files through the system's library: so must what is opened here before it.
        using (new SqliteTaskStore(Path.Combine(_folder.FullName, "first.db"))) { }
        string[] Tables(string file)
        {
            using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.FullName, file)}");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
            using var rows = command.ExecuteReader();
            var found = new List<string>();
            while (rows.Read())
                found.Add(rows.GetString(0));
            return [.. found];
        }
        Make("gateway-1.sql");
        using (var store = Open())
        {
            Assert.Equal(["task 3", "task 1"], store.Live().Select(task => task.Name));
            Assert.Equal("b.jpg", store.Live()[0].Received.Keys.Single());
            Assert.Equal(["first", "second", "third"], store.Output(store.Live()[1].Id, 0, 3));
            Assert.Equal("spool/aa", store.Files(store.Live()[1].Id).Single().Key);
            Assert.Equal(
                "results/00000002-0000-4000-8000-000000000000/1/all.zip",
                ((TaskPhase.Ended)store.Find(store.EndsDue().Single())!.Phase).Result!.Key
            );
            Assert.Equal(
                (1, 1, "once", 1, 1),
                (
                    store.Nodes().Count,
                    store.Tokens().Count,
                    store.Setting("swept"),
                    store.Chores().Count,
                    store.Events(0, 9).Count
                )
            );
            Assert.Equal(
                "task 2",
                store.Find(store.PartsOf(new("00000009-0000-4000-8000-000000000000")).Single())!.Name
            );
            store.Write(new() { Removed = { store.Live()[1].Id } });
        }
        using (var again = Open())
            Assert.Equal("task 3", again.Live().Single().Name);
        using (var other = new SqliteTaskStore(Path.Combine(_folder.FullName, "new.db"))) { }
        Assert.Equal(Tables("new.db"), Tables("gateway.db"));
    }

    [Fact]
    public void A_database_of_a_later_version_is_left_alone_and_told_of()
    {
        using (Open()) { }
        Do("PRAGMA user_version = 1000");
        var fault = Assert.Throws<Muster.Faults.UserException>(Open);
        Assert.Contains("newer version of Muster", fault.Message, StringComparison.Ordinal);
        Do("PRAGMA user_version = 7");
        using (Open()) { }
    }

    private void Make(string layout) =>
        Do(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", "layouts", layout)));

    private void Do(string text)
    {
        using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(_folder.FullName, "gateway.db")};Pooling=false"
        );
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // texts of this test
        command.CommandText = text;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private SqliteTaskStore Open() => new(Path.Combine(_folder.FullName, "gateway.db"));

    protected override TaskStore OpenStore() => Open();

    public void Dispose() => _folder.Delete(recursive: true);
}
