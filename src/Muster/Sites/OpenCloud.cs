using System.Diagnostics;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites.Clouds;
using Muster.Sites.Clouds.Keeping;
using Muster.Sites.Clouds.Kubernetes;
using Muster.Storage;

namespace Muster.Sites;

/// <summary>
/// A cloud site ready for use: its machines are ordered, set up once they boot, reached under their own key, kept alive
/// by their lease, and given back until they are proved gone.
/// </summary>
public sealed class OpenCloud : IDisposable
{
    /// <summary>How images of a registry may be written.</summary>
    private const string Registry = "docker://";

    private readonly Lazy<ICloud> _provider;
    private readonly Lazy<MachineStore> _store;
    private readonly Lazy<MachineKeeper> _keeper;
    private readonly Lazy<MachineAccess> _access;
    private readonly PodAccess? _pods;
    private readonly Redactor _redactor;
    private readonly TimeProvider _clock;
    private readonly string _folder;

    /// <param name="folder">A private one, for records and keys.</param>
    public OpenCloud(CloudSite site, string folder, string sockets, TimeProvider clock)
    {
        (Site, _folder, _clock) = (site, folder, clock);
        _redactor = new(Settings.Secrets);
        _provider = new(() => CloudProviders.Open(Settings, clock));
        _store = new(() =>
        {
            PrivateFolder.Make(folder);
            return new(StoreFile);
        });
        _keeper = new(() =>
            new(
                _provider.Value,
                _store.Value,
                new()
                {
                    Site = site.Name,
                    Limit = Settings.Limit,
                    HourBudget = Settings.Budget.Hour,
                    DayBudget = Settings.Budget.Day,
                    MonthBudget = Settings.Budget.Month,
                    FirstBoot = FirstBoot,
                    Redact = _redactor.Clean,
                    Boot = Settings.Boot,
                    // A cluster shows what it has at once, and lets no request take longer than a minute.
                    Grace = IsCluster ? TimeSpan.FromSeconds(90) : TimeSpan.FromMinutes(10),
                    Settling = IsCluster ? TimeSpan.Zero : TimeSpan.FromMinutes(2),
                },
                clock,
                Pause.Usual
            )
        );
        if (IsCluster)
            _pods = new(AccessFolder, () => Cluster);
        _access = new(() =>
        {
            PrivateFolder.Make(folder);
            return new(
                AccessFolder,
                sockets,
                Settings.SshKeyFile ?? OwnKey(Path.Combine(folder, "key")),
                User(Settings)
            )
            {
                IsPrivate = Settings.Address is MachineAddress.Private,
            };
        });
    }

    public CloudSite Site { get; }
    public CloudSettings Settings => Site.Cloud;
    public ICloud Provider => _provider.Value;

    /// <summary>Machines are pods: they are reached through their cluster, and not by SSH.</summary>
    public bool IsCluster => Settings.Kube is not null;
    public MachineKeeper Keeper => _keeper.Value;

    /// <summary>Whether a machine was ever ordered from here.</summary>
    public bool IsUsed => File.Exists(StoreFile);

    /// <summary>Names of the machines that can be signed in to, without asking anybody.</summary>
    public IReadOnlyList<string> Hosts =>
        Directory.Exists(AccessFolder)
            ? [.. Directory.EnumerateFiles(AccessFolder, "*.conf").Select(Path.GetFileNameWithoutExtension).Order()!]
            : [];

    /// <summary>How a machine is reached; null for one that is not there, or no longer.</summary>
    public IHost? HostAt(string host, SshPatience patience) =>
        !Hosts.Contains(host) ? null
        : _pods is not null ? _pods.Known(host)
        : new OpenSshHost(_access.Value.Known(host), patience);

    /// <summary>Whether nobody needs to ask a machine any more: it is gone, or on its way out.</summary>
    public async Task<bool> HasGoneAsync(string host, CancellationToken ct) =>
        !Hosts.Contains(host)
        || (await MachinesAsync(ct)).Any(record =>
            record.Name == host && record.State is (MachineState.Destroying or MachineState.Gone)
        );

    /// <summary>Machines that are not proved gone, and those that went in the last hour.</summary>
    public Task<IReadOnlyList<MachineRecord>> MachinesAsync(CancellationToken ct) =>
        MachinesAsync(_clock.GetUtcNow() - TimeSpan.FromHours(1), ct);

