using Muster.Configuration;
using Muster.Sites.Schedulers.Slurm;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>Makes a site of what stands under its name.</summary>
internal static class SiteReader
{
    /// <summary>Null when something is wrong with it, and then the mistakes are noted.</summary>
    public static (Site Site, List<Setting> Settings)? Read(YamlScalarNode key, YamlNode node, ConfigFile file)
    {
        var name = key.Value!;
        if (node is not YamlMappingNode map)
        {
            file.Mistake(key, $"site {name} needs keys, at least `kind`");
            return null;
        }

        var before = file.Mistakes.Count;
        var kind = KindOf(map);
        var section = ConfigSection.Read(
            map,
            file,
            ConfigSchema.SiteKeys,
            $"sites.{name}.",
            $"site {name}",
            kind?.ToString().ToLowerInvariant()
        );
        if (kind is null && file.Mistakes.Count == before)
            file.Mistake(key, $"site {name} needs a `kind`: local, ssh, slurm, cloud or kubernetes");
        if (kind is null || !section.IsComplete)
            return null;

        Site? site = kind switch
        {
            SiteKind.Local => new LocalSite { Name = name, Origin = file.At(key) },
            SiteKind.Ssh => Ssh(key, section, file),
            SiteKind.Slurm => new SlurmSite
            {
                Name = name,
                Origin = file.At(key),
                Host = Optional(section, ConfigSchema.Host),
                SshConfig = SshConfig(section, file),
                Identity = Optional(section, ConfigSchema.Identity),
                Sbatch = section.Get(ConfigSchema.Sbatch, SbatchOptions.None),
            },
            SiteKind.Kubernetes => KubeSiteReader.Read(key, section, file),
            SiteKind.Cloud => CloudSiteReader.Read(key, section, file),
            _ => throw new InvalidOperationException($"a site of kind {kind}"),
        };
        if (site is null)
            return null;
        return (
            site with
            {
                Root = section.Get(ConfigSchema.Root, site.Root),
                Setup = section.Get(ConfigSchema.Setup, site.Setup),
                SetupErrors = section.Get(ConfigSchema.SetupErrors, site.SetupErrors),
                Env = section.Get(ConfigSchema.Env, site.Env),
                Container = Optional(section, ConfigSchema.Container),
                Runtime = section.Has(ConfigSchema.Runtime) ? section.Get(ConfigSchema.Runtime, default) : null,
                Code = section.Get(ConfigSchema.Code, site.Code),
                Slots = section.Get(ConfigSchema.Slots, site.Slots),
                Queue = Optional(section, ConfigSchema.Queue),
            },
            section.Settings
        );
    }

    /// <summary>
    /// The kind decides which keys are known, so it is looked at before the others; its own mistake is noted with them.
    /// </summary>
    private static SiteKind? KindOf(YamlMappingNode map)
    {
        foreach (var kind in Enum.GetValues<SiteKind>())
        {
            if (WordOf(map)?.Equals(kind.ToString(), StringComparison.OrdinalIgnoreCase) is true)
                return kind;
        }
        return null;
    }

    private static string? WordOf(YamlMappingNode map) =>
        map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode key && key.Value == ConfigSchema.Kind.Name).Value
            is YamlScalarNode word
            ? word.Value
            : null;

    private static SshSite? Ssh(YamlScalarNode key, ConfigSection section, ConfigFile file)
    {
        var name = key.Value!;
        var hosts = section.Get(ConfigSchema.Hosts, []);
        if (hosts.Count == 0)
        {
            file.Mistake(key, $"site {name} needs `hosts`");
            return null;
        }
        var roles = section.Get(ConfigSchema.Roles, new Dictionary<string, IReadOnlyList<string>>());
        var strangers = roles
            .SelectMany(role => role.Value.Except(hosts).Select(host => (Role: role.Key, Host: host)))
            .ToList();
        foreach (var (role, host) in strangers)
        {
            file.Mistake(
                section.NodeOf(ConfigSchema.Roles),
                $"role {role} of site {name} names '{host}', which is not among its hosts"
                    + $"{Nearest.DidYouMean(host, hosts)}"
            );
        }
        return strangers.Count > 0
            ? null
            : new()
            {
                Name = name,
                Origin = file.At(key),
                Hosts = hosts,
                Roles = roles,
                ThisMachine = Optional(section, ConfigSchema.ThisMachine),
                SshConfig = SshConfig(section, file),
                Identity = Optional(section, ConfigSchema.Identity),
                CheckPairs = section.Get(ConfigSchema.CheckPairs, false),
            };
    }

    private static string? SshConfig(ConfigSection section, ConfigFile file) =>
        Optional(section, ConfigSchema.SshConfig)
        ?? (
            file.Sources.Find("MUSTER_SSH_CONFIG") is { } path
                ? file.Sources.LocalPath(path, file.Sources.Folder)
                : null
        );

    private static string? Optional(ConfigSection section, ConfigKey<string> key) =>
        section.Has(key) ? section.Get(key, "") : null;
}
