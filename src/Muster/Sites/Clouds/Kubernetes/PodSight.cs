using Muster.Sites.Schedulers;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// What a Job and its pod say, in our words. A pure function: whoever calls it has asked the cluster.
/// </summary>
internal static class PodSight
{
    /// <summary>Pulling may fail for a moment; after so long the image or its secret is wrong.</summary>
    private static readonly TimeSpan ImagePatience = TimeSpan.FromMinutes(2);

    public static CloudMachine Of(
        KubeJob job,
        KubePod? pod,
        IReadOnlyList<KubeEvent> events,
        string place,
        DateTimeOffset now
    )
    {
        var marks = CloudMarks.OfLabels(job.Metadata?.Labels ?? new Dictionary<string, string>());
        var seen = new CloudMachine
        {
            Id = job.Metadata?.Name ?? "",
            Name = job.Metadata?.Name ?? "",
            Place = place,
            Type = job.Metadata?.Annotations?.GetValueOrDefault(PodManifest.TypeKey) ?? "",
            State = CloudState.Starting,
            Word = pod?.Status?.Phase ?? "no pod yet",
            Created = job.Metadata?.CreationTimestamp,
            Fleet = marks.Fleet,
            Order = marks.Order,
            Until = marks.Until,
        };
        if (Loss(job, pod) is (var outcome, var why))
            return seen with { State = CloudState.Broken, Word = why, Lost = outcome };
        if (job.Metadata?.DeletionTimestamp is not null || pod?.Metadata?.DeletionTimestamp is not null)
            return seen with { State = CloudState.Deleting, Word = "being deleted" };
        var container = Container(pod);
        return pod switch
        {
            _ when Is(job, "Complete") || pod?.Status?.Phase is "Succeeded" => seen with
            {
                State = CloudState.Stopped,
                Word = "Completed",
            },
            null => seen with { Waits = Warning(events) },
            { Status.Phase: "Running" } when container?.Running is not null => seen with
            {
                State = CloudState.Running,
                PublicAddress = pod.Metadata?.Name,
            },
            { Status.Phase: "Pending" } => Pending(seen, pod, container?.Waiting, events, now),
            { Status.Phase: "Running" } => seen,
            _ => seen with { State = CloudState.Unclear },
        };
    }

    private static CloudMachine Pending(
        CloudMachine seen,
        KubePod pod,
        KubeWaiting? waiting,
        IReadOnlyList<KubeEvent> events,
        DateTimeOffset now
    )
    {
        var placing = pod.Status?.Conditions?.FirstOrDefault(one => one is { Type: "PodScheduled", Status: "False" });
        if (placing is not null)
            return seen with { Waits = $"{placing.Reason}: {placing.Message}" };
        if (waiting?.Reason is not { } reason)
            return seen with { Waits = Warning(events) };
        var words = waiting.Message is { Length: > 0 } message ? $"{reason}: {message}" : reason;
        var isWrong =
            reason
                is "InvalidImageName"
                    or "ErrImageNeverPull"
                    or "CreateContainerConfigError"
                    or "CreateContainerError"
            || (
                reason is "ErrImagePull" or "ImagePullBackOff" && now - pod.Metadata?.CreationTimestamp > ImagePatience
            );
        return isWrong ? seen with { State = CloudState.Broken, Word = words } : seen with { Waits = words };
    }

    /// <summary>What the cluster itself ended the pod for; null where it did not.</summary>
    private static (Outcome Outcome, string Why)? Loss(KubeJob job, KubePod? pod)
    {
        var end = Container(pod)?.Terminated;
        if (end?.Reason is "OOMKilled")
            return (Outcome.OutOfMemory, Words("OOMKilled", end.Message ?? "it used more memory than it asked for"));
        if (Condition(job, "Failed") is { Reason: "DeadlineExceeded" } late)
            return (Outcome.TimedOut, Words(late.Reason, late.Message));
        if (pod?.Status is { Phase: "Failed" } status)
        {
            var moved = status.Conditions?.FirstOrDefault(one => one is { Type: "DisruptionTarget", Status: "True" });
            var reason = status.Reason ?? moved?.Reason ?? end?.Reason ?? "Failed";
            var message = status.Message ?? moved?.Message ?? end?.Message;
            return (
                reason is "Evicted" or "Preempted" or "Preempting" or "Shutdown" or "Terminated" || moved is not null
                    ? Outcome.Preempted
                    : Outcome.NodeFailed,
                Words(reason, message ?? (end?.ExitCode is { } code ? $"its container ended with {code}" : null))
            );
        }
        // The pod went away, and the Job's controller noticed.
        return Condition(job, "Failed") is { } failed
            ? (Outcome.NodeFailed, Words(failed.Reason ?? "Failed", failed.Message))
            : null;
    }

    private static KubeContainerState? Container(KubePod? pod) =>
        pod?.Status?.ContainerStatuses is [var only, ..] ? only.State : null;

    private static bool Is(KubeJob job, string type) => Condition(job, type) is not null;

    private static KubeCondition? Condition(KubeJob job, string type) =>
        job.Status?.Conditions?.FirstOrDefault(one => one.Type == type && one.Status is "True");

    private static string? Warning(IReadOnlyList<KubeEvent> events) =>
        events.LastOrDefault(one => one.Type is "Warning") is { } last ? Words(last.Reason ?? "", last.Message) : null;

    private static string Words(string reason, string? message) =>
        message is { Length: > 0 } ? $"{reason}: {message}" : reason;
}
