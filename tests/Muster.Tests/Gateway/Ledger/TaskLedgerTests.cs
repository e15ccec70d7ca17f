using Muster.Gateway.Fleet;
using Muster.Gateway.Model;
using Muster.Storage;

namespace Muster.Gateway.Ledger;

public sealed class TaskLedgerTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-ledger-test-");
    private SqliteTaskStore _store = null!;
    private BlobFolder _blobs = null!;
    private TaskLedger _ledger = null!;

    public ValueTask InitializeAsync()
    {
        _store = new(Path.Combine(_folder.FullName, "gateway.db"));
        _blobs = new(_folder.FullName);
        _ledger = new(_store, new(_blobs, "spool/", 0, []), TimeProvider.System);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Changes_from_everywhere_are_made_one_after_another()
    {
        var task = await AddAsync();
        await Task.WhenAll(
            Enumerable
                .Range(0, 500)
                .Select(_ =>
                    Task.Run(() => _ledger.ChangeAsync(task.Id, (_, now) => now with { Files = now.Files + 1 }))
                )
        );
        Assert.Equal(500, _ledger.Find(task.Id)!.Files);
        Assert.Equal(500, _store.Find(task.Id)!.Files);
    }

    [Fact]
    public async Task What_cannot_be_written_has_not_happened_and_whoever_wanted_it_is_told()
    {
        var task = await AddAsync();
        var first = true;
        await Assert.ThrowsAnyAsync<Exception>(() =>
            _ledger.ChangeAsync(book =>
            {
                book.Put(task with { Files = 7 });
                book.Say(task, "a");
                if (first)
                    book.Say(task, "the same number twice, which the database refuses");
                first = false;
            })
        );
        Assert.Equal(0, _ledger.Find(task.Id)!.Files);
        Assert.NotNull(_ledger.WriteFault);
        await _ledger.ChangeAsync(task.Id, (_, now) => now with { Files = 8 });
        Assert.Null(_ledger.WriteFault);
        Assert.Equal(8, _store.Find(task.Id)!.Files);
    }

    [Fact]
    public async Task A_task_that_ended_long_ago_is_found_and_can_be_changed()
    {
        var task = await AddAsync();
        await _ledger.ChangeAsync(
            task.Id,
            (book, now) => now with { Phase = new TaskPhase.Ended(NodeOdm.TaskCode.Completed, book.Now) }
        );
        await _ledger.DisposeAsync();
        _ledger = new(_store, new(_blobs, "spool/", 0, []), TimeProvider.System);
        Assert.Empty(_ledger.Live.All());
        Assert.Equal(NodeOdm.TaskCode.Completed, _ledger.Find(task.Id)!.Code);
        Assert.NotNull(await _ledger.ChangeAsync(task.Id, (_, now) => now with { HasFiles = false }));
        Assert.False(_store.Find(task.Id)!.HasFiles);
    }

    [Fact]
    public async Task A_change_that_throws_leaves_nothing_of_itself()
    {
        var task = await AddAsync();
        var other = Guid.NewGuid();
        await TogetherAsync(
            () =>
                Assert.ThrowsAsync<NodeOdm.RefusalException>(() =>
                    _ledger.ChangeAsync(book =>
                    {
                        book.Put(task with { Files = 7 });
                        book.Put(task with { Id = other });
                        book.Say(task, "it is refused");
                        book.Note("k", "it is refused", task.Id);
                        throw new NodeOdm.RefusalException("no");
                    })
                ),
            () => _ledger.ChangeAsync(task.Id, (_, now) => now with { Images = now.Files + 1 })
        );
        Assert.Equal((0, 1), (_ledger.Find(task.Id)!.Files, _ledger.Find(task.Id)!.Images));
        Assert.Equal((0, 1), (_store.Find(task.Id)!.Files, _store.Find(task.Id)!.Images));
        Assert.Null(_store.Find(other));
        Assert.Empty(_ledger.Decisions(task.Id));
        Assert.Empty(_store.Output(task.Id, 0, 9));
    }

    [Fact]
    public async Task A_change_that_cannot_be_written_takes_no_other_with_it()
    {
        var (one, two) = (await AddAsync(), await AddAsync());
        await TogetherAsync(
            () => _ledger.ChangeAsync(one.Id, (_, now) => now with { Files = now.Files + 1 }),
            () =>
                Assert.ThrowsAnyAsync<Exception>(() =>
                    _ledger.ChangeAsync(book =>
                    {
                        book.Say(two, "a");
                        book.Say(two, "the same number twice, which the database refuses");
                    })
                ),
            () => _ledger.ChangeAsync(one.Id, (_, now) => now with { Files = now.Files + 1 })
        );
        Assert.Equal((2, 2), (_ledger.Find(one.Id)!.Files, _store.Find(one.Id)!.Files));
        Assert.Equal(0, _store.Find(two.Id)!.Lines);
    }

    /// <summary>Changes that are written at once.</summary>
    private async Task TogetherAsync(params Func<Task>[] changes)
    {
        using var go = new ManualResetEventSlim();
        var first = _ledger.ChangeAsync(_ => go.Wait(TestContext.Current.CancellationToken));
        var all = changes.Select(change => change()).ToList();
        go.Set();
        await first;
        await Task.WhenAll(all);
    }

    private async Task<GatewayTask> AddAsync() =>
        await _ledger.ChangeAsync(book =>
            book.Put(
                new()
                {
                    Id = Guid.NewGuid(),
                    Owner = "",
                    Name = "x",
                    Created = Nodes.Now,
                    Order = book.NextOrder(),
                    Phase = new TaskPhase.Queued(book.Now, false),
                }
            )
        );

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _store.Dispose();
        _blobs.Dispose();
        _folder.Delete(recursive: true);
    }
}
