using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway.Placing;

public sealed class TaskTimesTests : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-times-");
    private readonly SqliteTaskStore _store;
    private readonly BlobFolder _blobs;
    private readonly TaskLedger _ledger;

    public TaskTimesTests()
    {
        _store = new(Path.Combine(_folder.FullName, "gateway.db"));
        _blobs = new(_folder.FullName);
        _ledger = new(_store, new(_blobs, "spool/", 0, []), TimeProvider.System);
    }

    [Fact]
    public async Task A_guess_holds_until_three_tasks_like_it_are_done_and_is_then_learned_and_kept()
    {
        var times = new TaskTimes(_store, _ledger);
        Assert.Equal(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(200), times.For(10));
        foreach (var seconds in (int[])[100, 300, 200])
            await DoneAsync(10, seconds);
        Assert.Equal(TimeSpan.FromSeconds(1.5 * 200), times.For(10));
        Assert.Equal(TimeSpan.FromSeconds(1.5 * 400), times.For(20));
        Assert.Equal(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(20 * 1000), times.For(1000));

        times.Save();
        Assert.Equal(times.For(10), new TaskTimes(_store, _ledger).For(10));
    }

    [Fact]
    public void A_node_whose_time_is_too_short_gets_no_task_but_one_that_is_fresh_may_try()
    {
        var need = new TaskNeed(10) { LikelyTime = TimeSpan.FromHours(2) };
        var node = Fleet.Nodes.Of("n") with { Whole = TimeSpan.FromHours(1) };
        Assert.Contains("30 min more", NodeChoice.WhyNot(node with { Left = TimeSpan.FromMinutes(30) }, need));
        Assert.Null(NodeChoice.WhyNot(node with { Left = TimeSpan.FromMinutes(59) }, need));
        Assert.Null(NodeChoice.WhyNot(node with { Left = TimeSpan.FromMinutes(30) }, new(10)));
    }

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _store.Dispose();
        _blobs.Dispose();
        _folder.Delete(recursive: true);
    }

    private Task<GatewayTask> DoneAsync(int images, int seconds) =>
        _ledger.ChangeAsync(book =>
            book.Put(
                new()
                {
                    Id = Guid.NewGuid(),
                    Owner = "",
                    Name = "x",
                    Created = book.Now,
                    Images = images,
                    ProcessingTime = seconds * 1000,
                    Phase = new TaskPhase.Ended(TaskCode.Completed, book.Now),
                }
            )
        );
}
