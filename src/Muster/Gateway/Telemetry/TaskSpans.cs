using System.Diagnostics;
using Muster.Configuration;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Telemetry;

/// <summary>
/// The life of each task as a trace: a span for the whole, and one for each phase below it. The trace has the task's
/// own id.
/// </summary>
internal sealed class TaskSpans : IDisposable
{
    private readonly ActivitySource _source = new(Collector.Name, OwnVersion.Text);
    private readonly Dictionary<Guid, List<TaskPhase>> _lives = [];
    private readonly TaskLedger _ledger;
    private readonly NodeFleet _fleet;

    public TaskSpans(TaskLedger ledger, NodeFleet fleet)
    {
        (_ledger, _fleet) = (ledger, fleet);
        Follow(ledger.Live.All(), []);
        ledger.Changed += Follow;
    }

    /// <summary>Called by the ledger alone, one batch after another.</summary>
    private void Follow(IReadOnlyList<GatewayTask> tasks, IReadOnlyCollection<Guid> removed)
    {
        foreach (var task in tasks)
        {
            if (task.Phase is TaskPhase.Ended end)
            {
                if (_lives.Remove(task.Id, out var phases))
                    Tell(task, phases, end);
            }
            else if (task.Phase.Began is not null)
            {
                if (!_lives.TryGetValue(task.Id, out var phases))
                    _lives[task.Id] = phases = [];
                if (phases is not [.., var last] || (last.Word, last.Began) != (task.Phase.Word, task.Phase.Began))
                    phases.Add(task.Phase);
            }
        }
        foreach (var id in removed)
            _lives.Remove(id);
    }

    private void Tell(GatewayTask task, List<TaskPhase> phases, TaskPhase.Ended end)
    {
        var trace = new ActivityContext(
            ActivityTraceId.CreateFromString(task.Id.ToString("N")),
            default,
            ActivityTraceFlags.Recorded
        );
        using var whole = _source.StartActivity(
            "task",
            ActivityKind.Internal,
            trace,
            Tags(task),
            null,
            phases[0].Began!.Value
        );
        if (whole is null)
            return;
        if (end.Code == NodeOdm.TaskCode.Failed)
            whole.SetStatus(ActivityStatusCode.Error, end.Error);
        for (var n = 0; n < phases.Count; n++)
        {
            using var part = _source.StartActivity(
                phases[n].Word,
                ActivityKind.Internal,
                whole.Context,
                NodeTag(phases[n]),
                null,
                phases[n].Began!.Value
            );
            part?.SetEndTime((n + 1 < phases.Count ? phases[n + 1].Began!.Value : end.At).UtcDateTime);
        }
        whole.SetEndTime(end.At.UtcDateTime);
    }

    private static IEnumerable<KeyValuePair<string, object?>> Tags(GatewayTask task) =>
        [
            new("muster.task.id", task.Id.ToString()),
            new("muster.task.name", task.Name),
            new("muster.task.outcome", task.Code.ToString().ToLowerInvariant()),
            new("muster.task.images", task.Images),
            new("muster.task.bytes", task.Bytes),
            new("muster.task.retries", task.Attempts.Count),
        ];

    private IEnumerable<KeyValuePair<string, object?>> NodeTag(TaskPhase phase) =>
        phase.Place is { } place ? [new("muster.node", _fleet.Find(place.Node)?.Name ?? place.Node)] : [];

    public void Dispose()
    {
        _ledger.Changed -= Follow;
        _source.Dispose();
    }
}
