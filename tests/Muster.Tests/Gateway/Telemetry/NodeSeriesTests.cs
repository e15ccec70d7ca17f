using Microsoft.Extensions.Logging.Abstractions;
using Muster.Gateway.Admin;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;
using Muster.Sites.Clouds;
using Muster.Storage;

namespace Muster.Gateway.Telemetry;

public sealed class NodeSeriesTests : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-series-test-");
    private readonly SetTime _time = new();
    private readonly SqliteTaskStore _store;
    private readonly TaskLedger _ledger;
    private readonly NodeFleet _fleet;
    private readonly string _node;

    public NodeSeriesTests()
    {
        _store = new(Path.Combine(_folder.FullName, "gateway.db"));
        _ledger = new(_store, new(new BlobFolder(_folder.FullName), "spool/", 0, []), _time);
        _fleet = new(_store, _time);
        _node = _fleet.Add(new("http://node:3000"), "").Node.Id;
    }

    private NodeSeries New() => new(_fleet, _ledger, _store, _time, NullLogger.Instance);

    private NodeHistory History(NodeSeries series, int hours = 2) =>
        NodeHistory.Of(_node, series.Of(_node, hours), _time.GetUtcNow());

    private void Answers(double ms) =>
        _fleet.See(
            _node,
            node =>
                node with
                {
                    Facts = new() { Slots = 2, AvailableMemory = 3_000_000_000 },
                    Health = NodeHealth.Well(TimeSpan.FromMilliseconds(ms), _time.GetUtcNow()),
                }
        );

    private void Misses(string why) =>
        _fleet.See(_node, node => node with { Health = node.Health.MissedAnswer(why, _time.GetUtcNow()) });

    private void Pass(NodeSeries series, double seconds)
    {
        _time.Pass(TimeSpan.FromSeconds(seconds));
        series.See();
    }

    [Fact]
    public void Each_minute_has_what_was_seen_in_it_and_an_outage_its_reason()
    {
        var series = New();
        Assert.Empty(History(series).Tasks);
        Answers(4);
        series.See();
        Answers(8);
        Pass(series, 30);
        for (var n = 0; n < 3; n++)
        {
            Misses("connection refused");
            Pass(series, 10);
        }
        Misses("connection refused");
        Pass(series, 60);
        Answers(2);
        Pass(series, 60);

        var history = History(series);
        Assert.Equal(new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero), history.From);
        Assert.Equal(4, history.Tasks.Count);
        Assert.Equal([2, 1, 1, 0], history.Faults);
        Assert.Equal([6.0, null, 2.0], ((int[])[0, 2, 3]).Select(at => history.LatencyMs[at]));
        Assert.Equal(3_000_000_000, history.MemoryFree[0]);
        Assert.Equal(
            ["online", "offline connection refused", "online"],
            history.Spans.Select(span => $"{span.State} {span.Why}".TrimEnd())
        );
        Assert.Equal(history.Spans[1].To, history.Spans[2].From);
        Assert.Equal(_time.GetUtcNow(), history.Spans[2].To);
    }

    [Fact]
    public void Another_start_goes_on_where_this_one_was_and_shows_the_gap()
    {
        var before = New();
        Answers(1);
        before.See();
        Pass(before, 60); // the minute that is over is written
        _time.Pass(TimeSpan.FromMinutes(3));
        var after = New();
        Answers(1);
        after.See();
        var history = History(after);
        Assert.Equal([0, null, null, null, 0], history.Tasks);
        Assert.Equal(2, history.Spans.Count);
        Assert.Equal(
            (TimeSpan.FromMinutes(1), new DateTimeOffset(2026, 5, 1, 12, 4, 0, TimeSpan.Zero)),
            (history.Spans[0].To - history.Spans[0].From, history.Spans[1].From)
        );
    }

    [Fact]
    public void What_is_older_than_two_days_is_forgotten()
    {
        var series = New();
        Answers(1);
        series.See();
        for (var hour = 0; hour < 60; hour++)
            Pass(series, 3600);
        Assert.InRange(_store.NodeHours(_node, 0).Count, NodeSeries.HoursKept - 1, NodeSeries.HoursKept);
        Assert.Equal(NodeSeries.HoursKept, series.Of(_node, NodeSeries.HoursKept).Count);
        _fleet.SetLocked(_node, true);
        Pass(series, 10);
        Assert.Equal("locked", History(series, 1).Spans[^1].State);
        _fleet.Remove(_node);
        series.See();
        Assert.Empty(History(series, 48).Tasks);
    }

    private GatewayTask TaskIn(TaskPhase phase) =>
        new()
        {
            Id = Guid.NewGuid(),
            Owner = "",
            Name = "north",
            Created = _time.GetUtcNow(),
            Phase = phase,
        };

    private Task PutAsync(params GatewayTask[] tasks) =>
        _ledger.ChangeAsync(book =>
        {
            foreach (var task in tasks)
                book.Put(task);
        });

    [Fact]
    public async Task The_whole_cluster_is_counted_by_the_minute_and_goes_on_after_another_start()
    {
        var began = _time.GetUtcNow();
        Answers(1);
        var (waits, works) = (
            TaskIn(new TaskPhase.Queued(began - TimeSpan.FromSeconds(90), ShownRunning: false)),
            TaskIn(new TaskPhase.Running(_node, Guid.NewGuid(), began))
        );
        await PutAsync(waits, works);
        var before = New();
        before.See();
        await PutAsync(works with { Phase = new TaskPhase.Ended(TaskCode.Completed, began) });
        Pass(before, 30);
        await PutAsync(waits with { Phase = new TaskPhase.Ended(TaskCode.Failed, began) });
        Pass(before, 30); // the minute that is over is written
        Answers(1);
        Pass(before, 60);
        _time.Pass(TimeSpan.FromMinutes(1));
        await using var ledger = new TaskLedger(_store, new(new BlobFolder(_folder.FullName), "spool/", 0, []), _time);
        var after = new NodeSeries(_fleet, ledger, _store, _time, NullLogger.Instance);
        Answers(1);
        Pass(after, 60);

        var history = Cluster(after);
        Assert.Equal((began, 60), (history.From, history.Step));
        Assert.Equal([1, 0, null, null, 0], history.Waiting);
        Assert.Equal(120, history.OldestWait[0]);
        Assert.Equal([1, 0, null, null, 0], history.Running);
        Assert.Equal([1, 0, null, null, 0], history.SlotsHeld);
        Assert.Equal([2, 2, null, null, 2], history.Slots);
        Assert.Equal([1, 1, null, null, 1], history.NodesOnline);
        Assert.Equal([1, 1, null, null, 1], history.Nodes);
        Assert.Equal([1, 0, null, null, 0], history.Completed);
        Assert.Equal([0, 1, null, null, 0], history.Failed);
        Assert.Equal([0, 0, null, null, 0], history.Cancelled);
    }

    private ClusterHistory Cluster(NodeSeries series) => ClusterHistory.Of(series.OfCluster(2), _time.GetUtcNow());

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _store.Dispose();
        _folder.Delete(recursive: true);
    }
}
