using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Clouds;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>
/// Makes a cloud site of its keys, and finds all that can be wrong with them before anybody is asked.
/// </summary>
internal static class CloudSiteReader
{
    /// <summary>Null when something is wrong, and then the mistakes are noted.</summary>
    public static CloudSite? Read(YamlScalarNode key, ConfigSection section, ConfigFile file)
    {
        var name = key.Value!;
        if (!section.Has(CloudKeys.Provider) || !section.Has(CloudKeys.Machines))
        {
            if (!section.Has(CloudKeys.Provider))
                file.Mistake(key, $"site {name} needs a `provider`: {string.Join(", ", Words())}");
            if (!section.Has(CloudKeys.Machines))
                file.Mistake(key, $"site {name} needs `machines`, such as [cx42]");
            return null;
        }
        var before = file.Mistakes.Count;
        var provider = section.Get(CloudKeys.Provider, default);
        Belong(section, provider, file);
        Together(key, section, provider, file);
        Sizes(section, file);
        Times(section, file);
        Labels(section, provider, file);
        Options(section, provider, file);
        OwnUserData(section, file);
        if (file.Mistakes.Count > before)
            return null;
        return new()
        {
            Name = name,
            Origin = file.At(key),
            Cloud = Settings(name, section, provider, file.Folder),
        };
    }

    private static CloudSettings Settings(string name, ConfigSection section, CloudProvider provider, string folder)
    {
        var settings = new CloudSettings
        {
            Site = name,
            Provider = provider,
            Folder = folder,
            Machines = section.Get(CloudKeys.Machines, []),
            Limit = section.Get(CloudKeys.Limit, 5),
            Image = section.Get(CloudKeys.Image, ImageOf(provider)),
        };
        return settings with
        {
            Places = section.Get(CloudKeys.Places, PlacesOf(provider)),
            Endpoint = Optional(section, CloudKeys.Endpoint),
            Token = Optional(section, CloudKeys.Token) ?? Optional(section, CloudKeys.TokenFile),
            AccessKey = Optional(section, CloudKeys.AccessKey),
            SecretKey = Optional(section, CloudKeys.SecretKey) ?? Optional(section, CloudKeys.SecretKeyFile),
            SessionToken = Optional(section, CloudKeys.SessionToken),
            Profile = Optional(section, CloudKeys.Profile),
            Role = Optional(section, CloudKeys.Role),
            Project = Optional(section, CloudKeys.Project),
            Snapshot = section.Get(CloudKeys.Snapshot, false),
            Subnets = section.Get(CloudKeys.Subnets, []),
            SecurityGroups = section.Get(CloudKeys.SecurityGroups, []),
            Networks = section.Get(CloudKeys.Networks, []),
            Firewalls = section.Get(CloudKeys.Firewalls, []),
            Vpc = Optional(section, CloudKeys.Vpc),
            Address = section.Get(CloudKeys.Address, settings.Address),
            SshKeys = section.Get(CloudKeys.SshKeys, []),
            SshUser = Optional(section, CloudKeys.SshUser),
            SshKeyFile = Optional(section, CloudKeys.SshKeyFile),
            Spot = section.Get(CloudKeys.Spot, false),
            SpotPrice = Number(section, CloudKeys.SpotPrice),
            SpotFallback = section.Get(CloudKeys.SpotFallback, false),
            DiskGb = Count(section, CloudKeys.Disk),
            Swap = section.Get(CloudKeys.Swap, settings.Swap),
            Gpus = section.Get(CloudKeys.Gpus, 0),
            Packages = section.Get(CloudKeys.Packages, []),
            UserData = Optional(section, CloudKeys.UserData),
            EngineScript = Optional(section, CloudKeys.EngineScript),
            Registry = Optional(section, CloudKeys.Registry),
            Tags = section.Get(CloudKeys.Tags, settings.Tags),
            NamePrefix = section.Get(CloudKeys.NamePrefix, settings.NamePrefix),
            Boot = section.Get(CloudKeys.Boot, settings.Boot),
            Lease = section.Get(CloudKeys.Lease, settings.Lease),
            Idle = section.Get(CloudKeys.Idle, settings.Idle),
            MaxLife = section.Get(CloudKeys.MaxLife, settings.MaxLife),
            Attempts = Count(section, CloudKeys.Attempts),
            Price = Number(section, CloudKeys.Price),
            Currency = Optional(section, CloudKeys.Currency),
            Budget = section.Get(CloudKeys.Budget, settings.Budget),
            GiveBack = Optional(section, CloudKeys.GiveBack),
            HostKey = Optional(section, CloudKeys.HostKey),
            Options = section.Get(CloudKeys.Options, settings.Options),
            Create = section.Get(CloudKeys.Create, []),
            List = section.Get(CloudKeys.List, []),
            Destroy = section.Get(CloudKeys.Destroy, []),
            Env = section.Get(ConfigSchema.Env, settings.Env),
        };
    }

