using System.Diagnostics;
using Muster.Bench.Figures;
using Muster.NodeOdm;

namespace Muster.Bench;

/// <summary>
/// The gateway's rows of the design, for any server that speaks the NodeODM API. nginx before the same kind of node is
/// the peer.
/// </summary>
internal static class GatewayBench
{
    private const int Connections = 64;
    private const int Submitters = 200;
    public const int Tasks = 1_000;
    private const int Files = 100;
    private const int FileBytes = 10_000_000;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(5);
    private static readonly byte[] Photo = new byte[2_000];

    /// <summary>
    /// Every question of many clients, while a thousand tasks are known: here by the server, there by the node itself.
    /// </summary>
    public static IEnumerable<Row> Polling(Bed bed)
    {
        const string patient = "--test --test-seconds 86400";
        using var node = Server.Node(bed, "poll-node", patient);
        using var gateway = Server.Gateway(bed, "poll-gateway", node);
        using var peerNode = Server.Node(bed, "poll-peer-node", patient);
        using var nginx = Server.Nginx(bed, "poll-nginx", peerNode);
        yield return new("`muster serve`, started to first answer", Unit.Seconds, gateway.FirstAnswer.TotalSeconds)
        {
            Peer = new("nginx", nginx.FirstAnswer.TotalSeconds),
            Budget = new(5),
        };

        var (own, peer) = (bed.Server ?? gateway.Address, nginx.Address);
        var (task, handingIn) = HandInMany(own);
        var (peerTask, peerHandingIn) = HandInMany(peer);
        yield return new(
            $"tasks of five small images handed in, {Submitters} at once",
            Unit.PerSecond,
            Tasks / handingIn
        )
        {
            Peer = new("nginx", Tasks / peerHandingIn),
            Budget = Budget.Ratio(0.9),
        };
        foreach (
            var (path, peerPath, budget) in ((string, string, Budget)[])
                [
                    ("info", "info", new(41_500, Words: "5 × ClusterODM's 8,300/s")),
                    ("options", "options", new(21_000, Words: "5 × ClusterODM's 4,200/s")),
                    ($"task/{task}/info", $"task/{peerTask}/info", new(18_000, Words: "20 × ClusterODM's 900/s")),
                    ($"task/{task}/info?with_output=0", $"task/{peerTask}/info?with_output=0", Budget.Ratio(1)),
                    ("task/list", "task/list", new(2_960, Words: "20 × ClusterODM's 148/s")),
                ]
        )
        {
            var mine = new HttpLoad(own, Connections).RunAsync($"/{path}", Load).Result;
            var theirs = new HttpLoad(peer, Connections).RunAsync($"/{peerPath}", Load).Result;
            yield return new(
                $"`GET /{path.Replace(task, "ID", StringComparison.Ordinal)}`, {Tasks} tasks known",
                Unit.PerSecond,
                mine.PerSecond
            )
            {
                Peer = new("nginx", theirs.PerSecond),
                Budget = budget,
                More = Said(mine),
            };
        }
        if (bed.Server is null)
            yield return new("all of these questions: memory at most", Unit.Bytes, gateway.Use.PeakBytes)
            {
                Peer = new("the node behind nginx", peerNode.Use.PeakBytes),
            };
    }

    /// <summary>A gigabyte in and out again.</summary>
    public static IEnumerable<Row> Moving(Bed bed)
    {
        var engine = Path.Combine(bed.Folder, "copy.yaml");
        File.WriteAllText(
            engine,
            """
            name: copy
            command: [sh, -c, 'ln "$1"/images/* "$1/out"', copy, "{project}"]
            results: [out]
            """.Replace("'ln", "'mkdir \"$1/out\"; ln", StringComparison.Ordinal)
        );
        foreach (var connections in (int[])[1, 6])
        {
            using var node = Server.Node(bed, $"node-{connections}", $"--engine command --engine-file {engine}");
            using var gateway = Server.Gateway(bed, $"gateway-{connections}", node);
            using var peerNode = Server.Node(
                bed,
                $"peer-node-{connections}",
                $"--engine command --engine-file {engine}"
            );
            using var nginx = Server.Nginx(bed, $"nginx-{connections}", peerNode);
            var mine = Move(bed.Server ?? gateway.Address, bed.Server is null ? gateway : null, connections);
            var theirs = Move(nginx.Address, null, connections);
            var gigabytes = (double)Files * FileBytes / 1e9;
            var bytes = (double)Files * FileBytes;
            var copy = bed.Time($"head -c {bytes:0} /dev/zero >{bed.Folder}/zeros; sync {bed.Folder}/zeros", 1);
            yield return new($"upload of {gigabytes:0} GB, {connections} at once", Unit.BytesPerSecond, bytes / mine.Up)
            {
                Peer = new("nginx", bytes / theirs.Up),
                Limit = new("writing as much to the disk, once", bytes / copy),
            };
            yield return new(
                $"first byte sent to running on the node, {connections} at once",
                Unit.Seconds,
                mine.UntilRunning
            )
            {
                Peer = new("nginx", theirs.UntilRunning),
                Limit = new("writing as much to the disk, once", copy),
                Budget = Budget.Ratio(1.3),
            };
            yield return new(
                $"download of {gigabytes:0} GB, {connections} at once",
                Unit.BytesPerSecond,
                bytes / mine.Down
            )
            {
                Peer = new("nginx", bytes / theirs.Down),
                Budget = Budget.Ratio(0.9),
            };
            if (mine.Use is not { } use)
                continue;
            yield return new(
                $"processor time of {gigabytes:0} GB in, on to the node, back and out, {connections} at once",
                Unit.Seconds,
                use.CpuSeconds
            )
            {
                Budget = new(5),
            };
            yield return new(
                $"{gigabytes:0} GB in, on, back and out, {connections} at once: memory at most",
                Unit.Bytes,
                use.PeakBytes
            )
            {
                Budget = new(150e6),
            };
        }
    }

