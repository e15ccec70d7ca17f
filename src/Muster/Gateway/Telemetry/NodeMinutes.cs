using Muster.Gateway.Model;

namespace Muster.Gateway.Telemetry;

/// <summary>The hour of a node that goes on: what is seen of it is put into the minutes.</summary>
internal sealed class NodeMinutes(long hour, NodeHour before)
{
    private const int MostWhy = 20;
    private const int LongestWhy = 200;

    private readonly char[] _states = before.States.ToCharArray();
    private readonly int?[] _tasks = [.. before.Tasks];
    private readonly int?[] _slots = [.. before.Slots];
    private readonly int?[] _memory = [.. before.MemoryFree];
    private readonly double?[] _latency = [.. before.Latency];
    private readonly int?[] _faults = [.. before.Faults];
    private readonly List<NodeFault> _why = [.. before.Why];
    private (int Minute, double Sum, int Count) _answers = (-1, 0, 0);

    public long Hour => hour;

    /// <param name="missed">Answers missed since it was last seen.</param>
    public void See(int minute, GatewayNode node, int tasks, int missed, DateTimeOffset now)
    {
        _states[minute] = NodeHour.StateOf(node, now);
        _tasks[minute] = Math.Max(_tasks[minute] ?? 0, tasks);
        _faults[minute] = (_faults[minute] ?? 0) + missed;
        if (node.Health.Answers)
        {
            _slots[minute] = node.Facts?.Slots;
            _memory[minute] = node.Facts?.AvailableMemory is { } bytes
                ? (int)Math.Min(int.MaxValue, bytes / 1_000_000)
                : null;
            if (_answers.Minute != minute)
                _answers = (minute, 0, 0);
            if (node.Health.Latency is { } latency)
            {
                _answers = (minute, _answers.Sum + latency.TotalMilliseconds, _answers.Count + 1);
                _latency[minute] = Math.Round(_answers.Sum / _answers.Count, 1);
            }
        }
        else if (node.Health.Fault is { } fault)
            Note(minute, fault.Length <= LongestWhy ? fault : fault[..LongestWhy]);
    }

    public NodeHour Kept() =>
        new()
        {
            States = new(_states),
            Tasks = [.. _tasks],
            Slots = [.. _slots],
            MemoryFree = [.. _memory],
            Latency = [.. _latency],
            Faults = [.. _faults],
            Why = [.. _why],
        };

    /// <summary>The first of each minute; the same that goes on is said once.</summary>
    private void Note(int minute, string why)
    {
        var goesOn = minute > 0 && _states[minute - 1] == 'x' && _why is [.., var last] && last.Text == why;
        if (!goesOn && _why.Count < MostWhy && !_why.Any(fault => fault.Minute == minute))
            _why.Add(new(minute, why));
    }
}
