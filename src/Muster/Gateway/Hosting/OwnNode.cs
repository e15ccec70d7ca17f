using System.Net;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Model;
using Muster.Node;
using Muster.Node.Engines;

namespace Muster.Gateway.Hosting;

/// <summary>The node within a gateway that has no other.</summary>
internal sealed class OwnNode : IAsyncDisposable
{
    private readonly GatewayOptions _options;
    private readonly NodeFleet _fleet;
    private NodeServer? _server;

    private OwnNode(GatewayOptions options, NodeFleet fleet, Task<IEngine> engine) =>
        (_options, _fleet, Engine) = (options, fleet, engine);

    /// <summary>It may still be opening.</summary>
    public Task<IEngine> Engine { get; }

    /// <summary>Null where other nodes do the work, or where there is no engine for it.</summary>
    /// <param name="stopping">Ends the opening of the engine.</param>
    public static OwnNode? Find(GatewayOptions options, NodeFleet fleet, CancellationToken stopping)
    {
        if (options.Engine is not null && fleet.Nodes.All(node => node.IsEmbedded))
            return new(options, fleet, options.Engine(stopping));
        fleet.Remove(GatewayNode.EmbeddedId);
        return null;
    }

    public async Task StartAsync(ILoggerFactory logs, TimeProvider clock, CancellationToken ct)
    {
        if (Engine.IsFaulted)
            await Engine; // what the flags have wrong is said before anything listens
        var settings = new NodeSettings
        {
            Folder = Path.Combine(_options.Data, "node"),
            Address = IPAddress.Loopback,
            Port = 0,
            KeepTasks = _options.ResultsExpire,
            AllowPrivateUrls = _options.AllowPrivateAddresses,
        };
        _server = await NodeServer.StartAsync(settings, Engine, logs, clock, ct);
        _fleet.Embed(new($"http://{_server.Address}/"));
    }

    /// <summary>Ends only for an engine that cannot be opened.</summary>
    public async Task BrokenAsync(CancellationToken stopping)
    {
        await Engine;
        await Task.Delay(Timeout.Infinite, stopping);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        await ((Task)Engine).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
