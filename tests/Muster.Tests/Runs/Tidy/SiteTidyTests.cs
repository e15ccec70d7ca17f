using System.Runtime.Versioning;
using Muster.Hosts;
using Muster.Shell;
using Muster.Snapshots;
using Muster.Transfers;

namespace Muster.Runs.Tidy;

[UnsupportedOSPlatform("windows")]
public sealed class SiteTidyTests : IDisposable
{
    private readonly TestRepository _repository = new();
    private readonly string _root;

    public SiteTidyTests() => _root = Path.Combine(_repository.Beside, "site with space");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _repository.Dispose();

    [Fact]
    public async Task Old_runs_go_with_the_content_that_only_they_held()
    {
        Data("shared", "both have it");
        Data("own", "the first alone");
        var first = await DeliverAsync();
        Data("own", "the second alone");
        var second = await DeliverAsync();
        Link("both have it", second, "shared"); // for root, deliveries are copies
        End(first);
        Write(first, "out/result", "12345");
        var ports = Directory.CreateDirectory($"{_root}/ports/host").FullName;
        File.CreateSymbolicLink($"{ports}/20001", $"{first}/main.0");
        File.CreateSymbolicLink($"{ports}/20002", $"{second}/main.0");

        var old = Assert.Single(await Tidy.LookAsync(TimeSpan.Zero, [], Ct));
        Assert.Equal((first, 1), (old.Id, old.Results));
        Assert.InRange(old.Bytes, 5, 1_000);

        var report = await Tidy.RemoveAsync(TimeSpan.Zero, [first.ToString()], Ct);

        Assert.Equal([first.ToString()], report.Gone);
        Assert.Equal((1, (long)"the first alone".Length), (report.FilesSwept, report.BytesSwept));
        Assert.Equal([second.ToString()], Directory.GetDirectories($"{_root}/runs").Select(Path.GetFileName));
        Assert.Equal("the second alone", File.ReadAllText($"{_root}/runs/{second}/in/data/own"));
        Assert.Empty(Directory.GetFileSystemEntries($"{_root}/incoming"));
        Assert.Equal([$"{ports}/20002"], Directory.GetFileSystemEntries(ports));
    }

    [Fact]
    public async Task What_was_swept_is_sent_again_when_it_is_needed()
    {
        Data("data", "needed twice");
        var run = await DeliverAsync();
        End(run);
        await Tidy.RemoveAsync(TimeSpan.Zero, [run.ToString()], Ct);
        Assert.Empty(Directory.GetFiles($"{_root}/store", "*", SearchOption.AllDirectories));

        Assert.Equal("needed twice", File.ReadAllText($"{_root}/runs/{await DeliverAsync()}/in/data/data"));
    }

    [Fact]
    public async Task What_lives_or_ended_lately_stays()
    {
        Data("data", "x");
        var (live, late, silent) = (await DeliverAsync(), await DeliverAsync(), await DeliverAsync());
        End(late);

        Assert.Empty(await Tidy.LookAsync(TimeSpan.FromDays(1), [], Ct));
        // Only our own word that it ended makes the silent one old.
        Assert.Equal(silent, Assert.Single(await Tidy.LookAsync(TimeSpan.FromDays(1), [silent.ToString()], Ct)).Id);
        var report = await Tidy.RemoveAsync(TimeSpan.FromDays(1), [silent.ToString()], Ct);
        Assert.Equal((1, 0), (report.Gone.Count, report.FilesSwept));
        Assert.Equal(
            new[] { live, late }.Select(id => id.ToString()).Order(),
            Directory.GetDirectories($"{_root}/runs").Select(path => Path.GetFileName(path)!).Order()
        );
    }

    [Fact]
    public async Task An_image_goes_when_no_run_names_it_and_none_used_it_for_so_long()
    {
        Data("data", "x");
        var run = await DeliverAsync();
        Write(run, "run.json", """{"images": [{"image": "images/used@1.sif", "archive": "images/used@2.tar"}]}""");
        foreach (var name in new[] { "used@1.sif", "used@2.tar", "old@3.sif", "new@4.sif" })
            Image(name, "12345");
        foreach (var name in new[] { "used@1.sif", "used@2.tar", "old@3.sif" })
            File.SetLastWriteTimeUtc($"{_root}/images/{name}", DateTime.UtcNow.AddDays(-2));
        Image("refs/a", "old@3.sif sha256:3\n");
        Image("refs/b", "used@1.sif sha256:1\n");

        Assert.Equal([new("old@3.sif", 5)], await Tidy.ImagesAsync(TimeSpan.FromDays(1), remove: false, Ct));
        Assert.True(File.Exists($"{_root}/images/old@3.sif"));

        Assert.Equal([new("old@3.sif", 5)], await Tidy.ImagesAsync(TimeSpan.FromDays(1), remove: true, Ct));
        Assert.Equal(
            ["new@4.sif", "used@1.sif", "used@2.tar"],
            Directory.GetFiles($"{_root}/images").Select(path => Path.GetFileName(path)!).Order()
        );
        Assert.Equal(["b"], Directory.GetFiles($"{_root}/images/refs").Select(path => Path.GetFileName(path)!));

        // With the run goes its hold on them.
        await Tidy.RemoveAsync(TimeSpan.FromDays(1), [run.ToString()], Ct);
        Assert.Equal(2, (await Tidy.ImagesAsync(TimeSpan.FromDays(1), remove: true, Ct)).Count);
    }

    [Fact]
    public async Task A_site_that_was_never_used_has_nothing_to_tidy()
    {
        Assert.Empty(await Tidy.LookAsync(TimeSpan.Zero, [], Ct));
        Assert.Equal(0, (await Tidy.RemoveAsync(TimeSpan.Zero, [], Ct)).FilesSwept);
        Assert.False(Directory.Exists(_root));
    }

    private SiteTidy Tidy => new(new LocalHost(), _root);

    private async Task<RunId> DeliverAsync()
    {
        var id = RunId.New(TimeProvider.System);
        var items = FolderSnapshot.Take(Path.Combine(_repository.Beside, "data"), Ct).Items;
        var store = new SiteStore(new LocalHost(), _root, "site", new(Path.Combine(_repository.Beside, "cache")));
        while (
            await store.DeliverAsync(
                new(id.ToString(), [new("in/data", items, AreaMode.Link)], [], ShellText.Of($":")),
                null,
                Ct
            )
                is null
        ) { }
        return id;
    }

    private void Link(string content, RunId run, string name)
    {
        var hash = ContentHash.Of(System.Text.Encoding.UTF8.GetBytes(content)).ToString();
        _repository.Sh($"ln -f '{_root}/store/{hash[..2]}/{hash}' '{_root}/runs/{run}/in/data/{name}'");
    }

    private void Data(string name, string text)
    {
        Directory.CreateDirectory(Path.Combine(_repository.Beside, "data"));
        File.WriteAllText(Path.Combine(_repository.Beside, "data", name), text);
    }

    private void Image(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName($"{_root}/images/{name}")!);
        File.WriteAllText($"{_root}/images/{name}", text);
    }

    private void End(RunId run) => Write(run, "status/ended", "time=1\n");

    private void Write(RunId run, string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName($"{_root}/runs/{run}/{file}")!);
        File.WriteAllText($"{_root}/runs/{run}/{file}", text);
    }
}
