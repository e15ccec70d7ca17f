using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Telemetry;

/// <summary>The hour of the whole cluster that goes on: what is seen of it is put into the minutes.</summary>
internal sealed class ClusterMinutes(long hour, ClusterHour before)
{
    private readonly int?[] _waiting = [.. before.Waiting];
    private readonly int?[] _oldest = [.. before.OldestWait];
    private readonly int?[] _running = [.. before.Running];
    private readonly int?[] _held = [.. before.SlotsHeld];
    private readonly int?[] _slots = [.. before.Slots];
    private readonly int?[] _online = [.. before.NodesOnline];
    private readonly int?[] _nodes = [.. before.Nodes];
    private readonly int?[] _completed = [.. before.Completed];
    private readonly int?[] _failed = [.. before.Failed];
    private readonly int?[] _cancelled = [.. before.Cancelled];

    public long Hour => hour;

    /// <param name="ended">How many tasks have ended so since they were last seen.</param>
    public void See(int minute, NodeFleet fleet, LiveTasks tasks, Func<TaskCode, int> ended, DateTimeOffset now)
    {
        void Most(int?[] values, int value) => values[minute] = Math.Max(values[minute] ?? 0, value);
        void Add(int?[] values, int value) => values[minute] = (values[minute] ?? 0) + value;
        var online = fleet.Nodes.Where(node => node.Health.IsOnline(now)).ToList();
        Most(_waiting, tasks.Waiting);
        Most(_oldest, tasks.First() is { Phase: TaskPhase.Queued at } ? (int)(now - at.Since).TotalSeconds : 0);
        Most(_running, tasks.All().Count(task => task.Phase is TaskPhase.Running));
        Most(_held, tasks.Held().Count);
        // one that was not asked yet, as after a start, is not away
        if (fleet.Nodes.All(node => NodeHour.StateOf(node, now) != 'u'))
        {
            _slots[minute] = online.Sum(node => node.Facts?.Slots ?? 0);
            _online[minute] = Math.Min(_online[minute] ?? int.MaxValue, online.Count);
        }
        _nodes[minute] = fleet.Nodes.Count;
        Add(_completed, ended(TaskCode.Completed));
        Add(_failed, ended(TaskCode.Failed));
        Add(_cancelled, ended(TaskCode.Canceled));
    }

    public ClusterHour Kept() =>
        new()
        {
            Waiting = [.. _waiting],
            OldestWait = [.. _oldest],
            Running = [.. _running],
            SlotsHeld = [.. _held],
            Slots = [.. _slots],
            NodesOnline = [.. _online],
            Nodes = [.. _nodes],
            Completed = [.. _completed],
            Failed = [.. _failed],
            Cancelled = [.. _cancelled],
        };
}
