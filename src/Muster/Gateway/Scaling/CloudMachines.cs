using System.Collections.Concurrent;
using System.Diagnostics;
using Muster.Faults;
using Muster.Gateway.Model;
using Muster.Hosts;
using Muster.Sites;
using Muster.Sites.Clouds;
using Muster.Sites.Clouds.Keeping;
using Muster.Storage;
using Kept = Muster.Sites.Clouds.Keeping.MachineState;

namespace Muster.Gateway.Scaling;

/// <summary>
/// The machines of one cloud site: ordered, set up over SSH once they boot, kept alive by their lease, and given back
/// until they are proved gone. One that is set up is a host on which a node can be started.
/// </summary>
internal sealed class CloudMachines : IAsyncDisposable
{
    private readonly CloudSite _site;
    private readonly CloudSettings _cloud;
    private readonly TimeProvider _clock;
    private readonly ICloud _provider;
    private readonly Redactor _redactor;
    private readonly MachineStore _store;
    private readonly MachineKeeper _keeper;
    private readonly MachineAccess _access;
    private readonly string _publicKey;
    private readonly ConcurrentDictionary<Guid, Task> _settingUp = new();
    private readonly ConcurrentDictionary<Guid, Task> _renewing = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _renewed = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private volatile IReadOnlyDictionary<Guid, MachineRecord>? _known;

    /// <param name="folder">A private one, for records and keys.</param>
    public CloudMachines(CloudSite site, string folder, SitePlaces places, TimeProvider clock)
    {
        (_site, _cloud, _clock) = (site, site.Cloud, clock);
        PrivateFolder.Make(folder);
        _provider = CloudProviders.Open(_cloud, clock);
        _redactor = new(_cloud.Secrets);
        _store = new(Path.Combine(folder, "clouds.db"));
        var identity = _cloud.SshKeyFile ?? OwnKey(Path.Combine(folder, "key"));
        _publicKey = PublicHalf(identity);
        _access = new(Path.Combine(folder, "ssh"), places.Sockets, identity, User(_cloud))
        {
            IsPrivate = _cloud.Address is MachineAddress.Private,
        };
        _keeper = new(
            _provider,
            _store,
            new()
            {
                Site = site.Name,
                Limit = _cloud.Limit,
                HourBudget = _cloud.Budget.Hour,
                DayBudget = _cloud.Budget.Day,
                MonthBudget = _cloud.Budget.Month,
                FirstBoot = FirstBoot,
                Redact = _redactor.Clean,
                Boot = _cloud.Boot,
            },
            clock,
            Pause.Usual
        );
    }

    /// <summary>What an earlier gateway has ordered is known.</summary>
    public bool IsRead => _known is not null;

    /// <summary>What is known of a machine; null when none was ordered under this id.</summary>
    public MachineRecord? Find(Guid id) => _known?.GetValueOrDefault(id);

    /// <summary>Orders a machine. The same id again is the same order.</summary>
    /// <returns>Why there is no room for it; null when it is ordered.</returns>
    public async Task<string?> OrderAsync(Machine machine, CancellationToken ct)
    {
        var size = _cloud.Machines.First(one => one.Type == machine.Size.Type);
        var answer = await _keeper.OrderAsync(
            new()
            {
                Id = machine.Id,
                Type = size.Type,
                Image = _cloud.Image,
                Places = _cloud.Places,
                Life = _cloud.MaxLife,
                PublicKey = _publicKey,
                Purpose = "tasks that wait",
                DiskGb = size.DiskGb ?? _cloud.DiskGb,
                Spot = _cloud.Spot,
                SpotPrice = size.SpotPrice ?? _cloud.SpotPrice,
                Attempts = _cloud.Attempts ?? _cloud.Places.Count,
                Labels = _cloud.Tags,
                NamePrefix = _cloud.NamePrefix,
            },
            ct
        );
        await ReadAsync(ct);
        Wake();
        return answer is OrderAnswer.Refused(var why) ? why : null;
    }

    /// <summary>Nobody needs it any more. It costs until it is proved gone, and is not forgotten before.</summary>
    public async Task ReleaseAsync(Guid id, string why, CancellationToken ct)
    {
        if (Find(id) is not { IsGone: false, Released: null })
            return;
        await _keeper.ReleaseAsync(id, why, ct);
        Wake();
    }

    /// <summary>The machine as a site of one host, once it is set up.</summary>
    public SshSite HostOf(MachineRecord record)
    {
        var target = _access.Of(record);
        return new()
        {
            Name = $"{_site.Name}-{record.Name}",
            Origin = _site.Origin,
            Hosts = [record.Name],
            SshConfig = target.ConfigFile,
            Identity = target.Identity,
            Root = _site.Root,
            Setup = _site.Setup,
            SetupErrors = _site.SetupErrors,
            Env = _site.Env,
        };
    }

