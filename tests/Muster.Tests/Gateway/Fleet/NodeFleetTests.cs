using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Fleet;

public sealed class NodeFleetTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-fleet-test-");
    private readonly SqliteTaskStore _store;

    public NodeFleetTests() => _store = new(Path.Combine(_folder.FullName, "gateway.db"));

    [Fact]
    public void Nodes_keep_their_order_whatever_is_seen_of_them_and_across_starts()
    {
        var fleet = new NodeFleet(_store, TimeProvider.System);
        var added = Enumerable.Range(1, 9).Select(n => fleet.Add(new($"http://node{n}:3000"), "").Node).ToList();
        foreach (var node in Enumerable.Reverse(added))
            fleet.See(
                node.Id,
                before =>
                    before with
                    {
                        Facts = new() { Slots = 2 },
                        Health = NodeHealth.Well(TimeSpan.Zero, Nodes.Now),
                    }
            );
        Assert.True(fleet.SetLocked(added[4].Id, true));
        Assert.True(fleet.Remove(added[2].Id));
        string[] left = ["node1", "node2", "node4", "node5", "node6", "node7", "node8", "node9"];
        Assert.Equal(left, fleet.Nodes.Select(node => node.Url.Host));
        Assert.All(fleet.Nodes, node => Assert.Equal((2, true), (node.Facts!.Slots, node.Health.Answers)));
        Assert.True(fleet.Find(added[4].Id)!.Locked);
        Assert.Null(fleet.Find(added[2].Id));
        Assert.Equal(left, new NodeFleet(_store, TimeProvider.System).Nodes.Select(node => node.Url.Host));
    }

    [Fact]
    public async Task Whoever_reads_does_not_wait_for_a_database_that_is_busy()
    {
        var ct = TestContext.Current.CancellationToken;
        var fleet = new NodeFleet(_store, TimeProvider.System);
        var node = fleet.Add(new("http://node:3000"), "").Node;
        using var other = new Microsoft.Data.Sqlite.SqliteConnection(
            $"Data Source={Path.Combine(_folder.FullName, "gateway.db")};Pooling=false"
        );
        await other.OpenAsync(ct);
        Task locking;
        await using (other.BeginTransaction(deferred: false))
        {
            locking = Task.Run(() => fleet.SetLocked(node.Id, true), ct);
            await Task.Delay(TimeSpan.FromSeconds(0.3), ct); // it waits for the database by now
            var seen = await Task.Run(() => (fleet.Nodes, fleet.Find(node.Id)), ct)
                .WaitAsync(TimeSpan.FromSeconds(60), ct);
            Assert.False(locking.IsCompleted);
            Assert.False(seen.Item2!.Locked);
        }
        await locking;
        Assert.True(fleet.Find(node.Id)!.Locked);
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Delete(recursive: true);
    }
}
