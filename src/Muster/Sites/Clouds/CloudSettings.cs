namespace Muster.Sites.Clouds;

/// <summary>What the configuration says of a cloud site. A provider reads what it knows.</summary>
public sealed record CloudSettings
{
    /// <summary>The site's name, for messages.</summary>
    public required string Site { get; init; }
    public required CloudProvider Provider { get; init; }

    /// <summary>For Kubernetes, which has a kind of site of its own.</summary>
    public KubeSettings? Kube { get; init; }

    /// <summary>The folder of the file that it is configured in.</summary>
    public required string Folder { get; init; }

    /// <summary>Sizes from the smallest to the largest.</summary>
    public required IReadOnlyList<MachineSize> Machines { get; init; }

    /// <summary>Most machines at once.</summary>
    public required int Limit { get; init; }

    /// <summary>Locations, regions or zones in the order in which they are tried.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>The provider's API at another address than the public one.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Hetzner, DigitalOcean; the secret key of Scaleway.</summary>
    public Secret? Token { get; init; }

    /// <summary>AWS.</summary>
    public Secret? AccessKey { get; init; }
    public Secret? SecretKey { get; init; }
    public Secret? SessionToken { get; init; }
    public string? Profile { get; init; }

    /// <summary>The role that AWS gives to the machines: a name or an ARN.</summary>
    public string? Role { get; init; }

    /// <summary>Scaleway: the project's id.</summary>
    public string? Project { get; init; }
    public required string Image { get; init; }

    /// <summary><see cref="Image"/> is a snapshot of yours.</summary>
    public bool Snapshot { get; init; }
    public IReadOnlyList<string> Subnets { get; init; } = [];
    public IReadOnlyList<string> SecurityGroups { get; init; } = [];
    public IReadOnlyList<string> Networks { get; init; } = [];
    public IReadOnlyList<string> Firewalls { get; init; } = [];
    public string? Vpc { get; init; }

    /// <summary>Which of its addresses a machine is reached by.</summary>
    public MachineAddress Address { get; init; } = MachineAddress.Public;

    /// <summary>Keys at the provider that machines get beside ours: names, ids or fingerprints.</summary>
    public IReadOnlyList<string> SshKeys { get; init; } = [];
    public string? SshUser { get; init; }

    /// <summary>A private key of yours to come in with; null makes one for the fleet.</summary>
    public string? SshKeyFile { get; init; }
    public bool Spot { get; init; }
    public decimal? SpotPrice { get; init; }

    /// <summary>On demand where no spot machine can be had.</summary>
    public bool SpotFallback { get; init; }

    /// <summary>Of the root disk, where the type leaves it open.</summary>
    public int? DiskGb { get; init; }

    /// <summary>The swap file's size as a share of the memory.</summary>
    public decimal Swap { get; init; } = 1;
    public int Gpus { get; init; }
    public IReadOnlyList<string> Packages { get; init; } = [];

    /// <summary>A file of your own for cloud-init.</summary>
    public string? UserData { get; init; }

    /// <summary>The address of a script that installs Docker.</summary>
    public string? EngineScript { get; init; }
    public ImageRegistry? Registry { get; init; }
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
    public string NamePrefix { get; init; } = "muster";

    /// <summary>How long a machine may take until it answers.</summary>
    public TimeSpan Boot { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Nobody renewed it for so long: it switches itself off.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(15);
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(10);
    public TimeSpan MaxLife { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Tries for one machine; null goes once round all places.</summary>
    public int? Attempts { get; init; }

    /// <summary>Per hour, where the provider's own is not to be asked.</summary>
    public decimal? Price { get; init; }
    public string? Currency { get; init; }
    public CloudBudget Budget { get; init; } = new(null, null, null);

    /// <summary>A file with a token that is put on the machine, so that it can delete itself.</summary>
    public string? GiveBack { get; init; }

    /// <summary>How a machine's host key is known that cannot be given one: its fingerprint, or
    /// <c>first-use</c>.</summary>
    public string? HostKey { get; init; }

    /// <summary>
    /// Passed to the provider as they are: <c>placement_group</c>, <c>capacity-reservation</c> and such.
    /// </summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>For <c>exec</c>.</summary>
    public IReadOnlyList<string> Create { get; init; } = [];
    public IReadOnlyList<string> List { get; init; } = [];
    public IReadOnlyList<string> Destroy { get; init; } = [];

    /// <summary>What the commands of <c>exec</c> get.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>All that must not be shown: also variables whose name says so.</summary>
    public IEnumerable<Secret> Secrets =>
        ((Secret?[])[Token, AccessKey, SecretKey, SessionToken, Registry?.Password])
            .OfType<Secret>()
            .Concat(
                Env.Where(pair => pair.Value.Length > 0 && Telling.Any(pair.Key.ToUpperInvariant().Contains))
                    .Select(pair => new Secret(pair.Value, pair.Key))
            );

    private static readonly string[] Telling = ["TOKEN", "SECRET", "PASS", "KEY", "CREDENTIAL"];

    /// <summary>How messages name the site.</summary>
    public override string ToString() => $"site {Site}";
}

/// <summary>Who makes the machines.</summary>
public enum CloudProvider
{
    Hetzner,
    DigitalOcean,
    Scaleway,
    Aws,
    Exec,
    Kubernetes,
}

/// <summary>Which machine is taken for work of which size.</summary>
/// <param name="Images">At most so many images; null for the rest.</param>
/// <param name="Type">The provider's word.</param>
public sealed record MachineSize(int? Images, string Type, decimal? SpotPrice = null, int? DiskGb = null);

/// <summary>How a machine is reached.</summary>
public enum MachineAddress
{
    Public,
    Private,
}

/// <summary>Where container images come from, with the login.</summary>
public sealed record ImageRegistry(string Url, string User, Secret Password);

/// <summary>What a site may cost.</summary>
public sealed record CloudBudget(decimal? Hour, decimal? Day, decimal? Month);
