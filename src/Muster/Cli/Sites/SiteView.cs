using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Sites;

namespace Muster.Cli.Sites;

/// <summary>A site as `--json` shows it: everything resolved, and of the environment the names only.</summary>
public sealed record SiteView
{
    public int Schema { get; init; } = 1;
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required bool Default { get; init; }
    public required IReadOnlyList<string> Hosts { get; init; }
    public required string Root { get; init; }
    public required string Origin { get; init; }
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Roles { get; init; }
    public bool? CheckPairs { get; init; }
    public string? SshConfig { get; init; }
    public string? Identity { get; init; }
    public IReadOnlyDictionary<string, string?>? Sbatch { get; init; }
    public string? Provider { get; init; }
    public IReadOnlyList<string>? Machines { get; init; }
    public IReadOnlyList<string>? Places { get; init; }
    public int? Limit { get; init; }
    public required IReadOnlyList<string> Setup { get; init; }
    public string? SetupErrors { get; init; }
    public required IReadOnlyList<string> Environment { get; init; }
    public string? Container { get; init; }
    public string? Runtime { get; init; }
    public required string Code { get; init; }

    public static SiteView Of(Site site, string defaultSite)
    {
        var view = new SiteView
        {
            Name = site.Name,
            Kind = KindOf(site),
            Default = site.Name == defaultSite,
            Hosts = HostsOf(site),
            Root = site.Root,
            Origin = site.Origin.ToString(),
            Setup = site.Setup,
            SetupErrors =
                site.SetupErrors is Muster.Sites.SetupErrors.End
                    ? null
                    : site.SetupErrors.ToString().ToLowerInvariant(),
            Environment = [.. site.Env.Keys],
            Container = site.Container,
            Runtime = site.Runtime?.ToString().ToLowerInvariant(),
            Code = site.Code.ToString().ToLowerInvariant(),
        };
        return site switch
        {
            SshSite ssh => view with
            {
                Roles = ssh.Roles,
                CheckPairs = ssh.CheckPairs,
                SshConfig = ssh.SshConfig,
                Identity = ssh.Identity,
            },
            SlurmSite slurm => view with
            {
                SshConfig = slurm.SshConfig,
                Identity = slurm.Identity,
                Sbatch = slurm.Sbatch.Entries.ToDictionary(entry => entry.Key, entry => entry.Value),
            },
            CloudSite { Cloud: var cloud } => view with
            {
                Provider = cloud.Provider.ToString().ToLowerInvariant(),
                Machines = [.. cloud.Machines.Select(size => size.Type)],
                Places = cloud.Places,
                Limit = cloud.Limit,
            },
            _ => view,
        };
    }

    public static string KindOf(Site site) =>
        site switch
        {
            LocalSite => "local",
            SshSite => "ssh",
            CloudSite { Cloud.Kube: not null } => "kubernetes",
            CloudSite => "cloud",
            _ => "slurm",
        };

    private static IReadOnlyList<string> HostsOf(Site site) =>
        site switch
        {
            SshSite ssh => ssh.Hosts,
            SlurmSite { Host: { } login } => [login],
            _ => [],
        };
}

public sealed record SiteListView(int Schema, string DefaultSite, IReadOnlyList<SiteView> Sites);

/// <summary>A site that was written down.</summary>
public sealed record SiteAddedView(int Schema, string File, SiteView Site, IReadOnlyList<string> Warnings);

public sealed record SettingView(string Key, string Value, string Place, int? Line);

public sealed record ConfigView(int Schema, IReadOnlyList<string> Files, IReadOnlyList<SettingView> Settings);

public sealed record ConfigFileView(string Path, string What, bool Read);

public sealed record ConfigPathView(int Schema, IReadOnlyList<ConfigFileView> Files);

/// <summary>The JSON that the commands about sites and the configuration print.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(SiteView))]
[JsonSerializable(typeof(SiteListView))]
[JsonSerializable(typeof(SiteAddedView))]
[JsonSerializable(typeof(ConfigView))]
[JsonSerializable(typeof(ConfigPathView))]
internal sealed partial class SiteJson : JsonSerializerContext
{
    public static SiteJson Plain { get; } = new(AnswerJson.Readable());
}
