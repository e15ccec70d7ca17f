using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs.Submit;

public sealed class HostChoiceTests : IDisposable
{
    private static readonly SshSite Lab = new()
    {
        Name = "lab",
        Origin = new("test"),
        Hosts = ["n1", "n2", "n3"],
        Roles = new Dictionary<string, IReadOnlyList<string>> { ["server"] = ["n1"] },
    };
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-hosts-");
    private readonly RunStore _store;

    public HostChoiceTests() => _store = new(Path.Combine(_folder.FullName, "runs.db"));

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_run_goes_to_the_host_with_the_fewest_runs_that_serves_nobody()
    {
        Assert.Equal("n2", Choice());
        Add("n2");
        Assert.Equal("n3", Choice());
        Add("n3");
        Add("n3");
        Assert.Equal("n2", Choice());
    }

    [Fact]
    public void Hosts_kept_for_workers_come_first()
    {
        var roles = new Dictionary<string, IReadOnlyList<string>> { ["worker"] = ["n3"] };
        Assert.Equal("n3", HostChoice.For(null, Lab with { Roles = roles }, [], _store));
    }

    [Fact]
    public void A_host_that_is_asked_for_is_taken()
    {
        Assert.Equal("n1", Choice("n1"));
        Assert.Equal("site lab has no host 'n4'", Said("n4"));
        var here = new LocalSite { Name = "here", Origin = new("test") };
        Assert.Null(HostChoice.For(null, here, [], _store));
        Assert.StartsWith(
            "--host selects a host of an ssh site",
            Assert.Throws<UserException>(() => HostChoice.For("n1", here, [], _store)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_run_that_waits_runs_where_the_others_do()
    {
        Assert.Equal("n1", Choice(null, "n1", "n1"));
        Assert.Equal("the runs to wait for are on different hosts", Said(null, "n1", "n2"));
        Assert.Equal("the runs to wait for are on different hosts", Said("n2", "n1"));
    }

    private string? Choice(string? wanted = null, params string[] after) =>
        HostChoice.For(
            wanted,
            Lab,
            [.. after.Select(host => new PlannedAfter(RunId.New(TimeProvider.System), null, host))],
            _store
        );

    private string Said(string? wanted, params string[] after) =>
        Assert.Throws<UserException>(() => Choice(wanted, after)).Message;

    private void Add(string host) =>
        _store.Add(
            new() { Plan = Plans.Nothing() with { Site = "lab", Host = host }, Created = DateTimeOffset.UtcNow }
        );
}
