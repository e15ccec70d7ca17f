using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Schedulers.Slurm;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Import;

/// <summary>Reads a configuration of DROIDSLAMCLI: a cluster, and what its jobs are given.</summary>
public sealed class DroidSlamFile
{
    private static readonly ConfigKey<IReadOnlyDictionary<string, string>> Parameters = new(
        "parameters",
        ConfigShape.Map("a parameter", name => name.Length > 0, ConfigShape.Text),
        "more flags of the program"
    );
    private static readonly ConfigKey<IReadOnlyList<string>> Extra = new(
        "extra",
        ConfigShape.List(ConfigShape.Text),
        "more options of sbatch"
    );
    private static readonly ConfigKey<IReadOnlyList<string>> Compulsory = new(
        "compulsory",
        ConfigShape.List(ConfigShape.Text),
        "what this cluster asks of every job, such as account"
    );

    private static readonly Dictionary<string, IReadOnlyList<ConfigKey>> Sections = new()
    {
        ["connection"] = Texts("host", "port", "user", "identityFile", "knownHosts", "jumpHost"),
        ["remote"] = Texts("base", "stageOn"),
        ["slurm"] =
        [
            .. Texts(
                "account",
                "partition",
                "timeLimit",
                "gpuType",
                "gpuCount",
                "cpusPerTask",
                "mem",
                "qos",
                "constraint",
                "reservation",
                "mailUser",
                "mailType",
                "signalBeforeEnd",
                "requeue"
            ),
            Extra,
            Compulsory,
        ],
        ["container"] = Texts("runtime", "image", "setup", "cacheDir", "tmpDir"),
        ["source"] = Texts("repository", "ref", "profile"),
        ["infer"] =
        [
            .. Texts("imageDir", "calibration", "weights", "stride", "t0", "buffer", "asynchronous", "timestamps"),
            Parameters,
        ],
        ["train"] = [.. Texts("dataset", "layout", "name", "gpus", "steps", "lr", "resume"), Parameters],
        ["export"] = Texts(
            "preset",
            "threshold",
            "count",
            "minDispRatio",
            "meanScope",
            "subsample",
            "neighbours",
            "voxel",
            "maxDepth",
            "keyframes",
            "scale",
            "ply",
            "timestamps",
            "out"
        ),
    };

    private static readonly string[] Unused =
    [
        "connection.port",
        "connection.knownHosts",
        "connection.jumpHost",
        "container.cacheDir",
        "container.tmpDir",
        "source.profile",
    ];

    private readonly Dictionary<string, string> _values = [];
    private readonly string _path;

    private DroidSlamFile(string path) => _path = path;

    private IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> _parameters =
        new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>What stands under <c>parameters</c> of infer or train.</summary>
    public IReadOnlyDictionary<string, string> ParametersOf(string kind) =>
        _parameters.GetValueOrDefault(kind) ?? new Dictionary<string, string>();

    /// <summary>The options of sbatch that every job there must have.</summary>
    public IReadOnlyList<string> Asked { get; private set; } = [];
    public IReadOnlyList<string> Warnings { get; private set; } = [];
    public required SlurmSite Site { get; init; }

    /// <summary>
    /// The value under a path such as <c>infer.imageDir</c>; a variable such as <c>DROIDSLAM_INFER_IMAGEDIR</c> comes
    /// before the file.
    /// </summary>
    public string? Find(string key) => _values.GetValueOrDefault(key);

    /// <summary>A path in it, on this machine: a relative one begins at the file.</summary>
    public string Local(string path, ConfigSources sources) => sources.LocalPath(path, Path.GetDirectoryName(_path)!);

    internal static bool Fits(YamlMappingNode map) =>
        map.Children.Keys.OfType<YamlScalarNode>().Any(key => key.Value is "connection" or "slurm");

    public static DroidSlamFile Read(string path, ConfigSources sources)
    {
        var full = Path.GetFullPath(path, sources.Folder);
        var file = new ConfigFile(full, sources);
        var values = new Dictionary<string, string>();
        var parameters = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        IReadOnlyList<string> extra = [],
            asked = [];
        if (file.Load() is { } root && ConfigShape.Pairs(root, file, out var pairs))
        {
            foreach (var (name, node) in pairs)
            {
                if (!Sections.TryGetValue(name.Value!, out var keys))
                {
                    file.Mistake(name, $"unknown key '{name.Value}'{Nearest.DidYouMean(name.Value!, Sections.Keys)}");
                    continue;
                }
                if (ConfigShape.IsNull(node))
                    continue;
                var section = ConfigSection.Read(node, file, keys, "", name.Value!);
                foreach (var key in keys.OfType<ConfigKey<string>>().Where(key => section.Has(key)))
                    values[$"{name.Value}.{key.Name}"] = section.Get(key, "");
                if (section.Has(Parameters))
                    parameters[name.Value!] = section.Get(Parameters, new Dictionary<string, string>());
                if (name.Value is "slurm")
                    (extra, asked) = (section.Get(Extra, extra), section.Get(Compulsory, asked));
            }
        }
        if (file.Mistakes.Count > 0)
            throw new ConfigException(file.Mistakes, "muster as droidslamcli keys");
        foreach (
            var (section, key) in Sections.SelectMany(entry =>
                entry.Value.OfType<ConfigKey<string>>().Select(key => (entry.Key, key.Name))
            )
        )
        {
            if (sources.Find($"DROIDSLAM_{section}_{key}".ToUpperInvariant()) is { } value)
                values[$"{section}.{key}"] = value;
        }
        var site = SiteOf(full, values, extra, sources);
        var read = new DroidSlamFile(full)
        {
            Site = site,
            _parameters = parameters,
            Asked = asked,
            Warnings = [.. WarningsOf(path, values), .. site.Sbatch.Warnings.Select(warning => $"{path}: {warning}")],
        };
        foreach (var (key, value) in values)
            read._values[key] = value;
        return read;
    }

