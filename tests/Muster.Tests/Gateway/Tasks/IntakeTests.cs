using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway.Tasks;

public sealed class IntakeTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-intake-test-");
    private SqliteTaskStore _store = null!;
    private BlobFolder _blobs = null!;
    private SpoolFolder _spool = null!;
    private TaskLedger _ledger = null!;
    private NodeFleet _fleet = null!;
    private Intake _intake = null!;

    public ValueTask InitializeAsync()
    {
        _store = new(Path.Combine(_folder.FullName, "gateway.db"));
        _blobs = new(_folder.FullName);
        _spool = new(_blobs, "spool/", 0, []);
        _ledger = new(_store, _spool, TimeProvider.System);
        _fleet = new(_store, TimeProvider.System);
        _intake = new(
            _ledger,
            _spool,
            _fleet,
            new(_store, _fleet, until: null),
            new(0, TimeProvider.System),
            new(new(_store, "", false, TimeProvider.System), provider: null),
            null,
            new() { Data = _folder.FullName },
            TimeProvider.System
        );
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_fetched_for_a_task_that_is_gone_is_let_go()
    {
        var at = new TaskPhase.Fetching("http://a/", Nodes.Now);
        await Assert.ThrowsAsync<RefusalException>(async () =>
            await _intake.FetchedAsync(Guid.NewGuid(), at, [await FileAsync("a.jpg")], null, CancellationToken.None)
        );
        Assert.Equal(0, _spool.Used);
        var cancelled = await AddAsync(new TaskPhase.Ended(TaskCode.Canceled, Nodes.Now));
        await Assert.ThrowsAsync<RefusalException>(async () =>
            await _intake.FetchedAsync(cancelled.Id, at, [await FileAsync("a.jpg")], null, CancellationToken.None)
        );
        Assert.Equal(0, _spool.Used);
    }

    [Fact]
    public async Task What_was_fetched_for_a_task_that_nobody_can_take_is_let_go()
    {
        var at = new TaskPhase.Fetching("http://a/", Nodes.Now);
        var task = await AddAsync(at);
        await _intake.FetchedAsync(task.Id, at, [await FileAsync("a.jpg")], null, CancellationToken.None);
        Assert.Equal("No nodes available", Assert.IsType<TaskPhase.Ended>(_ledger.Find(task.Id)!.Phase).Error);
        Assert.Equal(0, _spool.Used);
    }

    [Fact]
    public async Task What_came_twice_is_held_once_for_as_long_as_its_task_needs_it()
    {
        _fleet.Add(new("http://127.0.0.1:9/"), "");
        var at = new TaskPhase.Fetching("http://a/", Nodes.Now);
        var task = await AddAsync(at);
        await _intake.FetchedAsync(
            task.Id,
            at,
            [await FileAsync("a.jpg"), await FileAsync("a.jpg"), await FileAsync("b.jpg")],
            null,
            CancellationToken.None
        );
        Assert.Equal(2, _ledger.Find(task.Id)!.Files);
        Assert.Equal(["a.jpg", "b.jpg"], _ledger.Files(task.Id).Select(file => file.Name));
        Assert.NotEqual(0, _spool.Used);
        await _ledger.ChangeAsync(book => book.Remove(task.Id));
        Assert.Equal(0, _spool.Used);
    }

    private async Task<SpoolFile> FileAsync(string name)
    {
        using var room = _spool.Reserve(0)!;
        return await _spool.ReceiveAsync(
            name,
            new MemoryStream("a photo"u8.ToArray()),
            room,
            TestContext.Current.CancellationToken
        );
    }

    private Task<GatewayTask> AddAsync(TaskPhase phase) =>
        _ledger.ChangeAsync(book =>
            book.Put(
                new()
                {
                    Id = Guid.NewGuid(),
                    Owner = "",
                    Name = "x",
                    Created = Nodes.Now,
                    Order = book.NextOrder(),
                    Phase = phase,
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
