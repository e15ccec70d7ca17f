using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Telemetry;

/// <summary>
/// How each node stood, and the whole cluster, minute by minute, for the last <see cref="HoursKept"/> hours. Each
/// minute is written when it is over, so a crash takes one at most.
/// </summary>
internal sealed partial class NodeSeries(
    NodeFleet fleet,
    TaskLedger ledger,
    TaskStore store,
    TimeProvider clock,
    ILogger log
)
{
    public const int HoursKept = 48;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    private readonly Lock _one = new();
    private readonly Dictionary<string, NodeMinutes> _now = [];
    private readonly Dictionary<string, int> _missed = [];
    private readonly Dictionary<TaskCode, int> _ended = [];
    private ClusterMinutes? _cluster;
    private long? _minute;

    public async Task RunAsync(CancellationToken ct)
    {
        for (; ; await Task.Delay(Look, clock, ct))
        {
            try
            {
                See();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // A full disk, or a database that is away. The hour stays here, and the next minute tries again.
                NotWritten(fault.Message);
            }
        }
    }

    /// <summary>Looks at each node and all of them as they stand; what is over is written first.</summary>
    public void See()
    {
        var now = clock.GetUtcNow();
        var minute = now.ToUnixTimeSeconds() / 60;
        lock (_one)
        {
            var nodes = fleet.Nodes;
            foreach (var gone in _now.Keys.Except(nodes.Select(node => node.Id)).ToList())
            {
                _now.Remove(gone);
                _missed.Remove(gone);
            }
            if (_minute is { } before && before != minute)
                Write(before / NodeHour.Minutes, minute / NodeHour.Minutes);
            _minute = minute;
            foreach (var node in nodes)
                Find(node.Id, minute / NodeHour.Minutes)
                    .See(
                        (int)(minute % NodeHour.Minutes),
                        node,
                        ledger.Live.On(node.Id).Count(task => task.Phase.Slot is not null),
                        MissedSince(node),
                        now
                    );
            FindCluster(minute / NodeHour.Minutes)
                .See((int)(minute % NodeHour.Minutes), fleet, ledger.Live, EndedSince, now);
        }
    }

    /// <summary>The hours up to now, the oldest first; one in which nobody looked is empty.</summary>
    public IReadOnlyList<NodeHour> Of(string node, int hours)
    {
        var hour = clock.GetUtcNow().ToUnixTimeSeconds() / 3600;
        var known = store.NodeHours(node, hour - hours + 1);
        lock (_one)
            if (_now.TryGetValue(node, out var here))
                known[here.Hour] = here.Kept();
        return
        [
            .. Enumerable.Range(0, hours).Select(n => known.GetValueOrDefault(hour - hours + 1 + n) ?? new NodeHour()),
        ];
    }

    /// <summary>The same of the whole cluster.</summary>
    public IReadOnlyList<ClusterHour> OfCluster(int hours)
    {
        var hour = clock.GetUtcNow().ToUnixTimeSeconds() / 3600;
        var known = store.ClusterHours(hour - hours + 1);
        lock (_one)
            if (_cluster is { } here)
                known[here.Hour] = here.Kept();
        return [.. Enumerable.Range(0, hours).Select(n => known.GetValueOrDefault(hour - hours + 1 + n) ?? new())];
    }

    private void Write(long before, long now)
    {
        store.Save(
            before,
            [.. _now.Where(pair => pair.Value.Hour == before).Select(Kept)],
            _cluster?.Hour == before ? _cluster.Kept() : null
        );
        if (before != now)
            store.ForgetHours(now - HoursKept);
    }

    private static (string, NodeHour) Kept(KeyValuePair<string, NodeMinutes> pair) => (pair.Key, pair.Value.Kept());

    /// <summary>After a start, the hour goes on where it was left.</summary>
    private NodeMinutes Find(string node, long hour) =>
        !_now.TryGetValue(node, out var known)
            ? _now[node] = new(hour, store.NodeHours(node, hour).GetValueOrDefault(hour) ?? new())
        : known.Hour == hour ? known
        : _now[node] = new(hour, new());

    private ClusterMinutes FindCluster(long hour) =>
        _cluster?.Hour == hour
            ? _cluster
            : _cluster = new(
                hour,
                _cluster is null ? store.ClusterHours(hour).GetValueOrDefault(hour) ?? new() : new()
            );

    private int EndedSince(TaskCode code)
    {
        var before = _ended.GetValueOrDefault(code);
        var now = _ended[code] = ledger.Live.Ended(code);
        return now - before;
    }

    private int MissedSince(GatewayNode node)
    {
        var before = _missed.GetValueOrDefault(node.Id);
        var now = _missed[node.Id] = node.Health.Missed;
        return now >= before ? now - before : now;
    }

    [LoggerMessage(LogLevel.Warning, "What became of the nodes is not written: {Why}")]
    private partial void NotWritten(string why);
}
