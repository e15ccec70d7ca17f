using Muster.Gateway.Ledger;
using Muster.Storage;

namespace Muster.Gateway;

[Collection(Sharing.Services)]
public sealed class PostgresTaskStoreTests : TaskStoreFacts, IAsyncLifetime
{
    private readonly string _name = Services.NewDatabase();
    private readonly PostgresDatabase _database;
    private long _term;

    public PostgresTaskStoreTests() => _database = new(_name);

    public async ValueTask InitializeAsync() =>
        await _database.PrepareAsync(PostgresTaskStore.Layout, TestContext.Current.CancellationToken);

    [Fact]
    public void Whoever_no_longer_leads_writes_nothing()
    {
        using var old = OpenStore();
        old.Set("a", "1");
        using var young = OpenStore();
        Assert.Throws<TermOverException>(() => old.Set("a", "2"));
        young.Set("b", "3");
        Assert.Throws<TermOverException>(() => old.Set("b", "4"));
        Assert.Equal(("1", "3"), (young.Setting("a"), young.Setting("b")));
    }

    [Fact]
    public async Task What_is_written_while_the_database_is_away_is_there_once_when_it_is_back()
    {
        using var store = OpenStore();
        store.Set("warm", "1");
        Lab.Do("postgres", "kill");
        var writing = Task.Run(() =>
            store.Write(new() { Events = { new(0, DateTimeOffset.UnixEpoch, "k", "once", null, null) } })
        );
        Lab.Do("postgres", "start");
        await writing.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal("once", store.Events(0, 10).Single().Text);
    }

    [Fact]
    public void A_change_whose_answer_was_lost_is_not_made_twice()
    {
        using var store = OpenStore();
        store.Set("a", "1");
        // As if the change that comes next had been made, and its answer lost.
        Services.Sql(_name, "UPDATE leader SET batch = batch + 1");
        store.Set("a", "2");
        Assert.Equal("1", store.Setting("a"));
        store.Set("a", "3");
        Assert.Equal("3", store.Setting("a"));
    }

    [Fact]
    public async Task A_database_of_an_earlier_version_is_read_and_one_of_a_later_version_is_left_alone()
    {
        var ct = TestContext.Current.CancellationToken;
        var name = Services.NewDatabase();
        using var database = new PostgresDatabase(name);
        try
        {
            Services.Sql(
                name,
                await File.ReadAllTextAsync(
                    Path.Combine(AppContext.BaseDirectory, "Recorded", "gateway-1.postgres.sql"),
                    ct
                )
            );
            await database.PrepareAsync(PostgresTaskStore.Layout, ct);
            Services.Sql(name, "UPDATE leader SET term = 1, batch = 0");
            using (var store = new PostgresTaskStore(database, 1))
            {
                Assert.Equal(["task 3", "task 1"], store.Live().Select(task => task.Name));
                Assert.Equal(["first", "second", "third"], store.Output(store.Live()[1].Id, 0, 3));
                Assert.Equal(
                    "task 2",
                    store.Find(store.PartsOf(new("00000009-0000-4000-8000-000000000000")).Single())!.Name
                );
                store.Write(new() { Removed = { store.Live()[1].Id } });
                Assert.Single(store.Live());
            }
            const string index = "SELECT indexdef FROM pg_indexes WHERE indexname = 'placed_tasks'";
            Assert.Equal(Services.Sql(_name, index), Services.Sql(name, index));
            await database.PrepareAsync(PostgresTaskStore.Layout, ct);
            Services.Sql(name, "UPDATE muster SET version = 1000");
            var fault = await Assert.ThrowsAsync<Muster.Faults.UserException>(() =>
                database.PrepareAsync(PostgresTaskStore.Layout, ct)
            );
            Assert.Contains("newer version of Muster", fault.Message, StringComparison.Ordinal);
        }
        finally
        {
            Services.Drop(name);
        }
    }

    protected override TaskStore OpenStore()
    {
        Services.Sql(_name, $"UPDATE leader SET term = {++_term}, batch = 0");
        return new PostgresTaskStore(_database, _term);
    }

    public ValueTask DisposeAsync()
    {
        _database.Dispose();
        Services.Drop(_name);
        return ValueTask.CompletedTask;
    }
}
