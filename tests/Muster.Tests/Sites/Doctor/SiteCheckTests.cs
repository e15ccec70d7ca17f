using Muster.Configuration;
using Muster.Sites.Reading;

namespace Muster.Sites.Doctor;

public sealed class SiteCheckTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private async Task<(HostFacts Host, SiteBudget Budget)> LookAsync(string root)
    {
        var site = new OpenSite(
            new LocalSite
            {
                Name = "here",
                Origin = Origin.BuiltIn,
                Root = root,
            },
            new(_folder.Path, _folder.Path, _folder.Path, MayAsk: false),
            TimeProvider.System
        );
        var (hosts, budget) = await new SiteCheck(site, TimeProvider.System).RunAsync(
            TestContext.Current.CancellationToken
        );
        return (Assert.Single(hosts), budget);
    }

    [Fact]
    public async Task This_machine_is_looked_at_and_left_as_it_was()
    {
        var root = Path.Combine(_folder.Path, "deep", "root");
        var (host, budget) = await LookAsync(root);
        Assert.Null(host.Trouble);
        Assert.Equal(
            (root, "no", _folder.Path, "yes"),
            (host.Value("root"), host.Value("root_exists"), host.Value("place"), host.Value("writable"))
        );
        Assert.True(host.Can("stat-c") && host.Can("sha256") && host.Can("execute"));
        Assert.InRange(host.ClockAhead!.Value, TimeSpan.FromSeconds(-30), TimeSpan.FromSeconds(30));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal((2, null, 0), (budget.RemoteCommands, budget.SchedulerCommands, budget.Connections.Count));
    }

    [Fact]
    public async Task A_root_below_a_file_is_bad()
    {
        var file = _folder.Write("file", "");
        var (host, _) = await LookAsync(file + "/root");
        Assert.Contains(
            SiteFindings.For(new LocalSite { Name = "here", Origin = Origin.BuiltIn }, host),
            finding => finding is { Mark: Mark.Bad, About: "root" } && finding.Text.Contains("is not a folder")
        );
    }
}