    /// <summary>Machines that are not proved gone, and those that went since then.</summary>
    public Task<IReadOnlyList<MachineRecord>> MachinesAsync(DateTimeOffset since, CancellationToken ct) =>
        _store.Value.ReadAsync(Site.Name, since, ct);

    /// <summary>What the provider says and only its owner can mend: a token, a right, an account.</summary>
    public async Task<string?> RefusalAsync(CancellationToken ct) =>
        (await _store.Value.StandingAsync(Site.Name, ct))
            .Pauses.FirstOrDefault(pause => IsFinal(pause.Fault) && pause.Until > _clock.GetUtcNow())
            ?.Words;

    public static bool IsFinal(CloudFault fault) =>
        fault is CloudFault.BadCredentials or CloudFault.NoPermission or CloudFault.Account;

    /// <summary>The mark of everything that is made from here.</summary>
    public Task<string> FleetAsync(CancellationToken ct) => _store.Value.FleetAsync(ct);

    /// <summary>Orders a machine. The same id again is the same order.</summary>
    /// <param name="purpose">What it is for, for whoever reads the list of machines.</param>
    /// <param name="image">In place of the site's.</param>
    public Task<OrderAnswer> OrderAsync(
        Guid id,
        MachineSize size,
        string purpose,
        CancellationToken ct,
        string? image = null
    ) =>
        Keeper.OrderAsync(
            new()
            {
                Id = id,
                Type = size.Type,
                Image = image ?? Settings.Image,
                Places = IsCluster ? [Cluster.Namespace] : [.. Settings.Places.DefaultIfEmpty("")],
                Life = Settings.MaxLife,
                PublicKey = IsCluster ? "" : PublicHalf(_access.Value.Identity!),
                Purpose = purpose,
                DiskGb = size.DiskGb ?? Settings.DiskGb,
                Spot = Settings.Spot,
                SpotPrice = size.SpotPrice ?? Settings.SpotPrice,
                Attempts = Settings.Attempts ?? Settings.Places.Count,
                Labels = Settings.Tags,
                NamePrefix = Settings.NamePrefix,
            },
            ct
        );

    /// <summary>The name that a machine will have.</summary>
    public string NameOf(Guid id) => MachineOrder.NameOf(Settings.NamePrefix, id);

    /// <summary>
    /// What a pod for a run is made of: the run's container, or the site's image. Null where machines have an image of
    /// their own, and run containers inside.
    /// </summary>
    public string? ImageFor(string? container)
    {
        if (!IsCluster)
            return null;
        var image = container ?? Settings.Image;
        if (image.StartsWith(Registry, StringComparison.Ordinal))
            image = image[Registry.Length..];
        return
            Uri.TryCreate(image, UriKind.Absolute, out var other) && image.Contains("://", StringComparison.Ordinal)
            || image is ['/' or '.' or '~', ..]
            ? throw new UserException(
                $"{Site.Name} pulls images by itself, and '{image}' is none of a registry",
                "Push the image to a registry that the cluster reaches, and name it as there: --container REGISTRY/NAME:TAG"
            )
            : image;
    }

    /// <summary>
    /// What a pod for a run asks for, where that is the run's to say; null where types are the provider's.
    /// </summary>
    /// <param name="wanted">A size by itself, or nothing.</param>
    public string? TypeFor(string? wanted, int? cpus, int? memoryMb, int? gpus)
    {
        if (!IsCluster)
            return null;
        if (wanted is not null)
            return PodSize.Parse(wanted)?.ToString();
        var usual = PodSize.Parse(Settings.Machines[0].Type)!;
        return cpus is null && memoryMb is null && gpus is null
            ? null
            : new PodSize(cpus ?? usual.Cpus, memoryMb ?? usual.MemoryMb, gpus ?? usual.Gpus).ToString();
    }

    /// <summary>What a machine of that type costs an hour where it is dearest; null where that is not known.</summary>
    public async Task<CloudPrice?> PriceAsync(string type, CancellationToken ct) =>
        (await Provider.PricesAsync(ct))
            .Where(price => price.IsOf(type) && (Settings.Places.Count == 0 || Settings.Places.Contains(price.Place)))
            .MaxBy(price => price.PerHour);

