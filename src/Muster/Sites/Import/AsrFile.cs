using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Clouds;
using Muster.Sites.Clouds.Scaleway;
using Muster.Storage;

namespace Muster.Sites.Import;

/// <summary>
/// An autoscaler's file of ClusterODM (<c>--asr FILE</c>): a cloud site, and what its nodes and their results need.
/// </summary>
public sealed record AsrFile
{
    public required CloudSite Site { get; init; }

    /// <summary>Of the node, where it is run in a container.</summary>
    public required string NodeImage { get; init; }

    /// <summary>Tasks of fewer images start no machine.</summary>
    public int? MinImages { get; init; }

    /// <summary>A folder of the machine that becomes the node's data folder.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Where nodes put results.</summary>
    public required S3Place Results { get; init; }
    public required IReadOnlyList<string> Warnings { get; init; }

    private const int DefaultLimit = 20;

    /// <summary>What the file calls a provider, and which of its keys is the token.</summary>
    private static readonly Dictionary<string, (CloudProvider Provider, string? Token, string Variable)> Providers =
        new()
        {
            ["digitalocean"] = (CloudProvider.DigitalOcean, "accessToken", "DIGITALOCEAN_TOKEN"),
            ["hetzner"] = (CloudProvider.Hetzner, "apiToken", "HCLOUD_TOKEN"),
            ["scaleway"] = (CloudProvider.Scaleway, "secretToken", "SCW_SECRET_KEY"),
            ["aws"] = (CloudProvider.Aws, null, "AWS_ACCESS_KEY_ID"),
        };

    internal static bool Fits(JsonElement json) =>
        json.ValueKind is JsonValueKind.Object
        && json.TryGetProperty("provider", out var provider)
        && provider.ValueKind is JsonValueKind.String
        && (json.TryGetProperty("imageSizeMapping", out _) || json.TryGetProperty("s3", out _));

