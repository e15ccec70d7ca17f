using System.Text.Json.Serialization;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>Where a task is. While it is initialised clients see it as running, as they do with NodeODM.</summary>
public enum NodeTaskPhase
{
    Initialising,
    Queued,
    Running,
    Failed,
    Completed,
    Canceled,
}

/// <summary>A committed task, as it is stored.</summary>
public sealed record NodeTask
{
    public required string Uuid { get; init; }
    public required string Name { get; init; }
    public required long Created { get; init; }
    public NodeTaskPhase Phase { get; init; }
    public string? Error { get; init; }
    public IReadOnlyList<TaskOption> Options { get; init; } = [];
    public bool SkipPostProcessing { get; init; }
    public string? Webhook { get; init; }
    public IReadOnlyList<string>? Outputs { get; init; }
    public string? ZipUrl { get; init; }
    public int ImagesCount { get; init; } = -1;
    public double Progress { get; init; }

    /// <summary>When the engine started; null while it has not.</summary>
    public long? Started { get; init; }

    /// <summary>When it ended; null while it has not.</summary>
    public long? Ended { get; init; }

    /// <summary>How long it took, once it has ended; -1 unknown.</summary>
    public long Took { get; init; } = -1;

    /// <summary>Its end has not been told to its webhooks yet.</summary>
    public bool WebhookDue { get; init; }

    [JsonIgnore]
    public bool HasEnded => Phase is NodeTaskPhase.Failed or NodeTaskPhase.Completed or NodeTaskPhase.Canceled;

    public long ProcessingTime(long now) =>
        Phase == NodeTaskPhase.Running && Started is { } started ? Math.Max(0, now - started) : Took;

    public TaskInfo Info(long now) =>
        new()
        {
            Uuid = Uuid,
            Name = Name,
            DateCreated = Created,
            ProcessingTime = ProcessingTime(now),
            Status = new(
                Phase switch
                {
                    NodeTaskPhase.Queued => TaskCode.Queued,
                    NodeTaskPhase.Failed => TaskCode.Failed,
                    NodeTaskPhase.Completed => TaskCode.Completed,
                    NodeTaskPhase.Canceled => TaskCode.Canceled,
                    _ => TaskCode.Running,
                },
                Phase == NodeTaskPhase.Failed ? Error : null
            ),
            Options = Options,
            ImagesCount = ImagesCount,
            Progress = Progress,
        };
}

/// <summary>What an upload in progress will become; kept beside its files.</summary>
public sealed record PendingTask(
    string Name,
    long? DateCreated,
    IReadOnlyList<TaskOption> Options,
    bool SkipPostProcessing,
    string? Webhook,
    IReadOnlyList<string>? Outputs,
    string? ZipUrl
);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(NodeTask))]
[JsonSerializable(typeof(PendingTask))]
internal sealed partial class NodeJson : JsonSerializerContext;
