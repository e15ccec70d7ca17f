using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

/// <summary>A node with the slots that are free on it.</summary>
public sealed record NodeSlots(GatewayNode Node, int Taken)
{
    public int Free => Math.Max(0, (Node.Facts?.Slots ?? 0) - (Node.Facts?.Foreign ?? 0) - Taken);
    public int Queue => (Node.Facts?.Foreign ?? 0) + Taken;
}

/// <summary>
/// Chooses the node for a task: the smallest that fits, then the one that has its files already, then the freest, then
/// by turns.
/// </summary>
public static class NodeChoice
{
    /// <summary>Nodes that could take it, now or when they have a slot.</summary>
    public static IEnumerable<NodeSlots> Able(IEnumerable<NodeSlots> nodes, TaskNeed need) =>
        nodes.Where(node => WhyNot(node.Node, need) is null);

    /// <summary>The same, the best first.</summary>
    public static IEnumerable<NodeSlots> Candidates(IEnumerable<NodeSlots> nodes, TaskNeed need) =>
        Able(nodes, need)
            .OrderBy(node => node.Node.Facts?.TotalMemory is { } memory && memory < need.LikelyMemory)
            .ThenBy(node => need.IsSplitMergeParent ? -(node.Node.Facts?.Cores ?? 0) : 0)
            .ThenBy(node => MaxImages(node.Node))
            .ThenBy(node => node.Node.Id != need.Ahead)
            .ThenByDescending(node => node.Free)
            .ThenBy(node => node.Queue)
            .ThenBy(node => node.Node.Turn);

    /// <summary>The node to place it on now, if any has a slot.</summary>
    public static NodeSlots? For(IEnumerable<NodeSlots> nodes, TaskNeed need) =>
        Candidates(nodes.Where(node => node.Free > 0), need).FirstOrDefault();

    /// <summary>Why a node cannot have the task, in words; null when it can.</summary>
    public static string? WhyNot(GatewayNode node, TaskNeed need) =>
        node switch
        {
            { Draining: true } => "it is being drained",
            { Locked: true } => "it is locked",
            { Health.Answers: false } => node.Health.Fault is { } fault
                ? $"it does not answer: {fault}"
                : "it has not answered yet",
            { Facts: null } => "it has not answered yet",
            _ when need.Avoid.Contains(node.Id) => "it has failed this task before",
            _ when need.Images > MaxImages(node) => $"it takes up to {node.Facts.MaxImages} images",
            _ when need.MoreImagesThan is { } images && MaxImages(node) <= images =>
                "it is no larger than the node that was too small",
            _ when need.MoreMemoryThan is { } memory && node.Facts.TotalMemory is { } total && total <= memory =>
                "it has no more memory than the node that ran out of it",
            { Left: { } left } when need.LikelyTime is { } likely && left < likely && left < node.Whole * 0.9 =>
                $"its machine is there for {(int)Math.Max(0, left.TotalMinutes)} min more, and tasks like it take "
                    + $"{(int)Math.Ceiling(likely.TotalMinutes)} min",
            _ => null,
        };

    private static int MaxImages(GatewayNode node) =>
        node.Facts?.MaxImages is > 0 and var images ? images : int.MaxValue;
}
