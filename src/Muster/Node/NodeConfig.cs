using System.Globalization;
using System.Net;
using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;
using Muster.Node.Engines;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Node;

/// <summary>
/// Reads a node's settings from flags and from NodeODM's JSON file. Dashes, underscores and capitals in a key do not
/// matter; flags win.
/// </summary>
public sealed class NodeConfig
{
    private const string DefaultFile = "config-default.json";

    /// <summary>The flags in their dashed form, with what they take (null: nothing) and what they do.</summary>
    public static IReadOnlyList<(string Name, string? Takes, string Help)> Flags { get; } =
    [
        ("config", "FILE", $"NodeODM configuration file. Default: {DefaultFile}, if it exists."),
        ("data-dir", "DIR", "Folder for tasks and uploads."),
        ("host", "ADDRESS", "Address to listen on. Default: loopback, or all addresses if a token is set."),
        ("port", "N", "Port to listen on; auto uses the first free one from 3000."),
        (
            "token",
            "TOKEN",
            "Token that clients must present. Safer in the configuration file: other users of this machine can see "
                + "arguments."
        ),
        ("open", null, "Let anyone who can reach --host use the node without a token."),
        (
            "engine",
            "NAME",
            "auto, odm, colmap, survey, command or test. auto uses the first of odm, colmap and survey that works here."
        ),
        ("engine-file", "FILE", "With --engine command: the YAML file that describes the program."),
        ("odm-path", "DIR", "Where ODM is installed. Default: /code."),
        (
            "odm-image",
            "IMAGE",
            "Run ODM from this container image, with the first of Apptainer, Singularity, Podman and Docker found."
        ),
        ("parallel-queue-processing", "N", "Number of tasks to run at once. Default: 1."),
        ("max-images", "N", "Maximum number of photos per task."),
        ("max-concurrency", "N", "Maximum number of processes per engine."),
        ("lease", "MINUTES", "Exit when no client has asked for this long. Default: never."),
        ("max-runtime", "MINUTES", "Cancel tasks that run longer."),
        ("cleanup-tasks-after", "MINUTES", "Delete finished tasks after this time. Default: 2880."),
        ("cleanup-uploads-after", "MINUTES", "Delete uncommitted uploads after this time. Default: 2880."),
        ("webhook", "URL", "Called at the end of every task."),
        (
            "max-connections",
            "N",
            "Maximum number of client connections. Default: 10000, bounded by the open files allowed to this process."
        ),
        (
            "max-uploads",
            "N",
            "Maximum number of concurrent uploads from one address or with one token. Default: 512; four times as many "
                + "in total."
        ),
        ("allow-private-urls", null, "Let webhooks and zip URLs of clients reach private networks."),
        ("s3-endpoint", "HOST", "With --s3-bucket: the S3 endpoint that archives are also uploaded to."),
        ("s3-bucket", "NAME", "Bucket for archives."),
        (
            "s3-access-key",
            "KEY",
            "Access key. Default: the environment (AWS_ACCESS_KEY_ID and so on) or the machine's role."
        ),
        (
            "s3-secret-key",
            "KEY",
            "Secret key. Safer in the configuration file or the environment: other users of this machine can see "
                + "arguments."
        ),
        ("s3-signature-version", "N", "Only 4 is supported."),
        ("s3-acl", "ACL", "ACL of uploaded archives. Default: private; none leaves it to the bucket."),
        ("s3-force-path-style", null, "Put the bucket name in the URL path rather than the host name."),
        ("s3-upload-everything", null, "Also upload the files of the archive one by one."),
        ("s3-ignore-ssl", null, "Do not verify the endpoint's certificate."),
        ("log-level", "LEVEL", "error, warn, info or debug. Default: info."),
        ("daemon", null, "Write no log to the console."),
        ("powercycle", null, "Start, then exit: checks that everything is in place."),
        ("test", null, "Same as --engine test: compute nothing and answer like ODM."),
        ("test-seconds", "N", "With the test engine: how long a task takes."),
        ("test-fail-tasks", null, "With the test engine: every task fails."),
        (
            "test-failure-rate",
            "SHARE",
            "With the test engine: fraction of tasks that fail, 0 to 1; which and how follows from --test-seed."
        ),
        ("test-seed", "N", "With the test engine: seed that decides which tasks fail."),
        ("test-drop-uploads", null, "Answer half of the uploads with status 500."),
        ("test-skip-orthophotos", null, "With the test engine: leave the orthophoto out of results."),
        ("test-skip-dems", null, "With the test engine: leave elevation models out of results."),
    ];

    private readonly Dictionary<string, string> _values = [];
    private readonly List<string> _ips = [];

    /// <param name="flags">By their dashed names; <c>true</c> for those that take nothing.</param>
    public static NodeConfig Read(IReadOnlyDictionary<string, string> flags)
    {
        var config = new NodeConfig();
        if (flags.GetValueOrDefault("config") is { } named || File.Exists(named = DefaultFile))
            config.ReadFile(named);
        config.Take(flags);
        return config;
    }

    /// <summary>From flags alone; a file in the working folder may be another program's.</summary>
    public static NodeConfig Of(IReadOnlyDictionary<string, string> flags)
    {
        var config = new NodeConfig();
        config.Take(flags);
        return config;
    }

    private void Take(IReadOnlyDictionary<string, string> flags)
    {
        foreach (var (name, value) in flags)
            _values[name] = value;
    }

    public bool Has(string name) => _values.GetValueOrDefault(name) is { } value && value != "false";

