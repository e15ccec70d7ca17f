using System.Security.Cryptography;
using System.Text;
using Muster.Gateway.Model;
using Muster.Storage;

namespace Muster.Gateway.Spool;

public sealed class SpoolFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-spool-test-");

    private BlobFolder _blobs;

    public SpoolFolderTests() => _blobs = new(_folder.FullName);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_content_is_kept_once_and_goes_with_its_last_name()
    {
        var spool = Open();
        var (a, b) = (await ReceiveAsync(spool, "a.jpg", "same"), await ReceiveAsync(spool, "b.jpg", "same"));
        Assert.Equal((Convert.ToHexStringLower(SHA256.HashData("same"u8)), 4), (a.Hash, a.Bytes));
        Assert.Equal(a.Key, b.Key);
        Assert.Equal("same", await File.ReadAllTextAsync(PathOf(b), Ct));
        Assert.Equal(4, spool.Used);
        spool.Release([a.Hash]);
        Assert.True(File.Exists(PathOf(a)));
        spool.Release([b.Hash]);
        Assert.False(File.Exists(PathOf(a)));
        Assert.Equal(0, spool.Used);
    }

    [Fact]
    public async Task What_a_crash_left_is_swept_and_what_tasks_need_stays()
    {
        var before = Open();
        var needed = await ReceiveAsync(before, "a", "needed");
        await ReceiveAsync(before, "b", "orphan");
        await File.WriteAllTextAsync(_blobs.NewPart(), "half", Ct);
        _blobs = new(_folder.FullName);
        _blobs.Sweep();
        var after = new SpoolFolder(_blobs, "spool/", 0, [(needed, 1)]);
        await after.SweepAsync(await after.OrphansAsync(Ct), Ct);
        Assert.Equal([PathOf(needed)], Directory.EnumerateFiles(_folder.FullName, "*", SearchOption.AllDirectories));
        Assert.Equal(needed.Bytes, after.Used);
    }

    [Fact]
    public void Room_is_taken_by_what_comes_and_not_by_what_is_announced()
    {
        var spool = Open(budget: 1_000);
        using (var first = spool.Reserve(700)!)
        {
            Assert.Null(spool.Reserve(1_001));
            using (var second = spool.Reserve(400)!)
                second.Use(400);
            first.Use(700);
            Assert.Equal(700, spool.Used);
            Assert.Null(spool.Reserve(400));
            Assert.Throws<SpoolFullException>(() => first.Use(301));
        }
        Assert.Equal(0, spool.Used);
        using var third = spool.Reserve(400);
        Assert.NotNull(third);
    }

    [Fact]
    public void Results_count_as_uploads_do_and_do_not_wait_for_them()
    {
        var spool = Open(budget: 1_000);
        using var uploads = spool.Reserve(1_000)!;
        uploads.Use(1_000);
        using (var result = spool.ReserveForResult())
        {
            result.Use(500);
            Assert.Equal(1_500, spool.Used);
        }
        Assert.Equal(1_000, spool.Used);
    }

    [Fact]
    public async Task An_upload_without_a_length_is_refused_when_the_room_ends_and_leaves_nothing()
    {
        var spool = Open(budget: 100_000_000);
        var room = spool.Reserve(0)!;
        await Assert.ThrowsAsync<SpoolFullException>(() => spool.ReceiveAsync("x", new Endless(), room, Ct));
        room.Dispose();
        Assert.Equal(0, spool.Used);
        Assert.Empty(Directory.EnumerateFiles(_folder.FullName, "*", SearchOption.AllDirectories));
    }

    private SpoolFolder Open(long budget = 0) => new(_blobs, "spool/", budget, []);

    private string PathOf(SpoolFile file) => Path.Combine(_folder.FullName, file.Key);

    private static async Task<SpoolFile> ReceiveAsync(SpoolFolder spool, string name, string content)
    {
        using var room = spool.Reserve(content.Length)!;
        return await spool.ReceiveAsync(name, new MemoryStream(Encoding.UTF8.GetBytes(content)), room, Ct);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private sealed class Endless : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(buffer.Length);
    }
}
