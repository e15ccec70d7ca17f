using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

/// <summary>Whether a task that failed on a node is tried again, and how.</summary>
public static class RetryPlan
{
    /// <summary>A task that takes down every node it is on must not go on for ever.</summary>
    public const int Most = 5;

    /// <summary>Being sent in vain costs little; but it must come to an end as well.</summary>
    public const int MostSendings = 25;

    /// <summary>The attempts with which the task goes back into the queue; null when its failure is final.</summary>
    public static Attempts? After(
        FailureKind kind,
        Attempts before,
        GatewayNode? node,
        IReadOnlyList<GatewayNode> fleet,
        int images
    )
    {
        var next = before with
        {
            Count = before.Count + 1,
            Begun = kind == FailureKind.NotSent ? before.Begun : before.Begun + 1,
        };
        if (kind == FailureKind.Dataset || next.Begun >= Most || next.Count >= MostSendings)
            return null;
        next = kind switch
        {
            FailureKind.Memory => next with
            {
                MoreMemoryThan = Larger(next.MoreMemoryThan, node?.Facts?.TotalMemory),
                Avoid = With(next.Avoid, node),
            },
            FailureKind.TooLarge => next with
            {
                MoreImagesThan = (int?)Larger(next.MoreImagesThan, node?.Facts?.MaxImages),
                Avoid = With(next.Avoid, node),
            },
            FailureKind.Node => next with { Avoid = With(next.Avoid, node) },
            _ => next,
        };
        // A node that vanished may come back, and is then as good as any. The others must have an alternative.
        return kind is FailureKind.Vanished or FailureKind.NotSent || fleet.Any(other => CouldTake(other, next, images))
            ? next
            : null;
    }

    private static bool CouldTake(GatewayNode node, Attempts attempts, int images) =>
        NodeChoice.WhyNot(
            node with
            {
                Locked = false,
                Health = NodeHealth.Well(TimeSpan.Zero, DateTimeOffset.UnixEpoch),
            },
            attempts.Need(images, isParent: false)
        )
            is null;

    private static long? Larger(long? a, long? b) =>
        a is null ? b
        : b is null ? a
        : Math.Max(a.Value, b.Value);

    private static string[] With(IReadOnlyList<string> avoid, GatewayNode? node) =>
        node is null || avoid.Contains(node.Id) ? [.. avoid] : [.. avoid, node.Id];
}
