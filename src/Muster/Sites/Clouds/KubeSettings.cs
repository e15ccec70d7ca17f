namespace Muster.Sites.Clouds;

/// <summary>What the configuration says of a Kubernetes site beside what it shares with clouds.</summary>
public sealed record KubeSettings
{
    /// <summary>The file that says how the cluster is reached; null looks where <c>kubectl</c> does.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>The context in it; null takes its current one.</summary>
    public string? Context { get; init; }

    /// <summary>Null takes the context's.</summary>
    public string? Namespace { get; init; }

    /// <summary>What a GPU is called in this cluster.</summary>
    public string GpuResource { get; init; } = "nvidia.com/gpu";
    public IReadOnlyDictionary<string, string> NodeSelector { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<Toleration> Tolerations { get; init; } = [];

    /// <summary>Names of secrets in the namespace with which private images are pulled.</summary>
    public IReadOnlyList<string> ImagePullSecrets { get; init; } = [];

    /// <summary>Null runs pods without the right to ask the cluster anything.</summary>
    public string? ServiceAccount { get; init; }

    /// <summary>The folder in the pod that holds runs. It is the pod's own, and goes with it.</summary>
    public required string Root { get; init; }
}

/// <summary>A taint of nodes that pods may be placed on all the same, as <c>kubectl taint</c> writes it.</summary>
/// <param name="Key">Empty for every taint.</param>
/// <param name="Value">Null for any value.</param>
/// <param name="Effect">Null for any effect.</param>
public sealed record Toleration(string Key, string? Value, string? Effect)
{
    private static readonly string[] Effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    /// <summary><c>key=value:Effect</c>, of which value and effect may be left out; <c>*</c> is every taint.</summary>
    public static Toleration? Parse(string text)
    {
        if (text is "*")
            return new("", null, null);
        var colon = text.LastIndexOf(':');
        var effect = colon < 0 ? null : text[(colon + 1)..];
        var taint = (colon < 0 ? text : text[..colon]).Split('=', 2);
        return
            taint[0].Length is > 0 and < 318
            && taint[0].All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/')
            && (effect is null || Effects.Contains(effect))
            ? new(taint[0], taint.ElementAtOrDefault(1), effect)
            : null;
    }

    public override string ToString() =>
        Key.Length == 0 ? "*" : (Value is null ? Key : $"{Key}={Value}") + (Effect is null ? "" : $":{Effect}");
}