    private static (double Up, double UntilRunning, double Down, ProcessUse? Use) Move(
        Uri server,
        Server? watched,
        int connections
    )
    {
        var before = watched?.Use.CpuSeconds;
        using var http = NodeOdmClient.Connections();
        var client = Client(http, server);
        var content = new byte[FileBytes];
        Random.Shared.NextBytes(content);
        var began = Stopwatch.GetTimestamp();
        var id = Said(client.InitAsync(TaskUuid.New(), new(), CancellationToken.None).Result);
        Parallel.For(
            0,
            Files,
            new() { MaxDegreeOfParallelism = connections },
            n =>
            {
                var own = BitConverter.GetBytes((long)n);
                Said(
                    client
                        .UploadAsync(
                            id,
                            [new($"{n}.jpg", FileBytes, () => new MemoryStream([.. own, .. content.AsSpan(8)]))],
                            CancellationToken.None
                        )
                        .Result
                );
            }
        );
        var up = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Said(client.CommitAsync(id, CancellationToken.None).Result);
        Until(client, id, info => info.ProcessingTime >= 0);
        var running = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Until(client, id, info => info.Status.Code == TaskCode.Completed);
        var path = Path.GetTempFileName();
        using var archive = new FileStream(
            path,
            FileMode.Create,
            FileAccess.ReadWrite,
            FileShare.None,
            1,
            FileOptions.DeleteOnClose
        );
        began = Stopwatch.GetTimestamp();
        Said(client.DownloadAsync(id, "all.zip", archive, CancellationToken.None).Result);
        var down = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return (
            up,
            running,
            down,
            watched?.Use is { } use ? use with { CpuSeconds = use.CpuSeconds - before!.Value } : null
        );
    }

    /// <summary>Gives one of them, and how long all took in seconds.</summary>
    public static (string Task, double Seconds) HandInMany(Uri server)
    {
        using var http = NodeOdmClient.Connections();
        var client = Client(http, server);
        var last = "";
        var began = Stopwatch.GetTimestamp();
        Parallel
            .ForEachAsync(
                Enumerable.Range(0, Tasks),
                new ParallelOptions { MaxDegreeOfParallelism = Submitters },
                async (n, ct) => last = await HandInAsync(client, n, ct)
            )
            .Wait();
        return (last, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>Gives the moment of the last answer.</summary>
    public static long HandInOne(Uri server)
    {
        using var http = NodeOdmClient.Connections();
        HandInAsync(Client(http, server), 0, CancellationToken.None).Wait();
        return Stopwatch.GetTimestamp();
    }

    private static async Task<string> HandInAsync(NodeOdmClient client, int n, CancellationToken ct)
    {
        var id = Said(await client.InitAsync(TaskUuid.New(), new() { Name = $"task {n}" }, ct));
        var own = Guid.NewGuid().ToByteArray();
        Said(
            await client.UploadAsync(
                id,
                [
                    .. Enumerable
                        .Range(0, 5)
                        .Select(file => new UploadFile(
                            $"{file}.jpg",
                            Photo.Length + 17,
                            () => new MemoryStream([.. own, (byte)file, .. Photo])
                        )),
                ],
                ct
            )
        );
        return Said(await client.CommitAsync(id, ct));
    }

    private static void Until(NodeOdmClient client, string id, Func<TaskInfo, bool> fact)
    {
        while (Said(client.TaskInfoAsync(id, null, CancellationToken.None).Result) is var info && !fact(info))
        {
            if (info.Status.Code is TaskCode.Failed or TaskCode.Canceled)
                throw new InvalidOperationException($"the task is {info.Status.Code}: {info.Status.ErrorMessage}");
            Thread.Sleep(10);
        }
    }

    private static NodeOdmClient Client(HttpMessageInvoker http, Uri server) =>
        new(
            http,
            new(server.GetLeftPart(UriPartial.Path)),
            System.Web.HttpUtility.ParseQueryString(server.Query)["token"],
            TimeSpan.FromMinutes(1),
            TimeProvider.System
        )
        {
            DownloadsFromElsewhere = true,
        };

    private static T Said<T>(NodeReply<T> reply) =>
        reply is NodeReply<T>.Said(var value) ? value : throw new InvalidOperationException(reply.Text);

    private static string Said(LoadResult load) =>
        $"p50 {Unit.Seconds.Text(load.P50)}, p99 {Unit.Seconds.Text(load.P99)}"
        + (load.Errors > 0 ? $", {load.Errors} errors" : "");
}