    /// <summary>The machine as a site of one host.</summary>
    public Site HostOf(MachineRecord record)
    {
        if (_pods is not null)
            return new PodSite(_pods.Of(record.Name, record.Machine!))
            {
                Name = $"{Site.Name}-{record.Name}",
                Origin = Site.Origin,
                Root = Site.Root,
                Setup = Site.Setup,
                SetupErrors = Site.SetupErrors,
                Env = Site.Env,
            };
        var target = _access.Value.Of(record);
        return new SshSite
        {
            Name = $"{Site.Name}-{record.Name}",
            Origin = Site.Origin,
            Hosts = [record.Name],
            SshConfig = target.ConfigFile,
            Identity = target.Identity,
            Root = Site.Root,
            Setup = Site.Setup,
            SetupErrors = Site.SetupErrors,
            Env = Site.Env,
        };
    }

    /// <summary>Waits until a machine that boots answers, and sets it up; one that cannot be is given back.</summary>
    /// <returns>Why it could not be; null when it is ready.</returns>
    public async Task<string?> SetUpAsync(MachineRecord record, Action<string> said, CancellationToken ct)
    {
        try
        {
            var host = Reach(record, SshPatience.Usual);
            if (IsCluster)
            {
                await PodSetup.RunAsync(host, LeaseFolder(record)!, Settings.Lease, _clock, ct);
                await Keeper.ReadyAsync(record.Id, "ready for work", ct);
                return null;
            }
            await MachineSetup.WaitAsync(host, _clock, ct);
            await Keeper.PreparingAsync(record.Id, "somebody is inside", ct);
            await new MachineSetup
            {
                Lease = Settings.Lease,
                EngineScript = Settings.EngineScript,
                Registry = Settings.Registry,
                Swap = Settings.Swap,
                Gpus = Settings.Gpus,
            }.RunAsync(host, said, ct);
            await Keeper.ReadyAsync(record.Id, "set up", ct);
            return null;
        }
        catch (UserException fault)
        {
            var why = _redactor.Clean(fault.Message);
            await Keeper.ReleaseAsync(record.Id, why, ct);
            return why;
        }
    }

    /// <summary>The machine switches itself off if nobody comes again within that time.</summary>
    public Task RenewAsync(MachineRecord record, TimeSpan lease, CancellationToken ct) =>
        MachineSetup.RenewAsync(Reach(record, SshPatience.Usual.Hurried), lease, ct, LeaseFolder(record));

    /// <summary>Renews a machine's lease from within, as long as a run on it goes on.</summary>
    /// <param name="hold">How long it stays after that, for the results.</param>
    public async Task HoldAsync(MachineRecord record, string run, TimeSpan hold, CancellationToken ct) =>
        await Reach(record, SshPatience.Usual)
            .GetAsync(
                ShellText.Script(
                    "Sites/Clouds/hold.sh",
                    [
                        Site.Root,
                        run,
                        $"{(long)Settings.Lease.TotalSeconds}",
                        $"{(long)hold.TotalSeconds}",
                        LeaseFolder(record) ?? "",
                    ]
                ),
                "prolonging the machine's lease",
                ct
            );

    /// <summary>It is proved gone: nobody signs in to it any more.</summary>
    public void Forget(MachineRecord record)
    {
        if (_pods is not null)
            _pods.Forget(record.Name);
        else
            _access.Value.Forget(record);
    }

    public void Dispose()
    {
        if (_provider.IsValueCreated)
            _provider.Value.Dispose();
    }

    private string StoreFile => Path.Combine(_folder, "clouds.db");
    private string AccessFolder => Path.Combine(_folder, "ssh");

    private KubeCloud Cluster => (KubeCloud)Provider;

    private IHost Reach(MachineRecord record, SshPatience patience) =>
        _pods is not null
            ? _pods.Of(record.Name, record.Machine!)
            : new OpenSshHost(_access.Value.Of(record), patience);

    /// <summary>Where a pod's lease is; null for a machine, which has it in its system.</summary>
    private string? LeaseFolder(MachineRecord record) => IsCluster ? $"{Site.Root}/leases/{record.Name}" : null;

    private FirstBoot FirstBoot(MachineRecord record)
    {
        var lease = new LeaseTimes(Settings.Boot, Settings.MaxLife, record.Until);
        if (LeaseFolder(record) is { } folder)
            return new(KubeCloud.Command(folder, lease), "");
        var host = HostKey.New();
        return new(
            UserData.For(
                host,
                PublicHalf(_access.Value.Identity!),
                lease,
                Settings.Packages,
                Settings.UserData is { } own ? UserData.ReadOwn(own) : null
            ),
            host.PublicText
        );
    }

    private static string User(CloudSettings cloud) =>
        cloud.SshUser ?? (cloud.Provider is CloudProvider.Aws ? "ubuntu" : "root");

    /// <summary>A key for the machines of this fleet, made when it is first needed.</summary>
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
