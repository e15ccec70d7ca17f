using System.Text.Json;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Placing;

/// <summary>What becomes of a task that a node has, after what was seen of it.</summary>
/// <param name="Lines">New lines of its output.</param>
/// <param name="Failure">The node has failed it; <see cref="Retries"/> says what follows.</param>
public sealed record TaskCourse(GatewayTask Task, IReadOnlyList<string> Lines, TaskFailure? Failure = null)
{
    /// <summary>The node said how it goes.</summary>
    /// <param name="lastLines">The end of its output until now, for the cause of a failure.</param>
    public static TaskCourse After(
        GatewayTask task,
        TaskPhase.Running at,
        TaskInfo info,
        IReadOnlyList<string> lastLines,
        DateTimeOffset now
    )
    {
        var lines = info.Output ?? [];
        var seen = task with { Progress = Math.Clamp(info.Progress, 0, 100), ProcessingTime = info.ProcessingTime };
        if (task.Files == 0)
            seen = seen with
            {
                Name = info.Name,
                Created = DateTimeOffset.FromUnixTimeMilliseconds(info.DateCreated),
                Images = info.ImagesCount,
                Options = JsonSerializer.Serialize(info.Options, OdmJson.Wire.IReadOnlyListTaskOption),
            }; // taken over from another gateway
        switch (info.Status.Code)
        {
            // A node that was started anew begins its output anew, and ours goes on behind what clients have read.
            case TaskCode.Queued or TaskCode.Running when at.Seen > 0 && info.ProcessingTime < task.ProcessingTime:
                return new(
                    seen with
                    {
                        Phase = at with
                        {
                            Seen = 0,
                            Waiting = info.Status.Code == TaskCode.Queued,
                            UnknownSince = null,
                        },
                    },
                    ["The node was restarted and starts the task again."]
                );
            case TaskCode.Queued or TaskCode.Running:
                return new(
                    seen with
                    {
                        Phase = at with
                        {
                            Seen = at.Seen + lines.Count,
                            Waiting = info.Status.Code == TaskCode.Queued,
                            UnknownSince = null,
                        },
                    },
                    lines
                );
            case TaskCode.Completed:
                return new(seen with { Phase = new TaskPhase.Collecting(at.Node, at.OnNode, now) }, lines);
            case TaskCode.Failed:
                return new(
                    seen,
                    lines,
                    new(Failures.KindOf(info.Status.ErrorMessage, [.. lastLines, .. lines]), info.Status.ErrorMessage)
                );
            case TaskCode.Canceled:
                return new(
                    seen with
                    {
                        Phase = new TaskPhase.Ended(TaskCode.Canceled, now, null, at.Node, at.OnNode),
                    },
                    lines
                );
            default:
                return new(task, []); // new releases may add states; the task stays what it was
        }
    }

    /// <summary>The node answered and does not know the task.</summary>
    public static TaskCourse Unknown(GatewayTask task, TaskPhase.Running at, TimeSpan patience, DateTimeOffset now)
    {
        var since = at.UnknownSince ?? now;
        var seen = task with { Phase = at with { UnknownSince = since } };
        return now - since < patience
            ? new(seen, [])
            : new(seen, [], new(FailureKind.Vanished, "The node no longer knows the task."));
    }
}

/// <summary>Why a task is not going on where it is.</summary>
/// <param name="Error">What clients are told if nobody else can do it; null where the node gave no reason.</param>
public sealed record TaskFailure(FailureKind Kind, string? Error);

/// <summary>Carries out <see cref="RetryPlan"/>: back into the queue, or the end.</summary>
public static class Retries
{
    public static GatewayTask Apply(
        TaskBook book,
        GatewayTask task,
        TaskFailure failure,
        GatewayNode? node,
        IReadOnlyList<GatewayNode> fleet
    )
    {
        var place = task.Phase.Place;
        var where = node?.Name ?? "its node";
        if (task.HasFiles && RetryPlan.After(failure.Kind, task.Attempts, node, fleet, task.Images) is { } attempts)
        {
            if (place is { } left)
                book.Request(new(left.Node, left.OnNode, Remove: true, HoldsSlot: task.Phase.Slot is not null));
            book.Note(
                "retry",
                $"{task.Name}: {where} failed ({failure.Error ?? "no reason given"}); it is placed again",
                task.Id,
                place?.Node
            );
            return book.Say(
                task with
                {
                    Phase = new TaskPhase.Queued(book.Now, task.Parent is not null),
                    Attempts = attempts,
                    Progress = 0,
                    ProcessingTime = -1,
                },
                $"Not done on {where}: {failure.Error ?? "no reason given"} It is placed on another node, attempt "
                    + $"{attempts.Count + 1}."
            );
        }
        book.Note("failed", $"{task.Name}: {failure.Error ?? "no reason given"}", task.Id, place?.Node);
        return task with
        {
            Phase = new TaskPhase.Ended(TaskCode.Failed, book.Now, failure.Error, place?.Node, place?.OnNode),
        };
    }
}
