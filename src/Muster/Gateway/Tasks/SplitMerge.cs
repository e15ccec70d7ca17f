using Muster.Gateway.Fleet;

namespace Muster.Gateway.Tasks;

/// <summary>Keeps tasks that wait for their own parts from waiting for ever.</summary>
public static class SplitMerge
{
    /// <summary>
    /// Whether parts may be accepted and wait here. Only while some slot is not held by a task that itself waits for parts;
    /// else they are shown as queued, and the engine that sent them works them off itself.
    /// </summary>
    public static bool PartsMayWait(IEnumerable<GatewayNode> nodes, IReadOnlyList<HeldSlot> held, DateTimeOffset now) =>
        nodes.Where(node => !node.Locked && !node.Draining && node.Health.IsOnline(now))
            .Any(node => (node.Facts?.Slots ?? 0) > held.Count(slot => slot.Node == node.Id && slot.ByParent));
}
