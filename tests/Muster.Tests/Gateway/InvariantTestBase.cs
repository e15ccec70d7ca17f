namespace Muster.Gateway;

/// <summary>A gateway with one node, for what the clients of this API rely on.</summary>
public abstract class InvariantTestBase : IAsyncLifetime
{
    private protected ScriptedNode Node { get; private set; } = null!;
    private protected TestGateway Gateway { get; private set; } = null!;

    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Node = await ScriptedNode.StartAsync();
        Gateway = await TestGateway.StartAsync(options => options with { MoveAfter = TimeSpan.FromMinutes(5) }, Node);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Node.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
