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
        File.WriteAllText(Path.Combine(run, "logs", "main.0.out"), "line\n");
        var here = new LocalSite
        {
            Name = "here",
            Origin = Origin.BuiltIn,
            Root = $"{_folder.FullName}/root",
        };
        var places = new SitePlaces(_folder.FullName, _folder.FullName, _folder.FullName, MayAsk: false);
        var site = new OpenSite(here, places, TimeProvider.System);
        var told = new List<RunEvent>();
        var line = new FollowLine(site, plan, null, [], TimeProvider.System);
        await line.FollowAsync(
            _ => Task.FromResult(told.Count > 0 ? FollowNext.Stop : FollowNext.GoOn),
            () => Task.CompletedTask,
            async happening =>
            {
                // Longer than a host may be silent.
                if (happening is RunEvent.Log)
                    await Task.Delay(TimeSpan.FromSeconds(6), ct);
                told.Add(happening);
            },
            ct
        );
        Assert.IsType<RunEvent.Log>(Assert.Single(told));
    }
}
