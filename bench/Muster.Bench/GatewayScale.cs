using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Muster.Bench.Figures;

namespace Muster.Bench;

/// <summary>The gateway with 100,000 tasks and 1,000 nodes, beside one that knows nothing.</summary>
internal static class GatewayScale
{
    private const int Tasks = 100_000;
    private const int Nodes = 1_000;
    private const int Slots = 2;
    private const int Rounds = 5;
    private const string Known = "100,000 tasks, 1,000 nodes";
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(10);

    public static IEnumerable<Row> Run(Bed bed)
    {
        using var nodes = new ManyNodes(Nodes, Slots);
        var token = ManyTasks.Write(Path.Combine(bed.Folder, "many"), Tasks, nodes.Addresses);

        using (var gateway = new Gateway(bed, "many", token))
        {
            var began = Stopwatch.GetTimestamp();
            yield return new($"start to first answer, {Known}", Unit.Seconds, gateway.Server.FirstAnswer.TotalSeconds)
            {
                Budget = new(5),
            };
            Until(() => nodes.Committed >= Nodes * Slots);
            yield return new(
                $"start until all {Nodes * Slots:N0} slots are taken, of {Tasks / 25:N0} tasks that wait",
                Unit.Seconds,
                gateway.Server.FirstAnswer.TotalSeconds + Stopwatch.GetElapsedTime(began).TotalSeconds
            );
            yield return new(
                "placement of a task, time to find its node",
                Unit.Seconds,
                gateway.Metric("placing_seconds_total") / gateway.Metric("events_total{kind=\"placed\"}")
            )
            {
                Budget = new(0.001),
            };
            yield return gateway.Busy(nodes, "processor use, 2,000 tasks at work on 1,000 nodes");
            foreach (var row in gateway.Pages())
                yield return row;
            yield return HandIn(bed, gateway);

            began = Stopwatch.GetTimestamp();
            var before = (
                Ended: gateway.Metric("events_total{kind=\"completed\"}"),
                Placed: gateway.Metric("events_total{kind=\"placed\"}"),
                Placing: gateway.Metric("placing_seconds_total")
            );
            nodes.Done = true;
            Until(() =>
                gateway.Metric("slots_held") == 0
                && gateway.Metric("tasks_live{phase=\"queued\"}") == 0
                && gateway.Metric("tasks_live{phase=\"collecting\"}") == 0
            );
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            yield return new(
                "tasks that nodes do at once: placed, sent, followed, collected",
                Unit.PerSecond,
                (gateway.Metric("events_total{kind=\"completed\"}") - before.Ended) / seconds
            );
            yield return new(
                "placement of a task meanwhile, time to find its node",
                Unit.Seconds,
                (gateway.Metric("placing_seconds_total") - before.Placing)
                    / (gateway.Metric("events_total{kind=\"placed\"}") - before.Placed)
            )
            {
                Budget = new(0.001),
            };
            yield return gateway.Busy(nodes, "processor use, nothing to do, 1,000 nodes watched");
            var committed = nodes.Committed;
            var answered = gateway.HandInOne();
            Until(() => nodes.Committed > committed);
            yield return new(
                "a task of five small images, committed here to committed on its node",
                Unit.Seconds,
                Stopwatch.GetElapsedTime(answered).TotalSeconds
            );
            yield return new($"{Known}: memory at most", Unit.Bytes, gateway.Server.Use.PeakBytes);
        }
    }

    /// <summary>Both in turn, so that what else the machine does falls on both alike.</summary>
    private static Row HandIn(Bed bed, Gateway many)
    {
        using var nodes = new ManyNodes(Nodes, Slots);
        using var few = new Gateway(bed, "few", ManyTasks.Write(Path.Combine(bed.Folder, "few"), 0, nodes.Addresses));
        for (var n = 0; n < Nodes * Slots / GatewayBench.Tasks; n++)
            few.HandIn();
        Until(() => nodes.Committed >= Nodes * Slots);
        many.HandIn();
        var rounds = Enumerable.Range(0, Rounds).Select(_ => (Many: many.HandIn(), Few: few.HandIn())).ToList();
        var (full, empty) = (
            rounds.Select(round => round.Many).Order().ElementAt(Rounds / 2),
            rounds.Select(round => round.Few).Order().ElementAt(Rounds / 2)
        );
        return new(
            $"tasks of five small images handed in, {Known}, all slots taken",
            Unit.PerSecond,
            GatewayBench.Tasks / full
        )
        {
            Peer = new("where 2,000 tasks are known", GatewayBench.Tasks / empty),
            Budget = Budget.Ratio(0.9),
        };
    }