    public string? Text(string name) => _values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    private IPAddress? Host()
    {
        if (Text("host") is not { } host)
            return null;
        if (!IPAddress.TryParse(host, out var address))
            throw Bad("host", host, "an address such as 127.0.0.1 or 0.0.0.0");
        if (Text("token") is not null || Has("open") || IPAddress.IsLoopback(address))
            return address;
        const string fix =
            "Set a token, best in the configuration file; listen on this machine only (--host 127.0.0.1); or pass "
            + "--open to allow it.";
        throw UserException.Misuse($"anyone who can reach {address} could use the node, because it has no token", fix);
    }

    public NodeSettings Settings(string defaultFolder) =>
        new()
        {
            Folder = Path.GetFullPath(Text("data-dir") ?? defaultFolder),
            Address = Host(),
            Port = Text("port") is null or "auto" ? null : (int)Number("port", 0, 65535)!,
            Token = Text("token"),
            AuthorizedIps = _ips,
            Parallel = (int)(Number("parallel-queue-processing", 1, 10_000) ?? 1),
            MaxImages = (int?)Number("max-images", 1, int.MaxValue),
            MaxConcurrency = (int?)Number("max-concurrency", 1, int.MaxValue),
            MaxRuntime = Number("max-runtime", -1, 10_000_000) is > 0 and var minutes
                ? TimeSpan.FromMinutes(minutes)
                : null,
            KeepTasks = TimeSpan.FromMinutes(Number("cleanup-tasks-after", 0, 100_000_000) ?? 2880),
            KeepUploads = TimeSpan.FromMinutes(Number("cleanup-uploads-after", 0, 100_000_000) ?? 2880),
            Webhook = Text("webhook"),
            AllowPrivateUrls = Has("allow-private-urls"),
            Limits = InputLimits.Default.With(
                (int)(Number("max-connections", 1, 1_000_000) ?? 0),
                (int)(Number("max-uploads", 1, 1_000_000) ?? 0)
            ),
            Bucket = Bucket(),
            BucketGetsAll = Has("s3-upload-everything"),
            Lease = Number("lease", 0.01, 1_000_000) is { } lease ? TimeSpan.FromMinutes(lease) : null,
            DropUploads = Has("test-drop-uploads"),
        };

    public TestSwitches TestSwitches =>
        new()
        {
            Takes = TimeSpan.FromSeconds(Number("test-seconds", 0, 1_000_000) ?? 0),
            FailTasks = Has("test-fail-tasks"),
            SkipOrthophotos = Has("test-skip-orthophotos"),
            SkipDems = Has("test-skip-dems"),
            FailureRate = Number("test-failure-rate", 0, 1) ?? 0,
            Seed = (int)(Number("test-seed", int.MinValue, int.MaxValue) ?? 0),
        };

    private S3Place? Bucket()
    {
        if (Text("s3-endpoint") is not { } endpoint || Text("s3-bucket") is not { } bucket)
            return null;
        if (Text("s3-signature-version") is { } version and not "4")
            throw Bad("s3-signature-version", version, "4");
        var acl = Text("s3-acl") ?? "private";
        return new(
            endpoint,
            bucket,
            Text("s3-access-key"),
            Text("s3-secret-key"),
            acl == "none" ? null : acl,
            Has("s3-force-path-style"),
            Has("s3-ignore-ssl")
        );
    }

    private void ReadFile(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path),
                new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }
            );
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new UserException(
                    $"{path} holds no JSON object",
                    "Write it as NodeODM's config-default.json is."
                );
            foreach (var member in document.RootElement.EnumerateObject())
                Take(path, member);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UserException(
                $"{path} cannot be read: {fault.Message}",
                "Check the file, or name another with --config.",
                fault
            );
        }
    }

    private void Take(string path, JsonProperty member)
    {
        var key = Bare(member.Name);
        switch (key)
        {
            case "instance": // NodeODM names its log file by it
                return;
            case "authorizedips":
                _ips.AddRange(
                    member.Value.ValueKind == JsonValueKind.Array
                        ? member.Value.EnumerateArray().Select(ip => ip.ToString())
                        : throw Bad(path, member.Name, "a list of addresses")
                );
                return;
            case "logger":
                if (
                    member.Value.ValueKind == JsonValueKind.Object
                    && member.Value.TryGetProperty("level", out var level)
                )
                    _values["log-level"] = level.ToString();
                return;
        }
        var name =
            Flags.Select(flag => flag.Name).FirstOrDefault(flag => Bare(flag) == key)
            ?? throw new UserException(
                $"{path} has the unknown key "
                    + $"'{member.Name}'{Nearest.DidYouMean(member.Name, Flags.Select(flag => flag.Name))}",
                "Remove it, or write it as `muster node --help` does."
            );
        if (member.Value.ValueKind is not JsonValueKind.Null)
            _values[name] = member.Value.ValueKind switch
            {
                JsonValueKind.True => "true",
                JsonValueKind.False => "false",
                _ => member.Value.ToString(),
            };
    }

    private double? Number(string name, double least, double most)
    {
        if (Text(name) is not { } text)
            return null;
        return
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number >= least
            && number <= most
            ? number
            : throw Bad(name, text, $"a number from {least} to {most}");
    }

    private static UserException Bad(string name, string value, string wanted) =>
        UserException.Misuse($"{name} is '{value}', which does not fit", $"Give {wanted}.");

    private static string Bare(string name) =>
        name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