    private static void Belong(ConfigSection section, CloudProvider provider, ConfigFile file)
    {
        foreach (var key in CloudKeys.All.Where(section.Has))
        {
            if (CloudKeys.ProvidersOf(key) is { } some && !some.Contains(provider))
                file.Mistake(
                    section.NodeOf(key),
                    $"key '{key.Name}' belongs to provider {string.Join(", ", some.Select(Word))}, not {Word(provider)}"
                );
        }
    }

    /// <summary>Keys that are nothing without each other, or too much beside each other.</summary>
    private static void Together(YamlScalarNode key, ConfigSection section, CloudProvider provider, ConfigFile file)
    {
        Either(CloudKeys.Token, CloudKeys.TokenFile);
        Either(CloudKeys.SecretKey, CloudKeys.SecretKeyFile);
        var hasSecret = section.Has(CloudKeys.SecretKey) || section.Has(CloudKeys.SecretKeyFile);
        if (section.Has(CloudKeys.AccessKey) != hasSecret)
            file.Mistake(key, $"site {key.Value} needs both `access-key` and `secret-key`, or neither");
        if (provider is CloudProvider.Hetzner or CloudProvider.DigitalOcean or CloudProvider.Scaleway)
        {
            if (!section.Has(CloudKeys.Token) && !section.Has(CloudKeys.TokenFile))
                file.Mistake(key, $"site {key.Value} needs a `token`, such as ${{{VariableOf(provider)}}}");
        }
        if (provider is CloudProvider.Scaleway)
            Need(CloudKeys.Project);
        if (provider is CloudProvider.Aws)
        {
            Need(CloudKeys.Places);
            Need(CloudKeys.Image);
        }
        if (provider is CloudProvider.Exec)
        {
            Need(CloudKeys.Create);
            Need(CloudKeys.List);
            Need(CloudKeys.Destroy);
        }
        if (section.Has(CloudKeys.Price) && !section.Has(CloudKeys.Currency))
            file.Mistake(section.NodeOf(CloudKeys.Price), "`price` needs a `currency` beside it");
        if (section.Has(CloudKeys.SpotFallback) && !section.Get(CloudKeys.Spot, false))
            file.Mistake(section.NodeOf(CloudKeys.SpotFallback), "`spot-fallback` means nothing without `spot: true`");

        void Need(ConfigKey needed)
        {
            if (!section.Has(needed))
                file.Mistake(key, $"site {key.Value} needs `{needed.Name}`: {needed.Meaning}");
        }

        void Either(ConfigKey one, ConfigKey other)
        {
            if (section.Has(one) && section.Has(other))
                file.Mistake(section.NodeOf(other), $"`{other.Name}` stands beside `{one.Name}`; remove one of them");
        }
    }

    /// <summary>The smallest first; one without a number of images is for the rest.</summary>
    internal static void Sizes(ConfigSection section, ConfigFile file)
    {
        var sizes = section.Get(CloudKeys.Machines, []);
        for (var i = 1; i < sizes.Count; i++)
        {
            if (sizes[i - 1].Images is { } smaller && sizes[i].Images is { } larger && larger <= smaller)
                file.Mistake(
                    section.NodeOf(CloudKeys.Machines),
                    $"machines must be listed from the smallest to the largest: {larger} images come after {smaller}"
                );
        }
    }

