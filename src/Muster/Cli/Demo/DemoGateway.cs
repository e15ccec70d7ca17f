using System.IO.Compression;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Hosting;
using Muster.Node.Engines;
using Muster.Node.Engines.Survey;
using Muster.NodeOdm;

namespace Muster.Cli.Demo;

/// <summary>
/// The demo's photos: through a gateway and the node that it brings along, as any client of the NodeODM API would hand
/// them in.
/// </summary>
internal sealed class DemoGateway(string folder, DemoTeller teller, TimeProvider clock)
{
    private const int UploadsAtOnce = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    public async Task PlayAsync(CancellationToken ct)
    {
        teller.Say(
            "\n7. The other door: a server for photos, with the NodeODM API that WebODM, PyODM and CloudODM speak. "
                + "Alone it brings a node along."
        );
        teller.Quote("$ muster serve --engine survey");
        await using var gateway = await GatewayHost.StartAsync(
            new()
            {
                Data = folder,
                Port = 0,
                Engine = _ => Task.FromResult<IEngine>(new SurveyEngine()),
                PollEvery = LookAgain,
            },
            NullLoggerFactory.Instance,
            clock,
            ct
        );
        using var connections = NodeOdmClient.Connections();
        var client = new NodeOdmClient(connections, gateway.Address, null, Patience, clock);
        NodeInfo info;
        while ((info = Said(await client.InfoAsync(ct))).Engine == "?")
            await Task.Delay(LookAgain, clock, ct);
        teller.See(
            "serve",
            info.Engine == "survey",
            $"{gateway.Address} answers, with {info.Engine} {info.EngineVersion} behind it"
        );

        teller.Say(
            "\n8. Photos go in as from any client: begin a task, send files, several at once, commit. What is "
                + "acknowledged is on disk."
        );
        var photos = Photos();
        var task = await HandInAsync(client, photos, ct);
        teller.See(
            "hand-in",
            photos.Count > 0,
            $"{Words.Count(photos.Count, "photo")}, {Words.Size(photos.Sum(photo => photo.Length))}, "
                + $"are in as task {task}"
        );

        teller.Say(
            "\n9. The queue gives the task to a free node, and clients follow it here, whatever becomes of that node."
        );
        var ended = await FollowAsync(client, task, ct);
        teller.See(
            "task",
            ended.Status.Code == TaskCode.Completed,
            $"the task is {ended.Status.Code.ToString().ToLowerInvariant()}"
                + $"{(ended.Status.ErrorMessage is { } error ? $": {error}" : "")}"
        );

        teller.Say(
            "\n10. Its archive was checked, and comes in exact ranges. The report is survey/report.html in it; this is "
                + "what it says:"
        );
        var report = await ReportAsync(client, task, ct);
        teller.Quote(
            $"""
            {report.Located} of {report.Photos} photos have a position, over {report.WidthMeters:0} m × {report.HeightMeters:0} m
            flown {report.FlightHeightMeters:0} m high: {report.GroundResolutionCm:0.0} cm a pixel, forward overlap {report.ForwardOverlapPercent:0} %
            {(
                report.Suspicions.Count == 0
                    ? "nothing suspicious"
                    : string.Join("\n", report.Suspicions.Select(one => $"{one.Photo}: {one.Why}"))
            )}
            """
        );
        teller.See("report", report.Located == photos.Count, "every photo that went in is in the report");
    }

    /// <summary>The photos that are in the program.</summary>
    private static List<UploadFile> Photos()
    {
        const string folder = "samples/";
        var program = typeof(DemoGateway).Assembly;
        return
        [
            .. from name in program.GetManifestResourceNames()
            where name.StartsWith(folder, StringComparison.Ordinal)
            orderby name
            select new UploadFile(
                name[folder.Length..],
                LengthOf(name),
                () => program.GetManifestResourceStream(name)!
            ),
        ];

        long LengthOf(string name)
        {
            using var photo = program.GetManifestResourceStream(name)!;
            return photo.Length;
        }
    }

    private static async Task<string> HandInAsync(
        NodeOdmClient client,
        IReadOnlyList<UploadFile> photos,
        CancellationToken ct
    )
    {
        var task = Said(await client.InitAsync(TaskUuid.New(), new() { Name = "field" }, ct));
        await Parallel.ForEachAsync(
            photos,
            new ParallelOptions { MaxDegreeOfParallelism = UploadsAtOnce, CancellationToken = ct },
            async (photo, stop) => Said(await client.UploadAsync(task, [photo], stop))
        );
        return Said(await client.CommitAsync(task, ct));
    }

    private async Task<TaskInfo> FollowAsync(NodeOdmClient client, string task, CancellationToken ct)
    {
        for (var lines = 0; ; await Task.Delay(LookAgain, clock, ct))
        {
            var info = Said(await client.TaskInfoAsync(task, lines, ct));
            foreach (var line in info.Output ?? [])
                teller.Quote(line);
            lines += info.Output?.Count ?? 0;
            if (info.Status.Code is not (TaskCode.Queued or TaskCode.Running))
                return info;
        }
    }

    private async Task<SurveyReport> ReportAsync(NodeOdmClient client, string task, CancellationToken ct)
    {
        await using var archive = new FileStream(Path.Combine(folder, "all.zip"), FileMode.CreateNew);
        Said(await client.DownloadAsync(task, "all.zip", archive, ct));
        await using var zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true);
        await using var report = await zip.GetEntry("survey/report.json")!.OpenAsync(ct);
        return (await JsonSerializer.DeserializeAsync(report, SurveyJson.Default.SurveyReport, ct))!;
    }

    private static T Said<T>(NodeReply<T> reply) =>
        reply is NodeReply<T>.Said(var value)
            ? value
            : throw new UserException(
                $"the demo's gateway answered: {reply.Text}",
                "Please report it, with the lines above."
            );
}
