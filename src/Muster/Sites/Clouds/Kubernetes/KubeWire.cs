using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What the API says of a thing whose kind is known: of its many parts, those that are read here.</summary>
internal sealed record KubeMeta
{
    public string? Name { get; init; }
    public string? Uid { get; init; }
    public DateTimeOffset? CreationTimestamp { get; init; }
    public DateTimeOffset? DeletionTimestamp { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

internal sealed record KubeCondition(string? Type, string? Status, string? Reason, string? Message);

internal sealed record KubeJob(KubeMeta? Metadata, KubeJobStatus? Status);

internal sealed record KubeJobStatus(
    int? Active,
    int? Failed,
    int? Succeeded,
    IReadOnlyList<KubeCondition>? Conditions
);

internal sealed record KubePod(KubeMeta? Metadata, KubePodStatus? Status);

internal sealed record KubePodStatus
{
    public string? Phase { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public IReadOnlyList<KubeCondition>? Conditions { get; init; }
    public IReadOnlyList<KubeContainer>? ContainerStatuses { get; init; }
}

internal sealed record KubeContainer(KubeContainerState? State);

internal sealed record KubeContainerState(KubeWaiting? Waiting, KubeRunning? Running, KubeTerminated? Terminated);

internal sealed record KubeWaiting(string? Reason, string? Message);

internal sealed record KubeRunning(DateTimeOffset? StartedAt);

internal sealed record KubeTerminated(int? ExitCode, string? Reason, string? Message);

internal sealed record KubeEvent(string? Reason, string? Message, string? Type);

internal sealed record KubeListMeta(string? Continue);

internal sealed record KubeList<T>(KubeListMeta? Metadata, IReadOnlyList<T>? Items);

internal sealed record KubeVersion(string? Major, string? Minor, string? GitVersion);

/// <summary>How the API says that something did not go well, and how an exec ended.</summary>
internal sealed record KubeStatus
{
    public string? Kind { get; init; }
    public string? Status { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public KubeDetails? Details { get; init; }
    public int? Code { get; init; }
}

internal sealed record KubeDetails(IReadOnlyList<KubeCause>? Causes, int? RetryAfterSeconds);

internal sealed record KubeCause(string? Reason, string? Message, string? Field);

internal sealed record KubeReview(string ApiVersion, string Kind, KubeReviewSpec Spec, KubeReviewStatus? Status = null);

internal sealed record KubeReviewSpec(KubeResource ResourceAttributes);

internal sealed record KubeResource(string Namespace, string Verb, string Group, string Resource, string? Subresource);

internal sealed record KubeReviewStatus(bool? Allowed, string? Reason);

internal sealed record KubeDelete(string ApiVersion, string Kind, string PropagationPolicy);

/// <summary>What a credential plugin prints.</summary>
internal sealed record ExecCredential(ExecStatus? Status);

internal sealed record ExecStatus
{
    public string? Token { get; init; }
    public string? ClientCertificateData { get; init; }
    public string? ClientKeyData { get; init; }
    public DateTimeOffset? ExpirationTimestamp { get; init; }
}

[JsonSerializable(typeof(KubeJob))]
[JsonSerializable(typeof(KubeList<KubeJob>))]
[JsonSerializable(typeof(KubeList<KubePod>))]
[JsonSerializable(typeof(KubeList<KubeEvent>))]
[JsonSerializable(typeof(KubeStatus))]
[JsonSerializable(typeof(KubeVersion))]
[JsonSerializable(typeof(KubeReview))]
[JsonSerializable(typeof(KubeDelete))]
[JsonSerializable(typeof(ExecCredential))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(List<string>))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
internal sealed partial class KubeWire : JsonSerializerContext;
