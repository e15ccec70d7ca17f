using Muster.Configuration;
using Muster.Sites.Clouds;
using Muster.Sites.Clouds.Kubernetes;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>Makes a site of a cluster of its keys: a cloud whose machines are pods.</summary>
internal static class KubeSiteReader
{
    /// <summary>Where a pod has its volume, and so the runs.</summary>
    private const string UsualRoot = "/muster";

    /// <summary>Of pods for which nothing is said.</summary>
    private const string UsualSize = "1cpu-4Gi";

    /// <summary>An API server that stumbles is asked again: the name of a Job makes that safe.</summary>
    private const int Attempts = 5;

    /// <summary>Null when something is wrong, and then the mistakes are noted.</summary>
    public static CloudSite? Read(YamlScalarNode key, ConfigSection section, ConfigFile file)
    {
        var name = key.Value!;
        var before = file.Mistakes.Count;
        if (!section.Has(CloudKeys.Image) && !section.Has(ConfigSchema.Container))
            file.Mistake(key, $"site {name} needs an `image`, such as ubuntu:24.04");
        if (section.Has(CloudKeys.Image) && section.Has(ConfigSchema.Container))
            file.Mistake(
                section.NodeOf(ConfigSchema.Container),
                "`container` stands beside `image`, which is the same of pods; remove one of them"
            );
        if (section.Has(ConfigSchema.Runtime))
            file.Mistake(
                section.NodeOf(ConfigSchema.Runtime),
                "`runtime` means nothing in a cluster, which runs images itself"
            );
        var root = section.Get(ConfigSchema.Root, UsualRoot);
        if (!root.StartsWith('/'))
            file.Mistake(section.NodeOf(ConfigSchema.Root), "`root` must be a full path: a volume is mounted there");
        if (section.Has(CloudKeys.Price) && !section.Has(CloudKeys.Currency))
            file.Mistake(section.NodeOf(CloudKeys.Price), "`price` needs a `currency` beside it");
        var machines = section.Get(CloudKeys.Machines, [new MachineSize(null, UsualSize)]);
        foreach (var wrong in machines.Where(size => PodSize.Parse(size.Type) is null))
            file.Mistake(
                section.NodeOf(CloudKeys.Machines),
                $"'{wrong.Type}' is no size of a pod: write it as 4cpu-16Gi, or 8cpu-32Gi-1gpu"
            );
        CloudSiteReader.Sizes(section, file);
        CloudSiteReader.Times(section, file);
        CloudSiteReader.Labels(section, CloudProvider.Kubernetes, file);
        if (file.Mistakes.Count > before)
            return null;
        var settings = new CloudSettings
        {
            Site = name,
            Provider = CloudProvider.Kubernetes,
            Folder = file.Folder,
            Machines = machines,
            Limit = section.Get(CloudKeys.Limit, 5),
            Image = section.Get(CloudKeys.Image, section.Get(ConfigSchema.Container, "")),
        };
        return new()
        {
            Name = name,
            Origin = file.At(key),
            Root = root,
            Cloud = settings with
            {
                Places = section.Has(KubeKeys.Namespace) ? [section.Get(KubeKeys.Namespace, "")] : [],
                DiskGb = section.Has(CloudKeys.Disk) ? section.Get(CloudKeys.Disk, 0) : null,
                Tags = section.Get(CloudKeys.Tags, settings.Tags),
                NamePrefix = section.Get(CloudKeys.NamePrefix, settings.NamePrefix),
                Boot = section.Get(CloudKeys.Boot, settings.Boot),
                Lease = section.Get(CloudKeys.Lease, settings.Lease),
                Idle = section.Get(CloudKeys.Idle, settings.Idle),
                MaxLife = section.Get(CloudKeys.MaxLife, settings.MaxLife),
                Attempts = Attempts,
                Price = section.Has(CloudKeys.Price) ? section.Get(CloudKeys.Price, 0) : null,
                Currency = section.Has(CloudKeys.Currency) ? section.Get(CloudKeys.Currency, "") : null,
                Budget = section.Get(CloudKeys.Budget, settings.Budget),
                Kube = new()
                {
                    Kubeconfig = Optional(KubeKeys.Kubeconfig),
                    Context = Optional(KubeKeys.Context),
                    Namespace = Optional(KubeKeys.Namespace),
                    GpuResource = section.Get(KubeKeys.GpuResource, "nvidia.com/gpu"),
                    NodeSelector = section.Get(KubeKeys.NodeSelector, new Dictionary<string, string>()),
                    Tolerations = section.Get(KubeKeys.Tolerations, []),
                    ImagePullSecrets = section.Get(KubeKeys.ImagePullSecrets, []),
                    ServiceAccount = Optional(KubeKeys.ServiceAccount),
                    Root = root,
                },
            },
        };

        string? Optional(ConfigKey<string> one) => section.Has(one) ? section.Get(one, "") : null;
    }
}
