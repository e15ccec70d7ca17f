using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Muster.Hosts;
using Muster.Node.Engines.Survey;
using static Muster.Node.TestNode;

namespace Muster.Node.Engines;

/// <summary>Photos made to keep whoever reads them busy.</summary>
public sealed class HostilePhotoTests : IDisposable
{
    private const int Deep = 50_000;
    private readonly string _folder = NewFolder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Lists_within_lists_are_read_once()
    {
        var lists =
            string.Concat(Enumerable.Repeat("<rdf:Bag><rdf:li>", 40))
            + string.Concat(Enumerable.Repeat("</rdf:li></rdf:Bag>", 40));
        var photo = Read(
            new TestPhoto
            {
                Latitude = 50,
                Longitude = 8,
                HeightAboveStart = 100,
                Nested = lists,
            }.Jpeg()
        );
        Assert.Equal((null, 50.0, 100.0, 4000), (photo.Fault, photo.Latitude, photo.HeightAboveStart, photo.Width));
    }

    [Fact]
    public void Fifty_thousand_elements_within_each_other_are_no_deeper_than_one()
    {
        var packet = Encoding.UTF8.GetBytes(
            $"<x>{string.Concat(Enumerable.Repeat("<a>", Deep))}<d xmlns:drone-dji=\"d\" "
                + $"drone-dji:RelativeAltitude=\"+12.5\"/>{string.Concat(Enumerable.Repeat("</a>", Deep))}</x>"
        );
        Assert.Equal(
            (null, 12.5, 640),
            (Read(Tiff(packet)).Fault, Read(Tiff(packet)).HeightAboveStart, Read(Tiff(packet)).Width)
        );
        Assert.Equal(
            (null, 12.5, 640),
            (
                Read(Png(("iTXt", [.. "XML:com.adobe.xmp\0\0\0\0\0"u8, .. packet]))).Fault,
                Read(Png(("iTXt", [.. "XML:com.adobe.xmp\0\0\0\0\0"u8, .. packet]))).HeightAboveStart,
                640
            )
        );
        Assert.Null(Read(Tiff(packet[..(packet.Length / 3)])).HeightAboveStart);
    }

