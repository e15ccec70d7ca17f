using System.Globalization;
using System.Security.Cryptography;
using Muster.NodeOdm;
using Muster.NodeOdm.HandIn;

namespace Muster.Gateway;

/// <summary>Photos through a bad link. MUSTER_SOAK=1 sends a thousand of 10 MB, as else few and small.</summary>
public sealed class BadLinkTests : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1";
    private static readonly (int Photos, int Bytes) Size = Soak ? (1_000, 10_000_000) : (30, 300_000);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-bad-link-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_photo_is_stored_once_and_memory_stays_flat()
    {
        // Its node is never there, so that the photos stay in the spool.
        await using var gateway = new GatewayProcess("--node", "http://127.0.0.1:1");
        await gateway.StartAsync();
        var seed = Environment.TickCount;
        await using var link = new BadLink(gateway.Address, seed)
        {
            Delay = TimeSpan.FromMilliseconds(Soak ? 150 : 10),
            Stalls = 0.02,
            Resets = Soak ? 0.0005 : 0.02,
            LostAnswers = 0.1,
        };
        var source = SourceFiles.Of([Photos()]);
        using var journal = HandInJournal.Open(Path.Combine(_folder.FullName, "state"), "x", TimeProvider.System);
        using var connections = NodeOdmClient.Connections();
        var began = TimeProvider.System.GetTimestamp();
        await new TaskHandIn(
            new(connections, link.Address, null, TestGateway.Patience, TimeProvider.System),
            journal,
            source,
            new() { Name = "x" },
            _ => { },
            TimeProvider.System
        ).SendAsync(Ct);
        var took = TimeProvider.System.GetElapsedTime(began);

        var stored = TestGateway.FilesIn(Path.Combine(gateway.Folder, "data", "spool")).Order();
        Assert.Equal(source.Files.Select(file => HashOf(file.Path)).Order(), stored);
        Assert.Equal(
            Size.Photos,
            TestGateway
                .Said(
                    await new NodeOdmClient(
                        connections,
                        gateway.Address,
                        null,
                        TestGateway.Patience,
                        TimeProvider.System
                    ).TaskInfoAsync(journal.Task, null, Ct)
                )
                .ImagesCount
        );
        Assert.True(link.Broken > 0, $"seed {seed}: nothing broke");
        var memory = File.Exists($"/proc/{gateway.Id}/status") ? PeakMegabytes(gateway.Id) : 0;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"figures: {Size.Photos} photos, {source.Bytes / 1e9:0.0} GB in {took.TotalSeconds:0} s, {link.Broken} "
                + $"breaks, memory at most {memory} MB"
        );
        Assert.True(memory < 200, $"{memory} MB");
    }

    /// <summary>Each with a head of its own; the hole behind it takes no disk here.</summary>
    private string Photos()
    {
        var folder = _folder.CreateSubdirectory("photos").FullName;
        for (var n = 0; n < Size.Photos; n++)
        {
            using var photo = File.Create(Path.Combine(folder, $"{n:0000}.jpg"));
            photo.Write(BitConverter.GetBytes(n));
            photo.SetLength(Size.Bytes);
        }
        return folder;
    }

    private static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static long PeakMegabytes(int process) =>
        long.Parse(
            File.ReadLines($"/proc/{process}/status")
                .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) / 1000;

    public void Dispose() => _folder.Delete(recursive: true);
}
