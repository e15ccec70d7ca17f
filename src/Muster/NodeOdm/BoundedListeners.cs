using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Muster.NodeOdm;

/// <summary>
/// Accepts a few connections more than <see cref="ConnectionCap"/> seats, and no others until one of them has closed.
/// The rest
/// wait in the kernel's queue, where they take no file of ours: a burst that is accepted faster than it is turned away
/// would
/// leave the process without any.
/// </summary>
internal sealed class BoundedListeners(int most, IOptions<SocketTransportOptions> options, ILoggerFactory logs)
    : IConnectionListenerFactory
{
    private const int BeingTurnedAway = 16;

    private readonly SocketTransportFactory _sockets = new(options, logs);

    /// <summary>To be called after Kestrel was set up, as it takes the last of these.</summary>
    public static void AddTo(IServiceCollection services, int connections) =>
        services.AddSingleton<IConnectionListenerFactory>(parts => new BoundedListeners(
            ConnectionCap.Seats(connections),
            parts.GetRequiredService<IOptions<SocketTransportOptions>>(),
            parts.GetRequiredService<ILoggerFactory>()
        ));

    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint,
        CancellationToken cancellationToken = default
    ) => new Listener(await _sockets.BindAsync(endpoint, cancellationToken), most + BeingTurnedAway);

    private sealed class Listener(IConnectionListener inner, int most) : IConnectionListener
    {
        private readonly SemaphoreSlim _free = new(most);
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            // Kestrel gives no token here: it ends the waiting by unbinding.
            var waiting = _free.WaitAsync(_unbound.Token);
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!waiting.IsCompletedSuccessfully)
                return null;
            if (await inner.AcceptAsync(cancellationToken) is not { } connection)
                return null;
            connection.ConnectionClosed.Register(() => _free.Release());
            return connection;
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await inner.UnbindAsync(cancellationToken);
        }

        // What has been accepted may close later than this: the count is left to the collector.
        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
