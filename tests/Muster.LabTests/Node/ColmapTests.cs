using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Node.Engines;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>A real COLMAP reconstructs the landscape of the samples.</summary>
[Collection(Sharing.Processors)]
public sealed class ColmapTests : IDisposable
{
    private static readonly string Samples = Path.Combine(AppContext.BaseDirectory, "samples");
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-colmap-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Photos_become_cameras_and_points()
    {
        var engine = await ColmapEngine.FindAsync(Ct);
        Assert.NotNull(engine);
        await using var node = await NodeServer.StartAsync(
            new()
            {
                Folder = Path.Combine(_folder, "node"),
                Port = 0,
                Address = IPAddress.Loopback,
            },
            engine,
            NullLoggerFactory.Instance,
            TimeProvider.System,
            Ct
        );
        using var connections = NodeOdmClient.Connections();
        var client = new NodeOdmClient(
            connections,
            new($"http://{node.Address}/"),
            null,
            TimeSpan.FromSeconds(30),
            TimeProvider.System
        );
        var photos = Directory.GetFiles(Samples, "field_0*.jpg");
        var uuid = TaskUuid.New();
        Said(
            await client.InitAsync(
                uuid,
                new()
                {
                    Name = "field",
                    Options = """[{"name":"single-camera","value":true},{"name":"max-num-features","value":"2000"}]""",
                },
                Ct
            )
        );
        foreach (var photo in photos)
            Said(await client.UploadAsync(uuid, [UploadFile.OnDisk(photo)], Ct));
        Said(await client.CommitAsync(uuid, Ct));

        var steps = new List<double>();
        TaskInfo info;
        var clock = Stopwatch.StartNew();
        while (
            (info = Said(await client.TaskInfoAsync(uuid, null, Ct))).Status.Code is TaskCode.Running or TaskCode.Queued
        )
        {
            steps.Add(info.Progress);
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(15), "COLMAP does not end");
            await Task.Delay(100, Ct);
        }
        var output = string.Join('\n', Said(await client.OutputAsync(uuid, -30, Ct)));
        Assert.True(info.Status.Code == TaskCode.Completed, output);
        Assert.Equal(steps.Order(), steps);
        Assert.True(steps.Distinct().Count() > 4, string.Join(' ', steps.Distinct()));

        await using var archive = new FileStream(Path.Combine(_folder, "all.zip"), FileMode.Create);
        Said(await client.DownloadAsync(uuid, "all.zip", archive, Ct));
        using var zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true);
        Assert.Superset(
            new HashSet<string>
            {
                "colmap/cameras.bin",
                "colmap/images.bin",
                "colmap/points3D.bin",
                "colmap/cameras.txt",
                "colmap/images.txt",
                "colmap/points3D.txt",
                "points.ply",
                "task_output.txt",
            },
            zip.Entries.Select(entry => entry.FullName).ToHashSet()
        );
        Assert.Equal(photos.Length, await LinesAsync(zip, "colmap/images.txt") / 2);
        Assert.True(await LinesAsync(zip, "colmap/points3D.txt") > 500, output);
        using var ply = new StreamReader(zip.GetEntry("points.ply")!.Open());
        Assert.Equal("ply", await ply.ReadLineAsync(Ct));
    }

    [Fact]
    public async Task Photos_without_overlap_fail_with_a_reason()
    {
        var engine = await ColmapEngine.FindAsync(Ct);
        await using var node = await NodeServer.StartAsync(
            new()
            {
                Folder = Path.Combine(_folder, "node"),
                Port = 0,
                Address = IPAddress.Loopback,
            },
            engine!,
            NullLoggerFactory.Instance,
            TimeProvider.System,
            Ct
        );
        using var connections = NodeOdmClient.Connections();
        var client = new NodeOdmClient(
            connections,
            new($"http://{node.Address}/"),
            null,
            TimeSpan.FromSeconds(30),
            TimeProvider.System
        );
        var uuid = TaskUuid.New();
        Said(await client.InitAsync(uuid, new(), Ct));
        foreach (var seed in new[] { 1, 2 })
        {
            var noise = new byte[640 * 480];
            new Random(seed).NextBytes(noise);
            byte[] photo = [.. "P5 640 480 255\n"u8, .. noise];
            Said(await client.UploadAsync(uuid, [new($"{seed}.pgm", photo.Length, () => new MemoryStream(photo))], Ct));
        }
        Said(await client.CommitAsync(uuid, Ct));
        TaskInfo info;
        while (
            (info = Said(await client.TaskInfoAsync(uuid, -2, Ct))).Status.Code is TaskCode.Running or TaskCode.Queued
        )
            await Task.Delay(100, Ct);
        Assert.Equal((TaskCode.Failed, "Cannot process dataset"), (info.Status.Code, info.Status.ErrorMessage));
        Assert.Contains(
            info.Output!,
            line => line.Contains("they need overlap, texture and sharpness", StringComparison.Ordinal)
        );
    }

    private static T Said<T>(NodeReply<T> reply) =>
        reply is NodeReply<T>.Said said ? said.Value : throw new InvalidOperationException(reply.Text);

    /// <summary>Those that are no comments.</summary>
    private static async Task<int> LinesAsync(ZipArchive zip, string name)
    {
        using var reader = new StreamReader(zip.GetEntry(name)!.Open());
        return (await reader.ReadToEndAsync(Ct))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Count(line => line[0] != '#');
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