    /// <summary>For <c>--asr</c>; the same file where a site is expected goes through <see cref="SiteFile"/>.</summary>
    public static AsrFile Read(string path, ConfigSources sources)
    {
        var full = Path.GetFullPath(path, sources.Folder);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(full), SiteFile.Json);
            return Fits(document.RootElement)
                ? Read(document.RootElement, path, sources)
                : throw new UserException(
                    $"{path} is not an autoscaler's file",
                    "It needs `provider`, `imageSizeMapping` and `s3`; ClusterODM's documentation has an example."
                );
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"{path} cannot be read: {fault.Message}",
                "Check its name and permissions.",
                fault
            );
        }
        // the latter for text with half a character
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new UserException(
                $"{path} is not JSON: {fault.Message}",
                "Correct the file; it must be one JSON object.",
                fault
            );
        }
    }

    internal static AsrFile Read(JsonElement json, string path, ConfigSources sources)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        if (!SiteNames.IsName(name))
            throw new UserException(
                $"a site cannot be named '{name}' after its file {path}",
                "Rename the file: use letters, digits and . _ @ -."
            );
        var keys = new AsrKeys(json, path);
        var word = keys.Text("provider");
        if (word is null || !Providers.TryGetValue(word, out var known))
        {
            throw new UserException(
                $"{path}: there is no provider '{word}'{Nearest.DidYouMean(word ?? "", Providers.Keys)}",
                $"Known providers: {string.Join(", ", Providers.Keys)}."
            );
        }

        var full = Path.GetFullPath(path, sources.Folder);
        var settings = Settings(keys, known.Provider, known.Token, name, Path.GetDirectoryName(full)!, sources);
        var accessKey = known.Provider is CloudProvider.Aws ? settings.AccessKey?.Reveal() : keys.Need("s3.accessKey");
        var secretKey = known.Provider is CloudProvider.Aws ? settings.SecretKey?.Reveal() : keys.Need("s3.secretKey");
        var acl = keys.Text("s3.acl") ?? (known.Provider is CloudProvider.Aws ? "public-read" : null);
        var file = new AsrFile
        {
            Site = new()
            {
                Name = name,
                Origin = new(path),
                Cloud = settings,
                Setup = keys.Text("nodeSetupCmd") is { } setup
                    ? setup.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    : [],
            },
            NodeImage = keys.Text("dockerImage") ?? "opendronemap/nodeodm",
            MinImages = keys.Number("minImages") is { } least and > 0 ? (int)least : null,
            // What the documentation calls it, and what the code read.
            DataFolder = keys.Text("dockerDataDirMountPath") ?? keys.Text("dataDirMountPath"),
            Results = new(
                keys.Need("s3.endpoint"),
                keys.Need("s3.bucket"),
                accessKey,
                secretKey,
                acl is "none" ? null : acl,
                ForcePathStyle: false,
                keys.Flag("s3.ignoreSSL") ?? false
            ),
            Warnings = [],
        };
        keys.Throw();
        return file with { Warnings = [.. Noted(keys, full)] };
    }

    private static IEnumerable<string> Noted(AsrKeys keys, string full)
    {
        foreach (var warning in keys.Warnings)
            yield return warning;
        if (keys.Unknown() is { Count: > 0 } unknown)
            yield return $"{keys.Path}: ignored {string.Join(", ", unknown.Select(key => $"'{key}'"))}";
        if (
            !OperatingSystem.IsWindows()
            && File.Exists(full)
            && (File.GetUnixFileMode(full) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) is not UnixFileMode.None
        )
            yield return $"{keys.Path}: other users can read the secrets in it; chmod 600 {keys.Path}";
    }

    private static CloudSettings Settings(
        AsrKeys keys,
        CloudProvider provider,
        string? token,
        string name,
        string folder,
        ConfigSources sources
    )
    {
        var places = Places(keys, provider);
        var common = new CloudSettings
        {
            Site = name,
            Provider = provider,
            Folder = folder,
            // No key of ClusterODM's: the provider's API at another address, such as a stand-in's.
            Endpoint = Endpoint(keys),
            Machines = Machines(keys, provider),
            Limit = Limit(keys, provider),
            Places = places,
            Image = Image(keys, provider),
            Token = token is null ? null : new(keys.Need(token), $"{keys.Path}: {token}"),
            // Where a place is out of stock, the others are asked at least once.
            Attempts = Math.Max((int)(keys.Number("createRetries") ?? 1), places.Count),
            Swap = keys.Number("addSwap") ?? 1,
            Gpus = keys.Flag("dockerGpu") is true ? 1 : 0,
            // Some files have quotation marks within the text.
            // docker-machine installed Docker on every machine.
            EngineScript = keys.Text("engineInstallUrl")?.Trim('"', '\''),
            Packages = keys.Text("engineInstallUrl") is null ? ["docker.io"] : [],
            Registry = Registry(keys),
            SshKeyFile = keys.Text("sshKey.path") is { } path ? sources.LocalPath(path, folder) : null,
            NamePrefix = "clusterodm",
            Tags = Tags(keys, provider),
        };
        if (keys.Number("maxRuntime") is { } life and > 0)
            common = common with { MaxLife = TimeSpan.FromSeconds((double)life) };
        if (keys.Number("maxUploadTime") is { } idle and > 0)
            common = common with { Idle = TimeSpan.FromSeconds((double)idle) };
        return provider switch
        {
            CloudProvider.Hetzner => common with
            {
                Snapshot = keys.Flag("snapshot") ?? false,
                SshKeys = Fingerprint(keys),
            },
            CloudProvider.DigitalOcean => common with
            {
                Snapshot = keys.Flag("snapshot") ?? false,
                SshKeys = Fingerprint(keys),
                Options = Option("monitoring", keys.Flag("monitoring") ?? true),
            },
            // An organization's default project has the organization's own id.
            CloudProvider.Scaleway => common with { Project = keys.Need("organization") },
            _ => Aws(common, keys),
        };
    }

    private static CloudSettings Aws(CloudSettings common, AsrKeys keys)
    {
        // Without both, those of the environment or of the machine's role.
        var chain = keys.Text("accessKey") is null && keys.Text("secretKey") is null;
        var privately = keys.Flag("usePrivateAddress") ?? false;
        var options = new Dictionary<string, string>();
        if (keys.Flag("monitoring") is true)
            options["monitoring"] = "true";
        // Reached by the private one, it still gets a public one unless the file says otherwise.
        if (keys.Flag("assignPrivateAddressOnly") is var only && privately)
            options["public-ip"] = only is true ? "false" : "true";
        return common with
        {
            AccessKey = chain ? null : new(keys.Need("accessKey"), $"{keys.Path}: accessKey"),
            SecretKey = chain ? null : new(keys.Need("secretKey"), $"{keys.Path}: secretKey"),
            Vpc = keys.Text("vpc"),
            Subnets = keys.Text("subnet") is { } subnet ? [subnet] : [],
            SecurityGroups = [keys.Need("securityGroup")],
            Role = keys.Text("iamrole"),
            Address = privately ? MachineAddress.Private : MachineAddress.Public,
            Spot = keys.Flag("spot") ?? false,
            SshUser = "ubuntu",
            Options = options,
        };
    }

    private static Uri? Endpoint(AsrKeys keys)
    {
        if (keys.Text("endpoint") is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            return address;
        keys.Mistake($"'endpoint' is '{text}', not an address");
        return null;
    }

    private static Dictionary<string, string> Option(string key, bool value) => value ? new() { [key] = "true" } : [];

    private static IReadOnlyList<string> Fingerprint(AsrKeys keys) =>
        keys.Text("sshKey.fingerprint") is { } print ? [print] : [];

    private static IReadOnlyList<string> Places(AsrKeys keys, CloudProvider provider)
    {
        var (key, usual) = provider switch
        {
            CloudProvider.DigitalOcean => ("region", "nyc3"),
            CloudProvider.Hetzner => ("location", "fsn1"),
            CloudProvider.Scaleway => ("region", "par1"),
            _ => ("region", "us-west-2"),
        };
        var places = keys.Words(key) is { Count: > 0 } named ? named : [usual];
        if (provider is CloudProvider.Scaleway)
            return [.. places.Select(ScalewayZone.Of)];
        var zone = provider is CloudProvider.Aws ? keys.Text("zone") : null;
        return zone is null ? places : [.. places.Select(region => zone.Length == 1 ? region + zone : zone).Distinct()];
    }

    private static string Image(AsrKeys keys, CloudProvider provider) =>
        provider switch
        {
            CloudProvider.DigitalOcean => keys.Text("image") ?? "ubuntu-16-04-x64",
            CloudProvider.Hetzner => keys.Need("image"),
            CloudProvider.Scaleway => keys.Text("image") ?? "ubuntu-xenial",
            _ => keys.Text("ami") ?? "ami-07b4f3c02c7f83d59",
        };

    private static int Limit(AsrKeys keys, CloudProvider provider)
    {
        var key = provider switch
        {
            CloudProvider.DigitalOcean => "dropletsLimit",
            CloudProvider.Aws => "instanceLimit",
            _ => "machinesLimit",
        };
        if (keys.Number(key) is { } limit and >= 0)
            return (int)limit;
        keys.Warn($"{key} is not set, which meant any number of machines; at most {DefaultLimit} are made");
        return DefaultLimit;
    }

    private static IReadOnlyList<MachineSize> Machines(AsrKeys keys, CloudProvider provider)
    {
        var aws = provider is CloudProvider.Aws;
        var sizes = keys.List("imageSizeMapping", entry => Machine(keys, entry, aws));
        if (sizes.Count > 0)
            return [.. sizes.OrderBy(size => size.Images)];
        return provider switch
        {
            CloudProvider.DigitalOcean => [new(5, "s-1vcpu-1gb"), new(50, "s-4vcpu-8gb")],
            CloudProvider.Hetzner => [new(5, "cx11"), new(50, "cx21")],
            CloudProvider.Scaleway => [new(5, "GP1-XS"), new(50, "GP1-S")],
            _ => [new(5, "t2.micro", 0.1m, 10), new(50, "t2.medium", 0.1m, 100)],
        };
    }

    private static MachineSize? Machine(AsrKeys keys, JsonElement entry, bool aws)
    {
        var of = new AsrKeys(entry, keys.Path);
        var (images, slug) = (of.Number("maxImages"), of.Text("slug"));
        if (images is not { } most || most < 0 || slug is null)
        {
            keys.Mistake(
                "imageSizeMapping needs `maxImages`, a number, and `slug`, the type of machine, in each entry"
            );
            return null;
        }
        // What no entry says was 16 GB to docker-machine.
        var size = aws
            ? new MachineSize((int)most, slug, of.Number("spotPrice"), (int)(of.Number("storage") ?? 16))
            : new MachineSize((int)most, slug);
        foreach (var mistake in of.Mistakes)
            keys.Mistake($"imageSizeMapping: {mistake}");
        return size;
    }

    private static ImageRegistry? Registry(AsrKeys keys)
    {
        var (url, user, password) = (
            keys.Text("dockerRegistry.url"),
            keys.Text("dockerRegistry.username"),
            keys.Text("dockerRegistry.password")
        );
        return url is null ? null : new(url, user ?? "", new(password ?? "", $"{keys.Path}: dockerRegistry.password"));
    }

    private static Dictionary<string, string> Tags(AsrKeys keys, CloudProvider provider)
    {
        if (provider is not (CloudProvider.DigitalOcean or CloudProvider.Aws))
            return [];
        var written = keys.Words("tags") ?? ["clusterodm"];
        var tags = new Dictionary<string, string>();
        if (provider is CloudProvider.Aws)
        {
            // Joined by commas they were read as key,value,key,value.
            var parts = string.Join(',', written).Split(',', StringSplitOptions.TrimEntries);
            for (var n = 0; n < parts.Length; n += 2)
                tags[parts[n]] = n + 1 < parts.Length ? parts[n + 1] : "";
        }
        else
        {
            foreach (var tag in written)
                tags[tag.Split(':')[0]] = tag.Contains(':') ? tag[(tag.IndexOf(':') + 1)..] : "";
        }
        var form = provider is CloudProvider.Aws ? LabelForm.KeyedTags : LabelForm.PlainTags;
        foreach (var (key, value) in tags)
        {
            if (CloudMarks.Mistake(form, key, value) is { } mistake)
                keys.Mistake($"tags: {mistake}");
        }
        return tags;
    }

    /// <summary>
    /// The site as it is written into a configuration, where secrets are named by the variables that hold them, and
    /// what the user has to do so that they do.
    /// </summary>
    public static (CloudSite Site, IReadOnlyList<string> Notes) ToBeWritten(CloudSite site)
    {
        var cloud = site.Cloud;
        var notes = new List<string>();
        Secret? Named(Secret? secret, string variable)
        {
            if (secret is null)
                return null;
            notes.Add($"set {variable} to what stands in {secret.Source}; secrets are not copied");
            return new(secret.Reveal(), variable);
        }
        var token = Providers.Values.First(known => known.Provider == cloud.Provider).Variable;
        var named = cloud with
        {
            Token = Named(cloud.Token, token),
            AccessKey = Named(cloud.AccessKey, "AWS_ACCESS_KEY_ID"),
            SecretKey = Named(cloud.SecretKey, "AWS_SECRET_ACCESS_KEY"),
            Registry = cloud.Registry is { } registry
                ? registry with
                {
                    Password = Named(registry.Password, "REGISTRY_PASSWORD")!,
                }
                : null,
        };
        return (site with { Cloud = named }, notes);
    }
}
