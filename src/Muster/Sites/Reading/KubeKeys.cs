using Muster.Configuration;
using Muster.Sites.Clouds;

namespace Muster.Sites.Reading;

/// <summary>The keys that only a Kubernetes site has.</summary>
internal static class KubeKeys
{
    private static readonly string[] Kubernetes = ["kubernetes"];

    public static readonly ConfigKey<string> Kubeconfig = new(
        "kubeconfig",
        ConfigShape.LocalPath,
        "the file that says how the cluster is reached; without it, where kubectl looks"
    )
    {
        Kinds = Kubernetes,
    };
    public static readonly ConfigKey<string> Context = new(
        "context",
        ConfigShape.Text,
        "the context of that file; without it, its current one"
    )
    {
        Kinds = Kubernetes,
    };
    public static readonly ConfigKey<string> Namespace = new(
        "namespace",
        CloudShapes.KubeName,
        "where pods are made; without it, the context's"
    )
    {
        Kinds = Kubernetes,
    };
    public static readonly ConfigKey<string> GpuResource = new(
        "gpu-resource",
        CloudShapes.Word,
        "what a GPU is called in the cluster, such as amd.com/gpu"
    )
    {
        Kinds = Kubernetes,
    };
    public static readonly ConfigKey<IReadOnlyDictionary<string, string>> NodeSelector = new(
        "node-selector",
        CloudShapes.Tags,
        "labels of the nodes that pods are placed on"
    )
    {
        Kinds = Kubernetes,
    };
    public static readonly ConfigKey<IReadOnlyList<Toleration>> Tolerations = new(
        "tolerations",
        ConfigShape.List(
            ConfigShape.Parsed<Toleration>(
                "a taint such as nvidia.com/gpu:NoSchedule or pool=batch:NoExecute",
                text => Toleration.Parse(text) is { } read ? (true, read) : (false, null!),
                writer => writer.WriteString("type", "string")
            )
        ),
        "taints of nodes that pods are placed on all the same"
    )
    {
        Kinds = Kubernetes,
    };
    public static readonly ConfigKey<IReadOnlyList<string>> ImagePullSecrets = new(
        "image-pull-secrets",
        ConfigShape.List(CloudShapes.KubeName),
        "secrets of the namespace with which private images are pulled"
    )
    {
        Kinds = Kubernetes,
    };
    public static readonly ConfigKey<string> ServiceAccount = new(
        "service-account",
        CloudShapes.KubeName,
        "the service account of pods; without it, they may ask the cluster nothing"
    )
    {
        Kinds = Kubernetes,
    };

    public static IReadOnlyList<ConfigKey> All =>
        [Kubeconfig, Context, Namespace, GpuResource, NodeSelector, Tolerations, ImagePullSecrets, ServiceAccount];
}
