using System.Text;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Scaling;
using Muster.Gateway.Spool;

namespace Muster.Gateway.Telemetry;

/// <summary>How much there is of what: the same numbers for whoever asks, and for collectors.</summary>
internal sealed class GatewayMeasures
{
    public GatewayMeasures(
        TaskLedger ledger,
        NodeFleet fleet,
        SpoolFolder spool,
        Dispatcher dispatcher,
        MachineBook machines,
        Func<long> logLinesLost,
        TimeProvider clock
    )
    {
        IEnumerable<GatewayNode> Online() => fleet.Nodes.Where(node => node.Health.IsOnline(clock.GetUtcNow()));
        All =
        [
            new(
                "tasks_live",
                "Tasks that have not ended, by phase.",
                () =>
                    ledger
                        .Live.All()
                        .CountBy(task => task.Phase.Word)
                        .Select(pair => new Sample(pair.Value, "phase", pair.Key))
            ),
            new("tasks_known", "Tasks that clients can see.", () => [new(ledger.Lists.Count)]),
            new(
                "queue_seconds",
                "How long the first task of the queue has waited.",
                () =>
                    [
                        new(
                            ledger.Live.First() is { Phase: TaskPhase.Queued at }
                                ? (clock.GetUtcNow() - at.Since).TotalSeconds
                                : 0
                        ),
                    ]
            ),
            new(
                "nodes",
                "Nodes, by whether they are online.",
                () =>
                    fleet
                        .Nodes.CountBy(node => node.Health.IsOnline(clock.GetUtcNow()))
                        .Select(pair => new Sample(pair.Value, "online", pair.Key ? "true" : "false"))
            ),
            new(
                "slots",
                "Slots of nodes that are online.",
                () => [new(Online().Sum(node => (double)(node.Facts?.Slots ?? 0)))]
            ),
            new("slots_held", "Slots that tasks of ours hold.", () => [new(ledger.Live.Held().Count)]),
            new("spool_bytes", "Uploads on disk, and room that is promised.", () => [new(spool.Used)]),
            new(
                "placing_seconds",
                "How long places for tasks were looked for.",
                () => [new(dispatcher.Placing.TotalSeconds)]
            )
            {
                OnlyRises = true,
            },
            new(
                "machines",
                "Machines that sites give, by state.",
                () =>
                    machines
                        .Live.CountBy(machine => machine.State)
                        .Select(pair => new Sample(pair.Value, "state", pair.Key.ToString().ToLowerInvariant()))
            ),
            new(
                "machines_cost_month",
                "What machines have cost this month.",
                () => [new((double)machines.Spent().Month)]
            ),
            new("log_lines_lost", "Lines of the log that could not be written.", () => [new(logLinesLost())])
            {
                OnlyRises = true,
            },
            new(
                "events",
                "What happened, by kind.",
                () => ledger.EventCounts().Select(pair => new Sample(pair.Count, "kind", pair.Kind))
            )
            {
                OnlyRises = true,
            },
        ];
    }

    public IReadOnlyList<Measure> All { get; }

    public const string PrometheusType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>All of it in Prometheus' form.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        foreach (var measure in All)
        {
            var name = $"muster_{measure.Name}{(measure.OnlyRises ? "_total" : "")}";
            text.Append($"# HELP {name} {measure.Help}\n# TYPE {name} {(measure.OnlyRises ? "counter" : "gauge")}\n");
            foreach (var sample in measure.Read())
                text.Append(
                    $"{name}{(sample.Label.Length > 0 ? $"{{{sample.Label}=\"{sample.Of}\"}}" : "")} {sample.Value:R}\n"
                );
        }
        return text.ToString();
    }
}

/// <param name="Read">What it is now.</param>
internal sealed record Measure(string Name, string Help, Func<IEnumerable<Sample>> Read)
{
    /// <summary>It counts from the start on.</summary>
    public bool OnlyRises { get; init; }
}

/// <param name="Label">What tells it from the other samples, such as <c>phase</c>, with its value in
/// <paramref name="Of"/>.</param>
internal readonly record struct Sample(double Value, string Label = "", string Of = "");
