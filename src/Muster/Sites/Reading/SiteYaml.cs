using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Sites.Clouds;

namespace Muster.Sites.Reading;

/// <summary>Writes a site as the lines of YAML that would make it.</summary>
internal static partial class SiteYaml
{
    public static IReadOnlyList<string> Lines(Site site) =>
        [$"{site.Name}:", .. Keys(site).Select(line => "  " + line)];

    private static IEnumerable<string> Keys(Site site) =>
        site switch
        {
            LocalSite => Common("local", site, []),
            SshSite ssh => Common(
                "ssh",
                site,
                [
                    $"hosts: {List(ssh.Hosts)}",
                    .. Map("roles", ssh.Roles.Select(role => (role.Key, List(role.Value)))),
                    .. Text("this-machine", ssh.ThisMachine),
                    .. Text("ssh-config", ssh.SshConfig),
                    .. Text("identity", ssh.Identity),
                    .. ssh.CheckPairs ? ["check-pairs: true"] : Array.Empty<string>(),
                ]
            ),
            SlurmSite slurm => Common(
                "slurm",
                site,
                [
                    .. Text("host", slurm.Host),
                    .. Text("ssh-config", slurm.SshConfig),
                    .. Text("identity", slurm.Identity),
                    .. Map(
                        "sbatch",
                        slurm.Sbatch.Entries.Select(entry =>
                            (entry.Key, entry.Value is null ? "true" : Word(entry.Value))
                        )
                    ),
                ]
            ),
            CloudSite { Cloud: { Kube: { } kube } cloud } => Common("kubernetes", site, KubeKeysOf(cloud, kube)),
            CloudSite cloud => Common("cloud", site, CloudKeysOf(cloud.Cloud)),
            _ => throw new InvalidOperationException($"a site {site.GetType().Name}"),
        };

    /// <summary>What differs from what would be so anyway.</summary>
    private static List<string> CloudKeysOf(CloudSettings cloud)
    {
        var usual = new CloudSettings
        {
            Site = cloud.Site,
            Provider = cloud.Provider,
            Folder = cloud.Folder,
            Machines = cloud.Machines,
            Limit = cloud.Limit,
            Image = cloud.Image,
        };
        return
        [
            $"provider: {cloud.Provider.ToString().ToLowerInvariant()}",
            .. Secret("token", cloud.Token),
            .. Secret("access-key", cloud.AccessKey),
            .. Secret("secret-key", cloud.SecretKey),
            .. Secret("session-token", cloud.SessionToken),
            .. Text("profile", cloud.Profile),
            .. Text("role", cloud.Role),
            .. Text("project", cloud.Project),
            .. Text("endpoint", cloud.Endpoint?.ToString()),
            .. Block("machines", cloud.Machines.Select(size => $"- {Machine(size)}")),
            $"limit: {cloud.Limit}",
            .. Words("places", cloud.Places),
            .. cloud.Image.Length == 0 ? [] : Text("image", cloud.Image),
            .. Changed("snapshot", cloud.Snapshot, usual.Snapshot),
            .. Words("subnets", cloud.Subnets),
            .. Words("security-groups", cloud.SecurityGroups),
            .. Words("networks", cloud.Networks),
            .. Words("firewalls", cloud.Firewalls),
            .. Text("vpc", cloud.Vpc),
            .. Changed("address", cloud.Address, usual.Address),
            .. Words("ssh-keys", cloud.SshKeys),
            .. Text("ssh-user", cloud.SshUser),
            .. Text("ssh-key-file", cloud.SshKeyFile),
            .. Changed("spot", cloud.Spot, usual.Spot),
            .. Changed("spot-price", cloud.SpotPrice, null),
            .. Changed("spot-fallback", cloud.SpotFallback, usual.SpotFallback),
            .. Changed("disk", cloud.DiskGb, null),
            .. Changed("swap", cloud.Swap, usual.Swap),
            .. Changed("gpus", cloud.Gpus, usual.Gpus),
            .. Words("packages", cloud.Packages),
            .. Text("user-data", cloud.UserData),
            .. Text("engine-script", cloud.EngineScript),
            .. cloud.Registry is { } registry
                ? Block(
                    "registry",
                    [
                        $"url: {Word(registry.Url)}",
                        $"user: {Word(registry.User)}",
                        .. Secret("password", registry.Password),
                    ]
                )
                : [],
            .. Map("tags", cloud.Tags.Select(tag => (Word(tag.Key), Word(tag.Value)))),
            .. cloud.NamePrefix == usual.NamePrefix ? [] : Text("name-prefix", cloud.NamePrefix),
            .. Time("boot", cloud.Boot, usual.Boot),
            .. Time("lease", cloud.Lease, usual.Lease),
            .. Time("idle", cloud.Idle, usual.Idle),
            .. Time("max-life", cloud.MaxLife, usual.MaxLife),
            .. Changed("attempts", cloud.Attempts, null),
            .. Changed("price", cloud.Price, null),
            .. Text("currency", cloud.Currency),
            .. Block(
                "budget",
                [
                    .. Changed("hour", cloud.Budget.Hour, null),
                    .. Changed("day", cloud.Budget.Day, null),
                    .. Changed("month", cloud.Budget.Month, null),
                ]
            ),
            .. Text("give-back", cloud.GiveBack),
            .. Text("host-key", cloud.HostKey),
            .. Map("options", cloud.Options.Select(option => (Word(option.Key), Word(option.Value)))),
            .. Words("create", cloud.Create),
            .. Words("list", cloud.List),
            .. Words("destroy", cloud.Destroy),
        ];
    }

