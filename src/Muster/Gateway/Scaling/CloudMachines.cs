using System.Collections.Concurrent;
using Muster.Faults;
using Muster.Gateway.Model;
using Muster.Sites;
using Muster.Sites.Clouds.Keeping;
using Kept = Muster.Sites.Clouds.Keeping.MachineState;

namespace Muster.Gateway.Scaling;

/// <summary>
/// The machines of one cloud site: ordered, set up over SSH once they boot, kept alive by their lease, and given back
/// until they are proved gone. One that is set up is a host on which a node can be started.
/// </summary>
internal sealed class CloudMachines : IAsyncDisposable
{
    /// <summary>Of one that does not answer for long, the provider is asked once in this time.</summary>
    private static readonly TimeSpan DoubtEvery = TimeSpan.FromMinutes(1);

    private readonly OpenCloud _cloud;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<Guid, Task> _settingUp = new();
    private readonly ConcurrentDictionary<Guid, Task> _renewing = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _renewed = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _doubted = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private volatile IReadOnlyDictionary<Guid, MachineRecord>? _known;

    /// <param name="folder">A private one, for records and keys.</param>
    public CloudMachines(CloudSite site, string folder, SitePlaces places, TimeProvider clock) =>
        (_cloud, _clock) = (new(site, folder, places.Sockets, clock), clock);

    /// <summary>What an earlier gateway has ordered is known.</summary>
    public bool IsRead => _known is not null;

    /// <summary>What is known of a machine; null when none was ordered under this id.</summary>
    public MachineRecord? Find(Guid id) => _known?.GetValueOrDefault(id);

    /// <summary>Orders a machine. The same id again is the same order.</summary>
    /// <returns>Why there is no room for it; null when it is ordered.</returns>
    public async Task<string?> OrderAsync(Machine machine, CancellationToken ct)
    {
        var size = _cloud.Settings.Machines.First(one => one.Type == machine.Size.Type);
        var answer = await _cloud.OrderAsync(machine.Id, size, "tasks that wait", ct);
        await ReadAsync(ct);
        Wake();
        return answer is OrderAnswer.Refused(var why) ? why : null;
    }

    /// <summary>Nobody needs it any more. It costs until it is proved gone, and is not forgotten before.</summary>
    public async Task ReleaseAsync(Guid id, string why, CancellationToken ct)
    {
        if (Find(id) is not { IsGone: false, Released: null })
            return;
        await _cloud.Keeper.ReleaseAsync(id, why, ct);
        Wake();
    }

    /// <summary>What runs on it does not answer: the provider is asked whether it is still there.</summary>
    public async Task DoubtAsync(Guid id, CancellationToken ct)
    {
        var now = _clock.GetUtcNow();
        if (now - _doubted.GetValueOrDefault(id) < DoubtEvery)
            return;
        _doubted[id] = now;
        await _cloud.Keeper.LookAsync(id, ct);
        Wake();
    }

    /// <summary>The machine as a site of one host, once it is set up.</summary>
    public Site HostOf(MachineRecord record) => _cloud.HostOf(record);

    /// <summary>Brings every machine on, as long as it is not stopped.</summary>
    /// <param name="changed">Called when something may be new.</param>
    public async Task RunAsync(Action changed, CancellationToken ct)
    {
        while (true)
        {
            var next = await _cloud.Keeper.StepAsync(ct);
            await ReadAsync(ct);
            foreach (var record in _known!.Values)
                Follow(record, changed, ct);
            changed();
            var pause = next - _clock.GetUtcNow();
            pause =
                pause < TimeSpan.FromMilliseconds(200) ? TimeSpan.FromMilliseconds(200)
                : pause > _cloud.Settings.Lease / 6 ? _cloud.Settings.Lease / 6
                : pause;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var timer = Task.Delay(pause, _clock, either.Token);
            await Task.WhenAny(timer, _wake.WaitAsync(either.Token));
            await either.CancelAsync();
            ct.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var work in _settingUp.Values.Concat(_renewing.Values))
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _cloud.Dispose();
        _wake.Dispose();
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException) { } // it is awake
    }

    private async Task ReadAsync(CancellationToken ct) =>
        _known = (await _cloud.MachinesAsync(ct)).ToDictionary(record => record.Id);

    /// <summary>A machine that boots is set up; one that is ready has its lease renewed each third of it.</summary>
    private void Follow(MachineRecord record, Action changed, CancellationToken ct)
    {
        switch (record.State)
        {
            case Kept.Booting or Kept.Preparing:
                _ = _settingUp.GetOrAdd(record.Id, _ => Task.Run(() => SetUpAsync(record, changed, ct), ct));
                break;
            case Kept.Ready
                when _clock.GetUtcNow() - _renewed.GetValueOrDefault(record.Id) >= _cloud.Settings.Lease / 3:
                _renewed[record.Id] = _clock.GetUtcNow();
                _renewing[record.Id] = Task.Run(() => RenewAsync(record, ct), ct);
                break;
            case Kept.Gone when _renewed.TryRemove(record.Id, out _) && _renewing.TryRemove(record.Id, out _):
                _doubted.TryRemove(record.Id, out _);
                _cloud.Forget(record);
                break;
        }
    }

    private async Task SetUpAsync(MachineRecord record, Action changed, CancellationToken ct)
    {
        try
        {
            if (await _cloud.SetUpAsync(record, _ => { }, ct) is null)
                _renewed[record.Id] = _clock.GetUtcNow();
        }
        finally
        {
            _settingUp.TryRemove(record.Id, out _);
            Wake();
            changed();
        }
    }

    private async Task RenewAsync(MachineRecord record, CancellationToken ct)
    {
        try
        {
            await _cloud.RenewAsync(record, _cloud.Settings.Lease, ct);
        }
        catch (UserException)
        {
            _renewed.TryRemove(record.Id, out _); // at the next step again
            await _cloud.Keeper.LookAsync(record.Id, ct);
        }
    }
}