    [Fact]
    public void Text_that_grows_when_it_is_unpacked_is_left_packed()
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var block = new byte[1 << 20];
            for (var n = 0; n < 64; n++)
                zlib.Write(block);
        }
        var png = Png(
            ("zTXt", [.. "Comment\0\0"u8, .. packed.ToArray()]),
            ("iTXt", [.. "XML:com.adobe.xmp\0\u0001\0\0\0"u8, .. packed.ToArray()]),
            ("iCCP", [.. "p\0\0"u8, .. packed.ToArray()])
        );
        var path = Path.Combine(_folder, "a.png");
        File.WriteAllBytes(path, png);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal((null, 640, 480), (Photo.Read(path).Fault, Photo.Read(path).Width, Photo.Read(path).Height));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void Directories_that_claim_much_or_point_anywhere_end_soon()
    {
        var tiff = Tiff([.. "<x/>"u8]);
        var random = new Random(7);
        for (var n = 0; n < 3_000; n++)
        {
            var broken = (byte[])tiff.Clone();
            for (var k = 0; k < 4; k++)
                broken[random.Next(4, 120)] = (byte)random.Next(256);
            Assert.Null(Record.Exception(() => Read(broken)));
        }
    }

    [Fact]
    public void Positions_at_opposite_ends_of_the_world_make_a_report()
    {
        // Half of them at one place, half at the other, and all on a line of no width.
        var photos = Enumerable
            .Range(0, 4_000)
            .Select(n => new Photo
            {
                Name = $"{n}.jpg",
                Latitude = n % 2 == 0 ? -89 : 89,
                Longitude = n % 2 == 0 ? -179 + (n * 1e-7) : 179 - (n * 1e-7),
                Width = 4000,
                Height = 3000,
                Focal35 = 24,
            })
            .ToList();
        var report = SurveyReport.Of(photos, 100);
        Assert.Equal((4_000, 4_000), (report.Located, report.Places.Count));
        Assert.Equal(2, SurveyReport.Of([photos[0], photos[1]], null).Located);
    }

    [Fact]
    public void Neighbours_are_those_of_a_plain_search_and_cost_few_steps()
    {
        var random = new Random(3);
        foreach (
            var (count, place) in new (int, Func<int, (double, double)>)[]
            {
                (700, _ => (random.NextDouble() * 500, random.NextDouble() * 300)),
                (700, n => (n % 2 == 0 ? -2e7 + random.NextDouble() : 2e7 + random.NextDouble(), 0)),
                (700, n => (n / 100, n % 7)),
                (1, _ => (1, 1)),
                (2, n => (n * 4e7, n * 2e7)),
            }
        )
        {
            var points = Enumerable.Range(0, count).Select(place).ToList();
            var tree = new PlaceTree(
                [.. points.Select(point => point.Item1)],
                [.. points.Select(point => point.Item2)]
            );
            for (var at = 0; at < count; at++)
            {
                var (x, y) = points[at];
                Assert.Equal(
                    points
                        .Where((_, other) => other != at)
                        .Select(other => Math.Sqrt(Math.Pow(other.Item1 - x, 2) + Math.Pow(other.Item2 - y, 2)))
                        .DefaultIfEmpty(double.PositiveInfinity)
                        .Min(),
                    tree.Nearest(at),
                    1e-9
                );
                Assert.Equal(
                    points.Count(other => Math.Abs(other.Item1 - x) <= 20 && Math.Abs(other.Item2 - y) <= 20),
                    tree.Around(at, 20)
                );
            }
        }
        var far = Enumerable
            .Range(0, 50_000)
            .Select(n => (X: n % 2 == 0 ? -2e7 + (n * 0.1) : 2e7 - (n * 0.1), Y: 0.0))
            .ToList();
        var wide = new PlaceTree([.. far.Select(point => point.X)], [.. far.Select(point => point.Y)]);
        for (var at = 0; at < far.Count; at++)
            Assert.True(wide.Nearest(at) < 1 && wide.Around(at, 1e5) > 0);
        Assert.InRange(wide.Steps, far.Count, far.Count * 200L);
    }

    [Fact]
    public async Task A_survey_that_hangs_is_killed_when_its_task_is_cancelled()
    {
        await using var node = await StartAsync(new SurveyEngine());
        string uuid;
        while (!await StopAsync(uuid = await node.CommitAsync()))
            await node.EndAsync(uuid); // it was done sooner than it could be stopped
        await node.PostAsync("task/cancel", Uuid(uuid));
        var next = (await node.PostAsync("task/new", Photos(("a.jpg", new TestPhoto().Jpeg()))))
            .GetProperty("uuid")
            .GetString()!;
        Assert.Equal(40, Code(await node.EndAsync(next)));
        Assert.Equal(50, Code(await node.InfoAsync(uuid)));
        Assert.Empty(LinuxProcesses.Marked($"MUSTER_TASK={uuid}"));
    }

    [Fact]
    public async Task A_survey_that_takes_too_long_fails_and_leaves_its_slot()
    {
        await using var node = await StartAsync(new SurveyEngine(TimeSpan.FromMilliseconds(1)));
        var uuid = await node.CommitAsync();
        Assert.Equal(30, Code(await node.EndAsync(uuid)));
        Assert.StartsWith(
            "The survey took longer than",
            (await node.OutputAsync(uuid, "-1")).Single(),
            StringComparison.Ordinal
        );
        Assert.Equal(30, Code(await node.EndAsync(await node.CommitAsync())));
        Assert.Empty(LinuxProcesses.Marked($"MUSTER_TASK={uuid}"));
    }

    [Fact]
    public async Task Where_processes_cannot_be_searched_an_engine_is_a_plain_child()
    {
        var output = new TaskOutput(Path.Combine(_folder, "output.log"));
        var work = new EngineWork("x", _folder, [], output, _ => { }, 0, TimeSpan.FromSeconds(1));
        Assert.Equal(
            7,
            await EngineProcess.ChildAsync(work, new(["sh", "-c", "echo $MUSTER_TASK; exit 7"], _folder), Ct)
        );
        Assert.Equal(["x"], output.Lines(null));
        using var end = new CancellationTokenSource();
        var running = EngineProcess.ChildAsync(work, new(["sh", "-c", "echo $$; exec sleep 1000"], _folder), end.Token);
        while (output.Count < 2)
            await Task.Delay(10, Ct);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(LinuxProcesses.IsAlive(int.Parse(output.Lines("-1").Single(), CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("/usr/share/dotnet/dotnet", "muster.dll", "/usr/share/dotnet/dotnet /opt/m/muster.dll")]
    [InlineData("/opt/m/muster", "muster muster.dll", "/opt/m/muster")]
    [InlineData("/opt/m/Muster.Tests", "muster muster.dll Muster.Tests.dll", "/opt/m/muster")]
    [InlineData("/usr/bin/clusterodm", "", "/usr/bin/clusterodm")]
    public void The_program_finds_itself(string running, string there, string words) =>
        Assert.Equal(
            words.Split(' '),
            OwnProgram.Find(running, "/opt/m", path => there.Split(' ').Contains(Path.GetFileName(path)))
        );

    /// <summary>True when the task's survey was met while it ran, and stands still now.</summary>
    private static async Task<bool> StopAsync(string uuid)
    {
        for (var tries = 0; tries < 200; tries++)
        {
            if (LinuxProcesses.Marked($"MUSTER_TASK={uuid}") is not { Count: > 0 } found)
            {
                await Task.Delay(5, Ct);
                continue;
            }
            foreach (var pid in found)
                await Programs.RunAsync(
                    new(["kill", "-STOP", pid.ToString(CultureInfo.InvariantCulture)], "/"),
                    "",
                    Ct
                );
            return LinuxProcesses.Marked($"MUSTER_TASK={uuid}").Count > 0;
        }
        return false;
    }

    private Photo Read(byte[] content)
    {
        var path = Path.Combine(_folder, "photo");
        File.WriteAllBytes(path, content);
        return Photo.Read(path);
    }

    /// <summary>A TIFF of two entries: its width, and XMP.</summary>
    private static byte[] Tiff(byte[] packet)
    {
        var tiff = new byte[200 + packet.Length];
        "II*\0\x8\0\0\0\x2\0"u8.CopyTo(tiff);
        void Entry(int at, ushort tag, ushort type, int count, int value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at), tag);
            BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at + 2), type);
            BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at + 4), count);
            BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at + 8), value);
        }
        Entry(10, 0x0100, 4, 1, 640);
        Entry(22, 0x02bc, 1, packet.Length, 200);
        packet.CopyTo(tiff, 200);
        return tiff;
    }

    private static byte[] Png(params (string Type, byte[] Content)[] chunks)
    {
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        foreach (
            var (type, content) in ((string, byte[])[])
                [("IHDR", [0, 0, 2, 128, 0, 0, 1, 224, 8, 2, 0, 0, 0]), .. chunks, ("IEND", [])]
        )
        {
            var head = new byte[8];
            BinaryPrimitives.WriteInt32BigEndian(head, content.Length);
            Encoding.ASCII.GetBytes(type).CopyTo(head, 4);
            png.Write([.. head, .. content, 0, 0, 0, 0]); // nobody looks at the checksum
        }
        return png.ToArray();
    }
}