    private static List<string> KubeKeysOf(CloudSettings cloud, KubeSettings kube)
    {
        var usual = new KubeSettings { Root = kube.Root };
        // What a cluster shares with clouds, without the provider, which the kind says.
        var shared = CloudKeysOf(cloud with { Attempts = null, Places = [] }).Skip(1);
        return
        [
            .. Text("kubeconfig", kube.Kubeconfig),
            .. Text("context", kube.Context),
            .. Text("namespace", kube.Namespace),
            .. kube.GpuResource == usual.GpuResource ? [] : Text("gpu-resource", kube.GpuResource),
            .. Map("node-selector", kube.NodeSelector.Select(label => (Word(label.Key), Word(label.Value)))),
            .. Words("tolerations", [.. kube.Tolerations.Select(one => one.ToString())]),
            .. Words("image-pull-secrets", kube.ImagePullSecrets),
            .. Text("service-account", kube.ServiceAccount),
            .. shared,
        ];
    }

    private static string Machine(MachineSize size)
    {
        string[] keys =
        [
            .. Changed("images", size.Images, null),
            $"type: {Word(size.Type)}",
            .. Changed("spot-price", size.SpotPrice, null),
            .. Changed("disk", size.DiskGb, null),
        ];
        return keys.Length == 1 ? Word(size.Type) : $"{{ {string.Join(", ", keys)} }}";
    }

    /// <summary>Where it comes from, and never what it is.</summary>
    private static IEnumerable<string> Secret(string key, Secret? secret) =>
        secret is null ? []
        : Variable().IsMatch(secret.Source) ? [$"{key}: ${{{secret.Source}}}"]
        : Path.IsPathRooted(secret.Source) && key is "token" or "secret-key" ? [$"{key}-file: {Word(secret.Source)}"]
        : throw new UserException(
            $"the value of `{key}` would be stored in the file",
            $"Put it into an environment variable, and write it as {key}=${{VARIABLE}}."
        );

    private static IEnumerable<string> Words(string key, IReadOnlyList<string> words) =>
        words.Count == 0 ? [] : [$"{key}: {List(words)}"];

    private static IEnumerable<string> Changed<T>(string key, T value, T usual) =>
        EqualityComparer<T>.Default.Equals(value, usual)
            ? []
            : [string.Create(CultureInfo.InvariantCulture, $"{key}: {value}").ToLowerInvariant()];

    private static IEnumerable<string> Time(string key, TimeSpan time, TimeSpan usual) =>
        time == usual ? [] : [$"{key}: {(long)time.TotalSeconds}s"];

    private static IEnumerable<string> Common(string kind, Site site, IEnumerable<string> own) =>
        [
            $"kind: {kind}",
            .. own,
            $"root: {Word(site.Root)}",
            .. site.Setup.Count is 1
                ? [$"setup: {Quoted(site.Setup[0])}"]
                : Block("setup", site.Setup.Select(line => $"- {Quoted(line)}")),
            .. site.SetupErrors is SetupErrors.End
                ? []
                : Text("setup-errors", site.SetupErrors.ToString().ToLowerInvariant()),
            .. Map("env", site.Env.Select(entry => (entry.Key, Word(entry.Value)))),
            .. Text("container", site.Container),
            .. Text("runtime", site.Runtime?.ToString().ToLowerInvariant()),
            .. site.Code is CodeMode.Auto ? [] : Text("code", site.Code.ToString().ToLowerInvariant()),
            .. Map("slots", Slots(site.Slots)),
            .. Text("queue", site.Queue),
        ];

    private static IEnumerable<(string Key, string Value)> Slots(HostSlots slots) =>
        new (string, int?, string)[]
        {
            ("cpus", slots.Cpus, ""),
            ("memory", slots.Memory, "M"),
            ("gpus", slots.Gpus, ""),
        }
            .Where(slot => slot.Item2 is not null)
            .Select(slot => (slot.Item1, string.Create(CultureInfo.InvariantCulture, $"{slot.Item2}{slot.Item3}")));

    private static IEnumerable<string> Text(string key, string? value) =>
        value is null ? [] : [$"{key}: {Word(value)}"];

    private static string List(IEnumerable<string> words) => $"[{string.Join(", ", words.Select(Word))}]";

    private static IEnumerable<string> Map(string key, IEnumerable<(string Key, string Value)> entries) =>
        Block(key, entries.Select(entry => $"{entry.Key}: {entry.Value}"));

    private static IEnumerable<string> Block(string key, IEnumerable<string> lines)
    {
        var inner = lines.ToList();
        return inner.Count == 0 ? [] : [$"{key}:", .. inner.Select(line => "  " + line)];
    }

    /// <summary>A value in which <c>${…}</c> stands for itself.</summary>
    private static string Word(string text)
    {
        var literal = text.Replace("${", "$${", StringComparison.Ordinal);
        return Plain().IsMatch(literal) && literal is not ("true" or "false" or "null") ? literal : Quoted(literal);
    }

    private static string Quoted(string text) =>
        "\""
        + text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\t", "\\t", StringComparison.Ordinal)
        + "\"";

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex Variable();

    // What no reader of YAML takes for a number, a time or a word of its own.
    [GeneratedRegex(@"\A(?:~?/[A-Za-z0-9_./@-]*|[A-Za-z][A-Za-z0-9_./@-]*)\z")]
    private static partial Regex Plain();
}
