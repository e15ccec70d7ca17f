using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Muster.NodeOdm;

namespace Muster.Gateway.Model;

/// <summary>A task that a client has begun here, and its whole life.</summary>
public sealed record GatewayTask
{
    public required Guid Id { get; init; }

    /// <summary>The token it belongs to; empty where the gateway asks for none.</summary>
    public required string Owner { get; init; }

    /// <summary>The task of which it is a part.</summary>
    public Guid? Parent { get; init; }

    /// <summary>
    /// The id under which that task was on its node then: begun anew, it has another, and its earlier parts are
    /// nobody's. Empty where it was on none.
    /// </summary>
    public Guid? ParentOnNode { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset Created { get; init; }

    /// <summary>The place in the queue: committed later, served later.</summary>
    public long Order { get; init; }

    /// <summary>Checked against the engine's list, as JSON.</summary>
    public string Options { get; init; } = "[]";
    public bool SkipPostProcessing { get; init; }
    public string? Webhook { get; init; }

    /// <summary>It has ended, and the webhook does not know it yet.</summary>
    public bool WebhookDue { get; init; }

    /// <summary>It has ended, and the provider of its token does not know it yet.</summary>
    public bool FinishDue { get; init; }
    public IReadOnlyList<string>? Outputs { get; init; }
    public required TaskPhase Phase { get; init; }

    /// <summary>Files of any kind, and those of them that are photos.</summary>
    public int Files { get; init; }
    public int Images { get; init; }
    public long Bytes { get; init; }

    /// <summary>Its files are still in the spool, so it can begin anew.</summary>
    public bool HasFiles { get; init; } = true;

    /// <summary>Where its files go before it has a place; null where they go nowhere.</summary>
    public Ahead? Ahead { get; init; }

    /// <summary>How often its files were begun to be sent somewhere before it had a place.</summary>
    public int AheadBegun { get; init; }

    /// <summary>It cuts itself into parts, which come back to us as tasks.</summary>
    public bool IsSplitMergeParent { get; init; }

    /// <summary>The phases it came into; null for one of an earlier version of ours.</summary>
    public IReadOnlyList<TaskStep>? Steps { get; init; }
    public Attempts Attempts { get; init; } = Attempts.None;
    public double Progress { get; init; }

    /// <summary>As the node counts it; -1 before the start.</summary>
    public long ProcessingTime { get; init; } = -1;

    /// <summary>Lines of output so far, ours and the node's.</summary>
    public int Lines { get; init; }

    /// <summary>What was received, by name; only while it is being received.</summary>
    [JsonIgnore]
    public ImmutableDictionary<string, SpoolFile> Received { get; init; } =
        ImmutableDictionary<string, SpoolFile>.Empty;

    /// <summary>Clients can see it.</summary>
    [JsonIgnore]
    public bool IsListed => Phase is not TaskPhase.Receiving;

    [JsonIgnore]
    public TaskNeed Need =>
        Ahead is { } at
            ? Attempts.Need(Images, IsSplitMergeParent) with
            {
                Ahead = at.Node,
            }
            : Attempts.Need(Images, IsSplitMergeParent);

    [JsonIgnore]
    public TaskCode Code =>
        Phase switch
        {
            TaskPhase.Ended end => end.Code,
            TaskPhase.Queued { ShownRunning: false } => TaskCode.Queued,
            TaskPhase.Running { Waiting: true } when Parent is null => TaskCode.Queued,
            _ => TaskCode.Running,
        };
}
