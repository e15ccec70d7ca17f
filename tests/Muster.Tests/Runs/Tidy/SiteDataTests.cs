using System.Runtime.Versioning;
using Muster.Hosts;
using Muster.Snapshots;
using Muster.Transfers;

namespace Muster.Runs.Tidy;

[UnsupportedOSPlatform("windows")]
public sealed class SiteDataTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-data-");
    private readonly string _root;

    public SiteDataTests() => _root = Path.Combine(_folder.FullName, "site with space");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_set_is_sent_once_listed_with_its_size_and_replaced_by_another_of_its_name()
    {
        Write("a", "12345");
        Write("deep/b", "123");
        Assert.Equal((2, 8), Sent(await PushAsync("set")));
        Assert.Equal((0, 0), Sent(await PushAsync("set")));
        Assert.Equal((0, 0), Sent(await PushAsync("other")));
        Assert.Equal("123", File.ReadAllText(Path.Combine(_root, "data/set/deep/b")));
        Write("a", "1");
        File.Delete(Path.Combine(_folder.FullName, "from/deep/b"));
        Assert.Equal((1, 1), Sent(await PushAsync("set")));

        var list = await Data.ListAsync(Ct);
        Assert.Equal([new("other", 2, 8), new("set", 1, 1)], list.Sets);
        Assert.Equal(["data", "runs", "store"], list.Parts.Keys.Order());
        Assert.Equal("1", File.ReadAllText(Path.Combine(_root, "data/set/a")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "runs")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "incoming")));
    }

    [Fact]
    public async Task A_dropped_set_frees_what_only_it_held()
    {
        Write("own", "the first alone");
        Write("shared", "both have it");
        await PushAsync("first");
        Write("own", "the second");
        await PushAsync("second");

        Assert.Equal("the first alone".Length, await Data.DropAsync("first", Ct));
        Assert.Null(await Data.DropAsync("first", Ct));
        Assert.Equal("second", Assert.Single((await Data.ListAsync(Ct)).Sets).Name);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_root, "store"), "*", SearchOption.AllDirectories).Length);
        Assert.Equal("both have it", File.ReadAllText(Path.Combine(_root, "data/second/shared")));
        Write("own", "the first alone");
        Assert.Equal((1, 15), Sent(await PushAsync("first"))); // only what went is sent again
    }

    [Fact]
    public async Task A_site_that_was_never_used_has_none()
    {
        Assert.Empty((await Data.ListAsync(Ct)).Sets);
        Assert.Null(await Data.DropAsync("set", Ct));
        Assert.False(Directory.Exists(_root));
    }

    [Fact]
    public async Task What_a_set_holds_is_not_swept()
    {
        Write("a", "kept");
        await PushAsync("set");
        await new SiteTidy(new LocalHost(), _root).RemoveAsync(TimeSpan.Zero, [], Ct);
        Assert.Equal((0, 0), Sent(await PushAsync("again")));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(_root, "data/again/a")));
    }

    private SiteData Data => new(new LocalHost(), _root);

    private async Task<DeliveryReport> PushAsync(string name) =>
        await Data.PushAsync(
            name,
            FolderSnapshot.Take(Path.Combine(_folder.FullName, "from"), Ct).Items,
            "site/",
            new(Path.Combine(_folder.FullName, "cache")),
            null,
            Ct
        );

    private static (int, long) Sent(DeliveryReport report) => (report.FilesSent, report.BytesSent);

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, "from", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-1)); // what is younger is read again
    }
}