    /// <summary>Every key, such as <c>slurm.timeLimit</c>.</summary>
    public static IEnumerable<string> Keys =>
        Sections.SelectMany(section => section.Value.Select(key => $"{section.Key}.{key.Name}"));

    private static SlurmSite SiteOf(
        string path,
        Dictionary<string, string> values,
        IReadOnlyList<string> extra,
        ConfigSources sources
    )
    {
        var missing = new[] { "connection.host", "connection.user" }.Where(key => !values.ContainsKey(key)).ToList();
        if (missing.Count > 0)
            throw new UserException(
                $"{path} lacks {string.Join(" and ", missing)}",
                "Add what is missing: the login node, and your name there."
            );
        var host = $"{values["connection.user"]}@{values["connection.host"]}";
        if (!SiteNames.IsHost(host))
            throw new UserException(
                $"{path}: '{ConfigFile.Flat(host)}' is not a host that ssh understands",
                "Correct `connection.host` and `connection.user`."
            );
        var name = Path.GetFileNameWithoutExtension(path);
        if (!SiteNames.IsName(name))
            throw new UserException(
                $"a site cannot be named '{name}' after its file {path}",
                "Rename the file: use letters, digits and . _ @ -."
            );
        return new()
        {
            Name = name,
            Origin = new(path),
            Host = host,
            Root = RootOf(values.GetValueOrDefault("remote.base") ?? "~/droidslam", path),
            SshConfig = sources.Find("MUSTER_SSH_CONFIG") is { } config
                ? sources.LocalPath(config, sources.Folder)
                : null,
            Identity = values.TryGetValue("connection.identityFile", out var key)
                ? sources.LocalPath(key, Path.GetDirectoryName(path)!)
                : null,
            // Such as `module load apptainer`: where it is no program of the system.
            Setup = values.TryGetValue("container.setup", out var line) ? [line] : [],
            Sbatch = SbatchOf(values, extra, path),
        };
    }

    private static SbatchOptions SbatchOf(Dictionary<string, string> values, IReadOnlyList<string> extra, string path)
    {
        (string Key, string Option)[] names =
        [
            ("account", "account"),
            ("partition", "partition"),
            ("qos", "qos"),
            ("constraint", "constraint"),
            ("reservation", "reservation"),
            ("mailUser", "mail-user"),
            ("mailType", "mail-type"),
            ("requeue", "requeue"),
        ];
        try
        {
            var options = names
                .Where(name => values.ContainsKey("slurm." + name.Key))
                .Aggregate(SbatchOptions.None, (all, name) => all.With(name.Option, values["slurm." + name.Key]));
            if (values.TryGetValue("slurm.timeLimit", out var time) && TimeLimit.TryParse(time, out _))
                options = options.With("time", time);
            return extra
                .Select(word => word.TrimStart('-').Split('=', 2))
                .Aggregate(options, (all, word) => all.With(word[0], word.ElementAtOrDefault(1)));
        }
        catch (UserException fault)
        {
            throw new UserException($"{path}: {fault.Message}", fault.Fix, fault);
        }
    }

    private static string RootOf(string folder, string path)
    {
        var root = folder.TrimEnd('/');
        foreach (var home in (string[])["$HOME", "${HOME}"])
        {
            if (root == home || root.StartsWith(home + "/", StringComparison.Ordinal))
                root = "~" + root[home.Length..];
        }
        return SiteNames.IsRemotePath(root)
            ? root
            : throw new UserException(
                $"{path}: remote.base is '{ConfigFile.Flat(folder)}'",
                "Write a full path without spaces, quotes, variables and colons."
            );
    }

    private static List<string> WarningsOf(string path, Dictionary<string, string> values) =>
        [
            .. Unused
                .Where(key => values.ContainsKey(key) && !(key is "connection.port" && values[key] is "22"))
                .Select(key =>
                    key.StartsWith("connection.", StringComparison.Ordinal)
                        ? $"{path}: {key} is not used; write it into ~/.ssh/config under `Host "
                            + $"{values.GetValueOrDefault("connection.host")}` "
                            + $"("
                            + (
                                key is "connection.port" ? "Port"
                                : key is "connection.jumpHost" ? "ProxyJump"
                                : "UserKnownHostsFile"
                            )
                            + $" {ConfigFile.Flat(values[key])})"
                        : $"{path}: {key} is not used"
                ),
        ];

    private static IReadOnlyList<ConfigKey> Texts(params string[] names) =>
        [.. names.Select(name => new ConfigKey<string>(name, ConfigShape.Text, name))];
}
