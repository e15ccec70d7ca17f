namespace Muster.Node;

public sealed class LeaseTests
{
    [Fact]
    public async Task A_node_that_nobody_asks_is_forsaken()
    {
        await using var node = await TestNode.StartAsync(change: settings =>
            settings with
            {
                Lease = TimeSpan.FromMilliseconds(200),
            }
        );
        await node.Server.ForsakenAsync(TestNode.Ct);
    }

    [Fact]
    public async Task Without_a_lease_a_node_stays()
    {
        await using var node = await TestNode.StartAsync();
        using var stop = new CancellationTokenSource();
        var forsaken = node.Server.ForsakenAsync(stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => forsaken);
    }
}
