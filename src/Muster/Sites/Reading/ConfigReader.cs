using Muster.Configuration;

namespace Muster.Sites.Reading;

/// <summary>Reads the configuration's files and joins them: a site or a key of a nearer file wins.</summary>
public static class ConfigReader
{
    /// <summary>Throws <see cref="ConfigException"/> with all mistakes of all files.</summary>
    public static MusterConfig Read(ConfigSources sources)
    {
        var paths = sources.Files();
        var files = paths.Select(path => FileContent.Read(path, sources)).ToList();
        var sites = files.SelectMany(file => file.Sites).Append(BuiltIn).DistinctBy(site => site.Name).ToList();
        var names = files.Any(file => file.IsUnreadable)
            ? null
            : files.SelectMany(file => file.SiteNames).Append(BuiltIn.Name).ToList();
        var mistakes = files.SelectMany(file => file.Mistakes(names)).ToList();
        if (mistakes.Count > 0)
            throw new ConfigException(mistakes);

        T InForce<T>(ConfigKey<T> key, T fallback) =>
            files.FirstOrDefault(file => file.Top?.Has(key) is true) is { } file
                ? file.Top!.Get(key, fallback)
                : fallback;
        var chosen = sources.Find("MUSTER_SITE");
        var config = new MusterConfig
        {
            DefaultSite = chosen ?? InForce(ConfigSchema.DefaultSite, LocalSite.BuiltInName),
            Sites = sites,
            Settings = SettingsOf(files, sites, chosen),
            Files = paths,
        };
        return config with
        {
            OnInterrupt = InForce(ConfigSchema.OnInterrupt, config.OnInterrupt),
            SnapshotWarnBytes = InForce(ConfigSchema.SnapshotWarnSize, config.SnapshotWarnBytes),
            SnapshotWarnFiles = InForce(ConfigSchema.SnapshotWarnFiles, config.SnapshotWarnFiles),
            Notify = InForce(ConfigSchema.Notify, config.Notify),
            Jobs = [.. files.SelectMany(file => file.Jobs).DistinctBy(job => job.Name)],
            Scaling = files
                .FirstOrDefault(file => file.Top?.Has(ConfigSchema.Scaling) is true)
                ?.Top!.Get(ConfigSchema.Scaling, null!),
        };
    }

    private static readonly LocalSite BuiltIn = new() { Name = LocalSite.BuiltInName, Origin = Origin.BuiltIn };

    private static List<Setting> SettingsOf(List<FileContent> files, List<Site> sites, string? chosen)
    {
        var named = chosen is null
            ? []
            : new[] { new Setting(ConfigSchema.DefaultSite.Name, chosen, new("environment MUSTER_SITE")) };
        var top = named.Concat(files.SelectMany(file => file.Top?.Settings ?? [])).DistinctBy(setting => setting.Key);
        var ofSites = sites.SelectMany(site => files.SelectMany(file => file.SettingsOf(site)));
        return [.. top, .. ofSites];
    }

    /// <summary>What one file holds.</summary>
    private sealed class FileContent(
        ConfigFile file,
        ConfigSection? top,
        IReadOnlyList<(Site Site, List<Setting> Settings)> sites
    )
    {
        public ConfigSection? Top => top;
        public bool IsUnreadable => top is null && file.Mistakes.Count > 0;
        public IEnumerable<string> SiteNames =>
            (top?.Get(ConfigSchema.Sites, []) ?? []).Select(site => site.Name.Value!);
        public IEnumerable<Site> Sites => sites.Select(entry => entry.Site);

        /// <summary>A job of the project starts in the project's folder, any other where it is asked for.</summary>
        public IEnumerable<JobDraft> Jobs =>
            (
                top?.Get(ConfigSchema.Jobs, new Dictionary<string, JobDraft>()) ?? new Dictionary<string, JobDraft>()
            ).Select(job => job.Value with { Name = job.Key, Folder = file.IsOfProject ? file.Folder : null });

        public List<Setting> SettingsOf(Site site) =>
            sites.FirstOrDefault(entry => ReferenceEquals(entry.Site, site)).Settings ?? [];

        public static FileContent Read(string path, ConfigSources sources)
        {
            var file = new ConfigFile(path, sources);
            if (file.Load() is not { } root || ConfigShape.IsNull(root))
                return new(file, null, []);

            var top = ConfigSection.Read(root, file, ConfigSchema.TopKeys, "", "");
            var sites = new List<(Site, List<Setting>)>();
            foreach (var (name, node) in top.Get(ConfigSchema.Sites, []))
            {
                if (SiteReader.Read(name, node, file) is { } read)
                    sites.Add(read);
            }
            return new(file, top, sites);
        }

        /// <summary>The mistakes in the order of their lines.</summary>
        /// <param name="names">All sites of all files, of which the default must be one; null when they are not
        /// known.</param>
        public IEnumerable<ConfigMistake> Mistakes(List<string>? names)
        {
            var chosen = top?.Get(ConfigSchema.DefaultSite, "") ?? "";
            if (chosen.Length > 0 && names?.Contains(chosen) is false)
            {
                file.Mistake(
                    top!.NodeOf(ConfigSchema.DefaultSite),
                    $"default-site '{chosen}' is not among the sites{Nearest.DidYouMean(chosen, names)}"
                );
            }
            foreach (
                var stranger in top?.Has(ConfigSchema.Scaling) is true && names is not null
                    ? top.Get(ConfigSchema.Scaling, null!).Pools.Select(pool => pool.Site).Except(names).ToList()
                    : []
            )
            {
                file.Mistake(
                    top!.NodeOf(ConfigSchema.Scaling),
                    $"scaling names site '{stranger}', which is not among the sites"
                        + $"{Nearest.DidYouMean(stranger, names!)}"
                );
            }
            foreach (var job in names is null ? [] : Jobs)
            {
                var site = job.Options.FirstOrDefault(option => option.Name == "site")?.Values[0];
                if (site is not null && !names!.Contains(site) && !File.Exists(Path.Combine(file.Folder, site)))
                    file.Mistakes.Add(
                        new(
                            job.Origin,
                            $"job {job.Name} names site '{site}', which is not among the sites"
                                + Nearest.DidYouMean(site, names)
                        )
                    );
            }
            return file.Mistakes.OrderBy(mistake => mistake.Origin.Line ?? 0);
        }
    }
}
