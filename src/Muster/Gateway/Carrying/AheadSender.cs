using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Carrying;

/// <summary>
/// Sends what is whole in the spool on to the node that its task would get, while the rest still comes in: an
/// <see cref="AheadTrip"/> for each task that is large enough. <see cref="FileSender"/> claims what came of it when the
/// task is placed there.
/// </summary>
internal sealed partial class AheadSender(
    TaskLedger ledger,
    NodeFleet fleet,
    SpoolFolder spool,
    OwnerLimits limits,
    TaskTimes times,
    NodeForm forms,
    GatewayOptions options,
    TimeProvider clock,
    ILogger log
)
{
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, (AheadTrip Trip, Task Running)> _trips = [];
    private CancellationToken _stopping;

    public async Task RunAsync(CancellationToken ct)
    {
        _stopping = ct;
        await ForgetEarlierAsync(ct);
        ledger.FilesAdded += Take;
        ledger.Changed += Follow;
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        finally
        {
            ledger.FilesAdded -= Take;
            ledger.Changed -= Follow;
            List<Task> running;
            lock (_lock)
                running = [.. _trips.Values.Select(entry => entry.Running)];
            await Task.WhenAll(running);
        }
    }

    /// <summary>
    /// The files of a task that its node surely has, of those that were sent there under that id; null where nobody
    /// knows. Those on their way arrive first, and no further one is begun.
    /// </summary>
    public async Task<IReadOnlySet<string>?> ClaimAsync(Guid task, Guid onNode, CancellationToken ct)
    {
        (AheadTrip Trip, Task Running) found;
        lock (_lock)
            if (!_trips.Remove(task, out found))
                return null;
        found.Trip.Claim();
        try
        {
            await found.Running.WaitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            found.Trip.Cut();
            throw;
        }
        return found.Trip.There(onNode);
    }

    /// <summary>What was sent before this start: which files arrived is known to nobody.</summary>
    private async Task ForgetEarlierAsync(CancellationToken ct)
    {
        while (ledger.Live.Ahead() is { Count: > 0 } tasks)
        {
            try
            {
                foreach (var task in tasks)
                    await ledger.ChangeAsync(task.Id, (book, now) => book.GiveUpAhead(now));
            }
            catch (IOException fault)
            {
                Stumbled(tasks[0].Id, fault);
                await Task.Delay(PauseAfterFault.Jittered(), clock, ct);
            }
        }
    }

    private void Take(IReadOnlyList<(Guid Task, SpoolFile File)> files)
    {
        lock (_lock)
            foreach (var (task, file) in files)
                if (_trips.TryGetValue(task, out var entry))
                    entry.Trip.Take(file);
    }

    private void Follow(IReadOnlyList<GatewayTask> tasks, IReadOnlyCollection<Guid> removed)
    {
        lock (_lock)
        {
            foreach (var id in removed)
                if (_trips.TryGetValue(id, out var entry))
                    entry.Trip.Wake();
            foreach (var task in tasks)
            {
                if (_trips.TryGetValue(task.Id, out var entry))
                    entry.Trip.Wake();
                else if (
                    task.Phase is TaskPhase.Receiving
                    && task.Bytes >= options.AheadFrom
                    && !SplitMergeOptions.MayBeParent(task.Options)
                    && !_stopping.IsCancellationRequested
                )
                    Begin(task.Id);
            }
        }
    }

    private void Begin(Guid id)
    {
        var trip = new AheadTrip(id, ledger, fleet, spool, limits, times, forms, options, clock);
        _trips[id] = (trip, Task.Run(() => RunAsync(id, trip), CancellationToken.None));
    }

    private async Task RunAsync(Guid id, AheadTrip trip)
    {
        try
        {
            await trip.RunAsync(_stopping);
        }
        catch (OperationCanceledException) { } // the gateway stops
        catch (Exception fault)
        {
            Stumbled(id, fault);
        }
        finally
        {
            lock (_lock)
                if (_trips.TryGetValue(id, out var entry) && entry.Trip == trip)
                    _trips.Remove(id);
        }
    }

    [LoggerMessage(LogLevel.Error, "Files of task {Task} could not be sent on while others came in")]
    private partial void Stumbled(Guid task, Exception fault);
}
