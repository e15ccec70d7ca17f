using Muster.Gateway.Model;

namespace Muster.Gateway.Placing;

/// <summary>Keeps tasks that wait for their own parts from waiting for ever.</summary>
public static class SplitMerge
{
    /// <summary>
    /// Whether parts may be accepted and wait here. Only while some slot is not held by a task that itself waits for
    /// parts, and their token
    /// may hold more than its wholes do; else they are shown as queued, and the engine that sent them works them off
    /// itself.
    /// </summary>
    /// <param name="most">How many slots the parts' token may hold, with their wholes; null for any number.</param>
    public static bool PartsMayWait(
        IEnumerable<GatewayNode> nodes,
        IReadOnlyList<HeldSlot> held,
        string share,
        int? most,
        DateTimeOffset now
    ) =>
        !(held.Count(slot => slot.ByParent && slot.Share == share) >= most)
        && nodes
            .Where(node => !node.Locked && !node.Draining && node.Health.IsOnline(now))
            .Any(node => (node.Facts?.Slots ?? 0) > held.Count(slot => slot.Node == node.Id && slot.ByParent));
}