    internal static void Times(ConfigSection section, ConfigFile file)
    {
        Within(CloudKeys.Lease, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        Within(CloudKeys.Boot, TimeSpan.FromMinutes(1), TimeSpan.FromHours(2));
        Within(CloudKeys.MaxLife, TimeSpan.FromMinutes(10), TimeSpan.FromDays(365));

        void Within(ConfigKey<TimeSpan> key, TimeSpan least, TimeSpan most)
        {
            if (section.Has(key) && (section.Get(key, least) < least || section.Get(key, least) > most))
                file.Mistake(section.NodeOf(key), $"`{key.Name}` must be between {Shown(least)} and {Shown(most)}");
        }

        static string Shown(TimeSpan time) =>
            time.TotalDays >= 1 ? $"{time.TotalDays}d"
            : time.TotalHours >= 1 ? $"{time.TotalHours}h"
            : $"{time.TotalMinutes}m";
    }

    internal static void Labels(ConfigSection section, CloudProvider provider, ConfigFile file)
    {
        if (!section.Has(CloudKeys.Tags))
            return;
        var form = provider switch
        {
            CloudProvider.DigitalOcean => LabelForm.PlainTags,
            CloudProvider.Scaleway => LabelForm.FreeTags,
            CloudProvider.Aws => LabelForm.KeyedTags,
            _ => LabelForm.Labels,
        };
        foreach (var (label, value) in section.Get(CloudKeys.Tags, new Dictionary<string, string>()))
        {
            if (CloudMarks.Mistake(form, label, value) is { } mistake)
                file.Mistake(section.NodeOf(CloudKeys.Tags), mistake);
        }
    }

    private static void Options(ConfigSection section, CloudProvider provider, ConfigFile file)
    {
        if (!section.Has(CloudKeys.Options) || CloudKeys.OptionsOf(provider) is not { } known)
            return;
        foreach (var (name, value) in section.Get(CloudKeys.Options, new Dictionary<string, string>()))
        {
            if (!known.TryGetValue(name, out var fits))
                file.Mistake(
                    section.NodeOf(CloudKeys.Options),
                    $"unknown option '{name}' for {Word(provider)}{Nearest.DidYouMean(name, known.Keys)}"
                );
            else if (!fits(value))
                file.Mistake(section.NodeOf(CloudKeys.Options), $"option '{name}' cannot be '{value}'");
        }
    }

    private static void OwnUserData(ConfigSection section, ConfigFile file)
    {
        if (!section.Has(CloudKeys.UserData))
            return;
        try
        {
            UserData.ReadOwn(section.Get(CloudKeys.UserData, ""));
        }
        catch (UserException fault)
        {
            file.Mistake(section.NodeOf(CloudKeys.UserData), fault.Message);
        }
    }

    private static IReadOnlyList<string> PlacesOf(CloudProvider provider) =>
        provider switch
        {
            CloudProvider.Hetzner => ["fsn1", "nbg1", "hel1"],
            CloudProvider.DigitalOcean => ["fra1", "ams3"],
            CloudProvider.Scaleway => ["fr-par-1", "fr-par-2", "nl-ams-1"],
            _ => [],
        };

    private static string ImageOf(CloudProvider provider) =>
        provider switch
        {
            CloudProvider.Hetzner => "ubuntu-24.04",
            CloudProvider.DigitalOcean => "ubuntu-24-04-x64",
            CloudProvider.Scaleway => "ubuntu_noble",
            _ => "",
        };

    private static string VariableOf(CloudProvider provider) =>
        provider switch
        {
            CloudProvider.Hetzner => "HCLOUD_TOKEN",
            CloudProvider.DigitalOcean => "DIGITALOCEAN_TOKEN",
            _ => "SCW_SECRET_KEY",
        };

    private static string Word(CloudProvider provider) => provider.ToString().ToLowerInvariant();

    private static IEnumerable<string> Words() =>
        Enum.GetValues<CloudProvider>().Where(one => one is not CloudProvider.Kubernetes).Select(Word);

    private static T? Optional<T>(ConfigSection section, ConfigKey<T> key)
        where T : class => section.Has(key) ? section.Get(key, null!) : null;

    private static decimal? Number(ConfigSection section, ConfigKey<decimal> key) =>
        section.Has(key) ? section.Get(key, 0) : null;

    private static int? Count(ConfigSection section, ConfigKey<int> key) =>
        section.Has(key) ? section.Get(key, 0) : null;
}
