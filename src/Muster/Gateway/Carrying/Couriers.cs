using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Carrying;

/// <summary>
/// Fetches archives that clients named, brings files to nodes and archives home: one piece of work for each task that
/// is on its way, ended when the task is no longer.
/// </summary>
internal sealed partial class Couriers(
    TaskLedger ledger,
    ZipFetcher fetcher,
    FileSender sender,
    ResultCollector collector,
    ILogger log
)
{
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Trip> _trips = [];
    private CancellationToken _stopping;

    public async Task RunAsync(CancellationToken ct)
    {
        _stopping = ct;
        ledger.Changed += Follow;
        Follow(ledger.Live.All(), []);
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        finally
        {
            ledger.Changed -= Follow;
            List<Trip> running;
            lock (_lock)
                running = [.. _trips.Values];
            await Task.WhenAll(running.Select(EndAsync));
        }
    }

    private void Follow(IReadOnlyList<GatewayTask> tasks, IReadOnlyCollection<Guid> removed)
    {
        lock (_lock)
        {
            foreach (var id in removed)
                End(id);
            foreach (var task in tasks)
            {
                var kind = task.Phase is TaskPhase.Fetching or TaskPhase.Sending or TaskPhase.Collecting
                    ? task.Phase.GetType()
                    : null;
                if (
                    _trips.TryGetValue(task.Id, out var trip)
                    && trip.Kind == kind
                    && trip.Node == task.Phase.Place?.Node
                )
                    continue;
                End(task.Id);
                if (kind is null || _stopping.IsCancellationRequested)
                    continue;
                var stop = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
                _trips[task.Id] = new(
                    kind,
                    task.Phase.Place?.Node,
                    stop,
                    Task.Run(() => WorkAsync(task.Id, kind, stop.Token), CancellationToken.None)
                );
            }
        }
    }

    private void End(Guid id)
    {
        if (_trips.Remove(id, out var trip))
            _ = EndAsync(trip);
    }

    /// <summary>
    /// Elsewhere: the ledger's thread, which comes here, carries out nothing that a cancelled trip leads to.
    /// </summary>
    private static async Task EndAsync(Trip trip)
    {
        await trip.Stop.CancelAsync();
        await trip.Running;
        trip.Stop.Dispose();
    }

    private async Task WorkAsync(Guid id, Type kind, CancellationToken ct)
    {
        try
        {
            while (ledger.Find(id) is { } task && task.Phase.GetType() == kind)
            {
                try
                {
                    if (task.Phase is TaskPhase.Fetching fetching)
                        await fetcher.FetchAsync(task, fetching, ct);
                    else if (task.Phase is TaskPhase.Sending sending)
                        await sender.SendAsync(task, sending, ct);
                    else if (task.Phase is TaskPhase.Collecting collecting)
                        await collector.CollectAsync(task, collecting, ct);
                    ct.ThrowIfCancellationRequested();
                }
                catch (Exception fault) when (fault is not OperationCanceledException)
                {
                    Stumbled(id, fault);
                    await Task.Delay(PauseAfterFault.Jittered(), ct);
                }
            }
        }
        catch (OperationCanceledException) { } // the task went another way, or the gateway stops
    }

    private sealed record Trip(Type Kind, string? Node, CancellationTokenSource Stop, Task Running);

    [LoggerMessage(LogLevel.Error, "Task {Task} could not be carried on")]
    private partial void Stumbled(Guid task, Exception fault);
}
