using Microsoft.Data.Sqlite;
using Muster.Gateway.Model;
using Muster.Storage;

namespace Muster.Gateway.Ledger;

/// <summary>What lists of tasks are made from is what the database holds, whoever wrote it.</summary>
public sealed class TaskIndexTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-index-test-");
    private readonly List<TaskLedger> _ledgers = [];
    private SqliteTaskStore _store = null!;
    private BlobFolder _blobs = null!;

    public ValueTask InitializeAsync()
    {
        _store = new(Path.Combine(_folder.FullName, "gateway.db"));
        _blobs = new(_folder.FullName);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_follows_what_changes_after_it_was_read()
    {
        var ledger = Begin();
        var kept = await AddAsync(ledger, "kept");
        var index = new TaskIndex(ledger);
        Assert.Equal([kept], index.Rows().Select(row => row.Id));
        var more = await AddAsync(ledger, "more");
        await ledger.ChangeAsync(kept, (_, task) => task with { Name = "renamed" });
        Assert.StartsWith("renamed", index.Rows().Single(row => row.Id == kept).Text, StringComparison.Ordinal);
        await ledger.ChangeAsync(book => book.Remove(kept));
        Assert.Equal([more], index.Rows().Select(row => row.Id));
    }

    [Fact]
    public async Task A_gateway_that_leads_again_shows_what_another_one_did_meanwhile()
    {
        var first = Begin();
        var (stays, goes) = (await AddAsync(first, "stays"), await AddAsync(first, "goes"));
        var before = new TaskIndex(first);
        Assert.Equal(2, before.Rows().Count);
        await first.DisposeAsync(); // it leads no longer

        var other = Begin();
        var theirs = await AddAsync(other, "of the other");
        await other.ChangeAsync(book => book.Remove(goes));
        await other.ChangeAsync(stays, (_, task) => task with { Name = "renamed by the other" });
        await other.DisposeAsync();

        var rows = new TaskIndex(Begin()).Rows();
        Assert.Equal(new[] { stays, theirs }.Order(), rows.Select(row => row.Id).Order());
        Assert.Contains(rows, row => row.Text.StartsWith("renamed by the other", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_that_was_away_while_it_was_read_leaves_nothing_half_read()
    {
        var ledger = Begin();
        var (kept, gone) = (await AddAsync(ledger, "kept"), await AddAsync(ledger, "gone"));
        var index = new TaskIndex(ledger);
        Sql("ALTER TABLE tasks RENAME TO away");
        Assert.ThrowsAny<Exception>(() => index.Rows());
        Sql("ALTER TABLE away RENAME TO tasks");
        await ledger.ChangeAsync(book => book.Remove(gone));
        Assert.Equal([kept], index.Rows().Select(row => row.Id));
        var more = await AddAsync(ledger, "more");
        Assert.Equal(new[] { kept, more }.Order(), index.Rows().Select(row => row.Id).Order());
    }

    private TaskLedger Begin()
    {
        var ledger = new TaskLedger(_store, new(_blobs, "spool/", 0, []), TimeProvider.System);
        _ledgers.Add(ledger);
        return ledger;
    }

    private static Task<Guid> AddAsync(TaskLedger ledger, string name) =>
        ledger.ChangeAsync(book =>
            book.Put(
                new()
                {
                    Id = Guid.NewGuid(),
                    Owner = "",
                    Name = name,
                    Created = book.Now,
                    Order = book.NextOrder(),
                    Phase = new TaskPhase.Queued(book.Now, false),
                }
            ).Id
        );

    private void Sql(string text)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.FullName, "gateway.db")}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var ledger in _ledgers)
            await ledger.DisposeAsync();
        _store.Dispose();
        _folder.Delete(recursive: true);
    }
}
