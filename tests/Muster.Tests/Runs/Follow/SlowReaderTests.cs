using Muster.Configuration;
using Muster.Sites;

namespace Muster.Runs.Follow;

public sealed class SlowReaderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-slow-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_reader_that_takes_its_time_does_not_make_the_host_look_dead()
    {
        var ct = TestContext.Current.CancellationToken;
        var plan = Plans.Nothing();
        var run = _folder.CreateSubdirectory($"root/runs/{plan.Id}").FullName;
        foreach (var name in (string[])["logs", "status"])
            Directory.CreateDirectory(Path.Combine(run, name));
        // More frames than are read ahead: the rest has to wait at the host.
        var written = new byte[12 << 20];
        new Random(1).NextBytes(written);
        File.WriteAllBytes(Path.Combine(run, "logs", "main.0.out"), written);
        var here = new LocalSite
        {
            Name = "here",
            Origin = Origin.BuiltIn,
            Root = $"{_folder.FullName}/root",
        };
        var places = new SitePlaces(_folder.FullName, _folder.FullName, _folder.FullName, MayAsk: false);
        var site = new OpenSite(here, places, TimeProvider.System);
        var store = new RunStore(Path.Combine(_folder.FullName, "runs.db"));
        store.Add(new() { Plan = plan, Created = DateTimeOffset.UtcNow });
        var shown = new MemoryStream();
        await foreach (var happening in new Follower(store, site, TimeProvider.System).FollowAsync(plan.Id, ct))
        {
            Assert.IsNotType<RunEvent.ContactLost>(happening);
            if (happening is not RunEvent.Log log)
                continue;
            // Longer than a host may be silent.
            if (log.Offset == 0)
                await Task.Delay(TimeSpan.FromSeconds(6), ct);
            Assert.Equal(shown.Length, log.Offset);
            shown.Write(log.Bytes.Span);
            if (shown.Length == written.Length)
                break;
        }
        Assert.True(written.AsSpan().SequenceEqual(shown.ToArray()));
    }
}