    private static void Until(Func<bool> fact)
    {
        for (var began = Stopwatch.GetTimestamp(); !fact(); Thread.Sleep(50))
        {
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(5))
                throw new InvalidOperationException("it does not come to pass");
        }
    }

    private sealed class Gateway : IDisposable
    {
        private readonly int _admin = Server.FreePort();
        private readonly int _console = Server.FreePort();
        private readonly string _token;
        private readonly HttpClient _http = new();

        public Gateway(Bed bed, string name, string token)
        {
            _token = token;
            Server = new(
                bed,
                $"gateway-{name}",
                $"{bed.Muster} serve --port PORT --admin-web-port {_admin} --admin-cli-port {_console} --data "
                    + $"{bed.Folder}/{name}"
            );
        }

        public Server Server { get; }

        private Uri Own => new(Server.Address, $"?token={_token}");

        public double HandIn() => GatewayBench.HandInMany(Own).Seconds;

        public long HandInOne() => GatewayBench.HandInOne(Own);

        public double Metric(string name)
        {
            var text = _http.GetStringAsync(new Uri(Server.Address, "metrics")).Result;
            var line = text.Split('\n')
                .FirstOrDefault(line => line.StartsWith($"muster_{name} ", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }

        public Row Busy(ManyNodes nodes, string what)
        {
            var (cpu, asked) = (Server.Use.CpuSeconds, nodes.Asked);
            Thread.Sleep(Watch);
            return new(what, Unit.CoreShare, (Server.Use.CpuSeconds - cpu) / Watch.TotalSeconds)
            {
                More = FormattableString.Invariant(
                    $"{(nodes.Asked - asked) / Watch.TotalSeconds:0} questions a second to nodes"
                ),
            };
        }

        public IEnumerable<Row> Pages()
        {
            var admin = new Uri($"http://127.0.0.1:{_admin}/");
            foreach (
                var (server, path) in ((Uri, string)[])
                    [
                        (Server.Address, $"task/list?token={_token}"),
                        (Server.Address, "metrics"),
                        (admin, "api/v1/tasks"),
                        (admin, "api/v1/tasks?limit=500"),
                        (admin, $"api/v1/tasks?limit=500&before={Tasks / 2}"),
                        (admin, "api/v1/tasks?limit=500&before=501"),
                        (admin, "api/v1/tasks?limit=500&state=failed"),
                        (admin, "api/v1/tasks?limit=500&node=nowhere"),
                        (admin, "api/v1/nodes"),
                        (admin, "api/v1/queue"),
                        (admin, "api/v1/health"),
                        (admin, "api/v1/events?limit=1000"),
                        (admin, "r/node/list"),
                    ]
            )
            {
                var said = new HttpLoad(server, 1).RunAsync($"/{path}", Load).Result;
                yield return new(
                    $"`GET /{path.Replace(_token, "…", StringComparison.Ordinal)}`, p99",
                    Unit.Seconds,
                    said.P99
                )
                {
                    Budget = new(0.05),
                    More =
                        $"p50 {Unit.Seconds.Text(said.P50)}, {said.Bytes / Math.Max(1, said.Answers) / 1000} kB"
                        + (said.Errors > 0 ? $", {said.Errors} errors" : ""),
                };
            }
            foreach (
                var words in (string[])
                    ["TASK LIST", "TASK LIST 500", "QUEUE LIST", "NODE LIST", "NODE BEST 100", "ROUTE LIST"]
            )
                yield return Console(words);
        }

        private Row Console(string words)
        {
            using var client = new TcpClient("127.0.0.1", _console);
            var stream = client.GetStream();
            var buffer = new byte[1 << 20];
            long Answer()
            {
                var (bytes, tail) = (0L, "");
                while (!tail.EndsWith("#> ", StringComparison.Ordinal))
                {
                    var read = stream.Read(buffer);
                    if (read == 0)
                        throw new IOException("the console hung up");
                    bytes += read;
                    tail = (tail + Encoding.ASCII.GetString(buffer, Math.Max(0, read - 3), Math.Min(3, read)))[
                        ^Math.Min(3, (int)Math.Min(3, bytes))..
                    ];
                }
                return bytes;
            }
            Answer();
            var (took, bytes) = (new List<double>(), 0L);
            for (var n = 0; n < 20; n++)
            {
                var began = Stopwatch.GetTimestamp();
                stream.Write(Encoding.ASCII.GetBytes($"{words}\r\n"));
                bytes = Answer();
                took.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
            took.Sort();
            return new($"console: {words}", Unit.Seconds, took[10])
            {
                Budget = new(0.05),
                More = $"worst {Unit.Seconds.Text(took[^1])}, {bytes / 1000} kB",
            };
        }

        public void Dispose()
        {
            _http.Dispose();
            Server.Dispose();
        }
    }
}
