using Microsoft.Data.Sqlite;

namespace Muster.Gateway.Tasks;

public sealed class SqliteTaskStoreTests : TaskStoreFacts, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-store-test-");

    [Theory]
    [InlineData("SELECT id, owner FROM tasks WHERE listed = 1 ORDER BY place", "COVERING INDEX placed_tasks")]
    [InlineData("SELECT task FROM tasks WHERE place < 9 AND listed = 1 ORDER BY place DESC LIMIT 9", "INDEX placed_tasks (place<?)")]
    [InlineData("SELECT task FROM tasks WHERE live = 1 ORDER BY place", "INDEX live_tasks")]
    [InlineData("SELECT f.name FROM files f JOIN tasks t ON t.id = f.task WHERE t.live = 1 AND t.listed = 0", "INDEX live_tasks")]
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
        while (rows.Read()) steps.Add(rows.GetString(3));
        Assert.Contains(way, string.Join('\n', steps), StringComparison.Ordinal);
    }

    private SqliteTaskStore Open() => new(Path.Combine(_folder.FullName, "gateway.db"));

    protected override TaskStore OpenStore() => Open();

    public void Dispose() => _folder.Delete(recursive: true);
}
