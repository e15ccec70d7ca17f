using System.Text.Json;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Model;

namespace Muster.Cli.Personas;

/// <summary>
/// ClusterODM's settings, with its own precedence: the file of <c>--config</c> wins over flags, and flags over
/// <c>config-default.json</c>.
/// </summary>
internal sealed class ClusterOdmConfig
{
    private const string DefaultFile = "config-default.json";

    /// <summary>Its own defaults, for where no <c>config-default.json</c> lies.</summary>
    private static readonly Dictionary<string, string> BuiltIn = new()
    {
        ["port"] = "3000",
        ["secure-port"] = "0",
        ["admin-cli-port"] = "8080",
        ["admin-web-port"] = "10000",
        ["admin-pass"] = "",
        ["log-level"] = "info",
        ["cloud-provider"] = "local",
        ["upload-max-speed"] = "0",
        ["downloads-from-s3"] = "",
        ["splitmerge"] = "true",
        ["flood-limit"] = "0",
        ["stale-uploads-timeout"] = "0",
        ["token"] = "",
        ["debug"] = "",
        ["ssl-key"] = "",
        ["ssl-cert"] = "",
        ["asr"] = "",
    };

    private readonly IReadOnlyDictionary<string, string> _flags;
    private readonly Dictionary<string, string> _defaults;
    private readonly Dictionary<string, string> _named;
    private readonly string _folder;

    /// <param name="flags">By their names with dashes.</param>
    /// <param name="folder">Where ClusterODM would be started: its files are read there.</param>
    public ClusterOdmConfig(IReadOnlyDictionary<string, string> flags, string folder)
    {
        (_flags, _folder) = (flags, folder);
        var usual = Path.Combine(folder, DefaultFile);
        _defaults = File.Exists(usual) ? Read(usual) : BuiltIn;
        var named = Path.Combine(folder, flags.GetValueOrDefault("config", DefaultFile));
        _named = named == usual ? [] : Read(named);
    }

    /// <summary>What is in force; empty where it is not set.</summary>
    public string Text(string key)
    {
        // It takes over only keys that it has met by then, so that public-address counts in no file unless it is a flag
        // too.
        if (_named.TryGetValue(key, out var named) && (_flags.ContainsKey(key) || _defaults.ContainsKey(key)))
            return named;
        return _flags.GetValueOrDefault(key) ?? _defaults.GetValueOrDefault(key) ?? BuiltIn.GetValueOrDefault(key, "");
    }

    /// <summary>What of it does not work here, and what becomes of it.</summary>
    public IEnumerable<string> Warnings()
    {
        if (Text("admin-pass").Length == 0)
            yield return "without --admin-pass, console and admin page are open to this machine alone, not to "
                + "everybody as with ClusterODM";
        if (Text("splitmerge") is "false" or "no" or "off")
            yield return $"splitmerge '{Text("splitmerge")}' counts as true, as with ClusterODM; turn it off with "
                + $"--no-splitmerge, or \"splitmerge\": false in the file";
    }

    public GatewayOptions Options()
    {
        var password = Text("admin-pass");
        var hours = Number("stale-uploads-timeout");
        var defaults = new GatewayOptions { Data = "" };
        return new()
        {
            Bind = "0.0.0.0",
            Port = Number("port"),
            SecurePort = Number("secure-port"),
            SslKey = Some("ssl-key"),
            SslCert = Some("ssl-cert"),
            Console = Number("admin-cli-port") is > 0 and var console ? new(console) : null,
            Admin = Number("admin-web-port") is > 0 and var admin ? new(admin) : null,
            AdminPassword = password,
            Token = Text("token"),
            Open = true, // as ClusterODM is without one
            Provider = IsLightning ? "lightning" : "local",
            LightningUrl = Text("cloud-provider").EndsWith("Dev", StringComparison.Ordinal)
                ? new("http://localhost:5000/r/")
                : defaults.LightningUrl,
            PublicAddress = Address("public-address", "http://10.0.0.5:3000"),
            DownloadsFromS3 = Address("downloads-from-s3", "https://results.example.org"),
            SplitMerge = IsTrue("splitmerge"),
            FloodLimit = Number("flood-limit"),
            RefuseOverLimit = true,
            UploadsExpire =
                hours > 0 && TimeSpan.FromHours(hours) < defaults.UploadsExpire
                    ? TimeSpan.FromHours(hours)
                    : defaults.UploadsExpire,
            UploadMaxSpeed = Number("upload-max-speed"),
            Data = Path.Combine(_folder, "data", "muster"),
            FileNodes = NodesFile.Read(Path.Combine(_folder, "data", "nodes.json")),
            Routes = RoutesFile.Read(Path.Combine(_folder, "data", "routes.json")),
        };
    }

    private bool IsLightning =>
        Text("cloud-provider") switch
        {
            "local" or "Local" => false,
            "lightning" or "Lightning" or "lightningDev" or "LightningDev" => true,
            var other => throw Wrong("cloud-provider", other, "local, lightning or lightningDev"),
        };

    private Uri? Address(string key, string example) =>
        Some(key) is not { } text ? null
        : Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url
        : throw Wrong(key, text, $"an address such as {example}");

    private string? Some(string key) => Text(key) is { Length: > 0 } text ? text : null;

    private bool IsTrue(string key) => Text(key) is not ("" or "0");

    private int Number(string key) =>
        int.TryParse(Text(key) is { Length: > 0 } text ? text : "0", out var number) && number >= 0
            ? number
            : throw Wrong(key, Text(key), "a whole number");

    /// <summary>The file's keys and values; what JavaScript takes for false is an empty text.</summary>
    private static Dictionary<string, string> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path),
                new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }
            );
            return document
                .RootElement.EnumerateObject()
                .ToDictionary(
                    member => member.Name,
                    member =>
                        member.Value.ValueKind switch
                        {
                            JsonValueKind.String => member.Value.GetString()!,
                            JsonValueKind.False or JsonValueKind.Null => "",
                            _ => member.Value.GetRawText(),
                        }
                );
        }
        catch (Exception fault)
            when (fault is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"cannot read {path}: {fault.Message}",
                "It holds one JSON object, with the names of the flags as keys.",
                fault
            );
        }
    }

    private static UserException Wrong(string key, string text, string wanted) =>
        new($"{key} is '{text}'", $"Give it {wanted}.");
}
