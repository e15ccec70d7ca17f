using Muster.Configuration;
using Muster.Sites.Clouds;

namespace Muster.Sites.Reading;

/// <summary>The keys of a cloud site, and which providers have them.</summary>
internal static class CloudKeys
{
    private static readonly string[] Cloud = ["cloud"],
        Both = ["cloud", "kubernetes"];

    /// <summary>Keys that mean the same of pods.</summary>
    private static readonly string[] Shared =
    [
        "machines",
        "limit",
        "image",
        "disk",
        "tags",
        "name-prefix",
        "boot",
        "lease",
        "idle",
        "max-life",
        "price",
        "currency",
        "budget",
    ];

    // In the order in which the schema lists them.
    private static readonly List<ConfigKey> _all = [];
    private static readonly Dictionary<ConfigKey, CloudProvider[]> _providers = [];

    public static readonly ConfigKey<CloudProvider> Provider = Key(
        "provider",
        ConfigShape.Choice(except: CloudProvider.Kubernetes),
        "who makes the machines"
    );
    public static readonly ConfigKey<Secret> Token = Key(
        "token",
        CloudShapes.Secret,
        "the provider's token, as ${VARIABLE}; for Scaleway the secret key",
        CloudProvider.Hetzner,
        CloudProvider.DigitalOcean,
        CloudProvider.Scaleway
    );
    public static readonly ConfigKey<Secret> TokenFile = Key(
        "token-file",
        CloudShapes.SecretFile,
        "a file that holds the token",
        CloudProvider.Hetzner,
        CloudProvider.DigitalOcean,
        CloudProvider.Scaleway
    );
    public static readonly ConfigKey<Secret> AccessKey = Key(
        "access-key",
        CloudShapes.Secret,
        "the access key; without one, the usual places are looked at",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<Secret> SecretKey = Key(
        "secret-key",
        CloudShapes.Secret,
        "the secret key, as ${VARIABLE}",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<Secret> SecretKeyFile = Key(
        "secret-key-file",
        CloudShapes.SecretFile,
        "a file that holds the secret key",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<Secret> SessionToken = Key(
        "session-token",
        CloudShapes.Secret,
        "the third part of temporary credentials",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<string> Profile = Key(
        "profile",
        CloudShapes.Word,
        "a profile of the AWS configuration files",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<string> Role = Key(
        "role",
        CloudShapes.Word,
        "the role that machines get: an instance profile's name or ARN",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<string> Project = Key(
        "project",
        CloudShapes.Word,
        "the id of the project",
        CloudProvider.Scaleway
    );
    public static readonly ConfigKey<Uri> Endpoint = Key(
        "endpoint",
        CloudShapes.Endpoint,
        "the provider's API at another address, for tests",
        CloudProvider.Hetzner,
        CloudProvider.DigitalOcean,
        CloudProvider.Scaleway,
        CloudProvider.Aws
    );
    public static readonly ConfigKey<IReadOnlyList<MachineSize>> Machines = Key(
        "machines",
        CloudShapes.Machines,
        "the types of machines, from the smallest to the largest"
    );
    public static readonly ConfigKey<int> Limit = Key("limit", ConfigShape.Count, "the most machines at once");
    public static readonly ConfigKey<IReadOnlyList<string>> Places = Key(
        "places",
        CloudShapes.Words,
        "locations, regions or zones in the order in which they are tried"
    );
    public static readonly ConfigKey<string> Image = Key("image", CloudShapes.Word, "the image of the machines");
    public static readonly ConfigKey<bool> Snapshot = Key(
        "snapshot",
        ConfigShape.Flag,
        "whether the image is a snapshot of yours",
        CloudProvider.Hetzner,
        CloudProvider.DigitalOcean
    );
    public static readonly ConfigKey<IReadOnlyList<string>> Subnets = Key(
        "subnets",
        CloudShapes.Words,
        "ids of subnets, one for each zone",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<IReadOnlyList<string>> SecurityGroups = Key(
        "security-groups",
        CloudShapes.Words,
        "names or ids of security groups",
        CloudProvider.Aws,
        CloudProvider.Scaleway
    );
    public static readonly ConfigKey<IReadOnlyList<string>> Networks = Key(
        "networks",
        CloudShapes.Words,
        "names or ids of private networks",
        CloudProvider.Hetzner
    );
    public static readonly ConfigKey<IReadOnlyList<string>> Firewalls = Key(
        "firewalls",
        CloudShapes.Words,
        "names or ids of firewalls; they must let SSH in",
        CloudProvider.Hetzner
    );
    public static readonly ConfigKey<string> Vpc = Key(
        "vpc",
        CloudShapes.Word,
        "the id of the virtual network",
        CloudProvider.Aws,
        CloudProvider.DigitalOcean
    );
    public static readonly ConfigKey<MachineAddress> Address = Key(
        "address",
        ConfigShape.Choice<MachineAddress>(),
        "which address machines are reached by"
    );
    public static readonly ConfigKey<IReadOnlyList<string>> SshKeys = Key(
        "ssh-keys",
        CloudShapes.Words,
        "keys at the provider that machines get too: names, ids or fingerprints",
        CloudProvider.Hetzner,
        CloudProvider.DigitalOcean,
        CloudProvider.Aws
    );
    public static readonly ConfigKey<string> SshUser = Key("ssh-user", CloudShapes.Word, "who signs in to machines");
    public static readonly ConfigKey<string> SshKeyFile = Key(
        "ssh-key-file",
        ConfigShape.LocalPath,
        "a private key to sign in with; without one, Muster makes one"
    );
    public static readonly ConfigKey<bool> Spot = Key(
        "spot",
        ConfigShape.Flag,
        "whether to take spot machines",
        CloudProvider.Aws,
        CloudProvider.Exec
    );
    public static readonly ConfigKey<decimal> SpotPrice = Key(
        "spot-price",
        CloudShapes.Amount,
        "the most to pay for a spot machine per hour",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<bool> SpotFallback = Key(
        "spot-fallback",
        ConfigShape.Flag,
        "whether to take machines on demand where there are no spot machines",
        CloudProvider.Aws
    );
    public static readonly ConfigKey<int> Disk = Key(
        "disk",
        ConfigShape.Count,
        "the root disk's size in GB",
        CloudProvider.Aws,
        CloudProvider.Scaleway,
        CloudProvider.Exec
    );
    public static readonly ConfigKey<decimal> Swap = Key(
        "swap",
        CloudShapes.Amount,
        "the swap file's size as a multiple of the memory; 0 for none"
    );
    public static readonly ConfigKey<int> Gpus = Key("gpus", ConfigShape.Count, "how many GPUs each machine must have");
    public static readonly ConfigKey<IReadOnlyList<string>> Packages = Key(
        "packages",
        CloudShapes.Words,
        "packages to install, such as docker.io"
    );
    public static readonly ConfigKey<string> UserData = Key(
        "user-data",
        ConfigShape.LocalPath,
        "a file of your own for cloud-init: #cloud-config or a script"
    );
    public static readonly ConfigKey<string> EngineScript = Key(
        "engine-script",
        CloudShapes.Word,
        "the address of a script that installs Docker"
    );
    public static readonly ConfigKey<ImageRegistry> Registry = Key(
        "registry",
        CloudShapes.Registry,
        "the login of a registry of container images"
    );
    public static readonly ConfigKey<IReadOnlyDictionary<string, string>> Tags = Key(
        "tags",
        CloudShapes.Tags,
        "labels of your own for the machines or pods"
    );
    public static readonly ConfigKey<string> NamePrefix = Key(
        "name-prefix",
        CloudShapes.NamePrefix,
        "how names of machines begin"
    );
    public static readonly ConfigKey<TimeSpan> Boot = Key(
        "boot",
        CloudShapes.Time,
        "how long a machine may take until it answers"
    );
    public static readonly ConfigKey<TimeSpan> Lease = Key(
        "lease",
        CloudShapes.Time,
        "a machine that nobody renews for so long switches itself off"
    );
    public static readonly ConfigKey<TimeSpan> Idle = Key(
        "idle",
        CloudShapes.Time,
        "how long a machine stays without work"
    );
    public static readonly ConfigKey<TimeSpan> MaxLife = Key(
        "max-life",
        CloudShapes.Time,
        "how long a machine lives at most"
    );
    public static readonly ConfigKey<int> Attempts = Key(
        "attempts",
        ConfigShape.Count,
        "how often a machine is asked for; without it, once in each place"
    );
    public static readonly ConfigKey<decimal> Price = Key(
        "price",
        CloudShapes.Amount,
        "what a machine costs per hour, in place of the provider's own prices"
    );
    public static readonly ConfigKey<string> Currency = Key(
        "currency",
        CloudShapes.Currency,
        "the currency of the price"
    );
    public static readonly ConfigKey<CloudBudget> Budget = Key(
        "budget",
        CloudShapes.Budget,
        "the most to spend in an hour, a day and a month"
    );
    public static readonly ConfigKey<string> GiveBack = Key(
        "give-back",
        ConfigShape.LocalPath,
        "a file with a token that is put on the machines, so that they can delete themselves",
        CloudProvider.Hetzner,
        CloudProvider.DigitalOcean,
        CloudProvider.Scaleway
    );
    public static readonly ConfigKey<string> HostKey = Key(
        "host-key",
        CloudShapes.HostKey,
        "how to check machines that cannot be given a host key: a fingerprint, or first-use"
    );
    public static readonly ConfigKey<IReadOnlyDictionary<string, string>> Options = Key(
        "options",
        CloudShapes.Tags,
        "passed on to the provider"
    );
    public static readonly ConfigKey<IReadOnlyList<string>> Create = Key(
        "create",
        ConfigShape.List(ConfigShape.Text),
        "your command that makes a machine",
        CloudProvider.Exec
    );
    public static readonly ConfigKey<IReadOnlyList<string>> List = Key(
        "list",
        ConfigShape.List(ConfigShape.Text),
        "your command that lists the machines",
        CloudProvider.Exec
    );
    public static readonly ConfigKey<IReadOnlyList<string>> Destroy = Key(
        "destroy",
        ConfigShape.List(ConfigShape.Text),
        "your command that ends a machine",
        CloudProvider.Exec
    );

    public static IReadOnlyList<ConfigKey> All => _all;

    /// <summary>The providers that have the key; null for all.</summary>
    public static IReadOnlyList<CloudProvider>? ProvidersOf(ConfigKey key) => _providers.GetValueOrDefault(key);

    /// <summary>What is known of <c>options</c>; null where anything is passed on.</summary>
    public static IReadOnlyDictionary<string, Func<string, bool>>? OptionsOf(CloudProvider provider) =>
        provider switch
        {
            CloudProvider.Hetzner => HetznerOptions,
            CloudProvider.DigitalOcean => OceanOptions,
            CloudProvider.Scaleway => ScalewayOptions,
            CloudProvider.Aws => AwsOptions,
            _ => null,
        };

    /// <summary>Whether a key of a site holds a secret, of which only the variable is written.</summary>
    public static bool IsSecret(string key) => Secrets.Contains(key);

    /// <summary>A value that is never shown.</summary>
    /// <param name="path">Such as <c>sites.burst.token</c>.</param>
    public static bool IsSecretPath(string path) =>
        Secrets.Any(key => path.EndsWith($".{key}", StringComparison.Ordinal));

    private static readonly string[] Secrets =
    [
        Token.Name,
        AccessKey.Name,
        SecretKey.Name,
        SessionToken.Name,
        "registry.password",
    ];

    private static readonly Dictionary<string, Func<string, bool>> HetznerOptions = new()
    {
        ["placement_group"] = value => value.Length is > 0 and < 17 && value.All(char.IsAsciiDigit),
        ["ipv4"] = IsFlag,
        ["ipv6"] = IsFlag,
    };
    private static readonly Dictionary<string, Func<string, bool>> OceanOptions = new()
    {
        ["ipv6"] = IsFlag,
        ["monitoring"] = IsFlag,
        ["public-ip"] = IsFlag,
    };
    private static readonly Dictionary<string, Func<string, bool>> ScalewayOptions = new()
    {
        ["volume-type"] = value => value is "sbs_volume" or "l_ssd" or "scratch",
    };
    private static readonly Dictionary<string, Func<string, bool>> AwsOptions = new()
    {
        ["ebs-optimized"] = IsFlag,
        ["encrypted"] = IsFlag,
        ["metadata-hops"] = value => value.Length is 1 or 2 && value.All(char.IsAsciiDigit),
        ["monitoring"] = IsFlag,
        ["public-ip"] = IsFlag,
        ["root-device"] = value => value.StartsWith("/dev/", StringComparison.Ordinal),
        ["volume-type"] = value => value.All(char.IsAsciiLetterOrDigit),
    };

    private static bool IsFlag(string value) => value is "true" or "false";

    private static ConfigKey<T> Key<T>(
        string name,
        ConfigShape<T> shape,
        string meaning,
        params CloudProvider[] providers
    )
    {
        var key = new ConfigKey<T>(name, shape, meaning) { Kinds = Shared.Contains(name) ? Both : Cloud };
        _all.Add(key);
        if (providers.Length > 0)
            _providers[key] = providers;
        return key;
    }
}