    /// <summary>Brings every machine on, as long as it is not stopped.</summary>
    /// <param name="changed">Called when something may be new.</param>
    public async Task RunAsync(Action changed, CancellationToken ct)
    {
        while (true)
        {
            var next = await _keeper.StepAsync(ct);
            await ReadAsync(ct);
            foreach (var record in _known!.Values)
                Follow(record, changed, ct);
            changed();
            var pause = next - _clock.GetUtcNow();
            pause =
                pause < TimeSpan.FromMilliseconds(200) ? TimeSpan.FromMilliseconds(200)
                : pause > _cloud.Lease / 6 ? _cloud.Lease / 6
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
        _provider.Dispose();
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
        _known = (await _keeper.MachinesAsync(_clock.GetUtcNow() - TimeSpan.FromHours(1), ct)).ToDictionary(record =>
            record.Id
        );

    /// <summary>A machine that boots is set up; one that is ready has its lease renewed each third of it.</summary>
    private void Follow(MachineRecord record, Action changed, CancellationToken ct)
    {
        switch (record.State)
        {
            case Kept.Booting or Kept.Preparing:
                _ = _settingUp.GetOrAdd(record.Id, _ => Task.Run(() => SetUpAsync(record, changed, ct), ct));
                break;
            case Kept.Ready when _clock.GetUtcNow() - _renewed.GetValueOrDefault(record.Id) >= _cloud.Lease / 3:
                _renewed[record.Id] = _clock.GetUtcNow();
                _renewing[record.Id] = Task.Run(() => RenewAsync(record, ct), ct);
                break;
            case Kept.Gone when _renewed.TryRemove(record.Id, out _) && _renewing.TryRemove(record.Id, out _):
                _access.Forget(record);
                break;
        }
    }

    private async Task SetUpAsync(MachineRecord record, Action changed, CancellationToken ct)
    {
        try
        {
            var host = new OpenSshHost(_access.Of(record), SshPatience.Usual);
            await MachineSetup.WaitAsync(host, _clock, ct);
            await _keeper.PreparingAsync(record.Id, "somebody is inside", ct);
            await new MachineSetup
            {
                Lease = _cloud.Lease,
                Swap = _cloud.Swap,
                Gpus = _cloud.Gpus,
            }.RunAsync(host, _ => { }, ct);
            _renewed[record.Id] = _clock.GetUtcNow();
            await _keeper.ReadyAsync(record.Id, "set up", ct);
        }
        catch (UserException fault)
        {
            await _keeper.ReleaseAsync(record.Id, _redactor.Clean(fault.Message), ct);
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
            await MachineSetup.RenewAsync(
                new OpenSshHost(_access.Of(record), SshPatience.Usual.Hurried),
                _cloud.Lease,
                ct
            );
        }
        catch (UserException)
        {
            _renewed.TryRemove(record.Id, out _); // at the next step again
            await _keeper.LookAsync(record.Id, ct);
        }
    }

    private FirstBoot FirstBoot(MachineRecord record)
    {
        var host = HostKey.New();
        return new(
            UserData.For(
                host,
                _publicKey,
                new(_cloud.Boot, _cloud.MaxLife, record.Until),
                _cloud.Packages,
                _cloud.UserData is { } own ? UserData.ReadOwn(own) : null
            ),
            host.PublicText
        );
    }

    private static string User(CloudSettings cloud) =>
        cloud.SshUser ?? (cloud.Provider is CloudProvider.Aws ? "ubuntu" : "root");

    /// <summary>A key for the machines of this gateway, made when it is first needed.</summary>
    private static string OwnKey(string path)
    {
        if (File.Exists(path))
            return path;
        using var keygen = Process.Start(
            new ProcessStartInfo("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "muster", "-f", path])
        )!;
        keygen.WaitForExit();
        return keygen.ExitCode == 0
            ? path
            : throw new UserException(
                $"ssh-keygen could not make a key in {path}",
                "Make one, and name it with `ssh-key-file` of the site."
            );
    }

    private static string PublicHalf(string identity)
    {
        try
        {
            return File.ReadAllText(identity + ".pub").Trim();
        }
        catch (IOException fault)
        {
            throw new UserException(
                $"the public half of {identity} cannot be read: {fault.Message}",
                $"Write it beside the key: ssh-keygen -y -f {identity} >{identity}.pub",
                fault
            );
        }
    }
}
