using System.Diagnostics;
using Muster.Bench.Figures;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Scaling;

namespace Muster.Bench;

/// <summary>Deciding about machines where there are many of them and many tasks wait.</summary>
internal static class ScaleBench
{
    private const int Machines = 1_000;
    private const int Tasks = 100_000;
    private const int Rounds = 21;

    public static IEnumerable<Row> Plan(Bed bed)
    {
        yield return Measured("all machines busy, no more allowed", Facts(busy: true, most: Machines));
        yield return Measured("all machines on their way", Facts(busy: false, most: Machines));
        yield return Measured("1,000 more to ask for", Facts(busy: true, most: 2 * Machines));
    }

    private static Row Measured(string what, ScaleFacts facts)
    {
        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            ScalePlan.For(facts);
            times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        times.Sort();
        return new(
            $"planning, {Machines:N0} machines, {Tasks:N0} tasks that wait: {what}",
            Unit.Seconds,
            times[Rounds / 2]
        )
        {
            Budget = new(0.01),
        };
    }

    private static ScaleFacts Facts(bool busy, int most)
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(56);
        List<Machine> machines =
        [
            .. Enumerable
                .Range(0, Machines)
                .Select(_ => new Machine
                {
                    Id = Guid.NewGuid(),
                    Site = "cedar",
                    Size = new(),
                    Slots = 1,
                    Asked = now,
                    Token = "",
                    State = busy ? MachineState.Ready : MachineState.Queued,
                }),
        ];
        return new()
        {
            Now = now,
            Waiting =
            [
                .. Enumerable
                    .Range(0, Tasks)
                    .Select(n => new WaitingTask(Guid.NewGuid(), $"token {n % 50}", new(n % 500))),
            ],
            Nodes = busy
                ?
                [
                    .. machines.Select(machine => new GatewayNode
                    {
                        Id = machine.Node,
                        Url = new("http://127.0.0.1"),
                        Facts = new() { Slots = 1 },
                        Health = NodeHealth.Well(TimeSpan.Zero, now),
                    }),
                ]
                : [],
            Held = busy
                ? [.. machines.Select((machine, n) => new HeldSlot(machine.Node, $"token {n % 50}", false))]
                : [],
            Machines = machines,
            Settings = new()
            {
                Pools =
                [
                    new()
                    {
                        Site = "cedar",
                        Most = most,
                        StartsPerMinute = int.MaxValue,
                    },
                ],
            },
        };
    }
}
