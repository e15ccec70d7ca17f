using System.Diagnostics;
using Muster.Configuration;
using Muster.Sites;

namespace Muster.Runs;

public sealed class RunKeeperTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-keeper-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("echo launched 42", "launched")]
    [InlineData("echo cancelled", "cancelled")]
    [InlineData("echo unstaged", "staging")]
    [InlineData(null, "staging")]
    public async Task A_launch_that_was_interrupted_is_finished_when_all_of_it_had_arrived(
        string? launcher,
        string state
    )
    {
        var store = new RunStore(Path.Combine(_folder.FullName, "runs.db"));
        var plan = new RunPlan
        {
            Id = RunId.New(TimeProvider.System),
            Name = "x",
            Site = "here",
            Command = ["true"],
            WorkingFolder = "/",
        };
        store.Add(
            new()
            {
                Plan = plan,
                Created = DateTimeOffset.UtcNow,
                State = new RunState.Staging(),
                Submitter = Gone(),
            }
        );
        if (launcher is not null)
        {
            var run = Directory.CreateDirectory(Path.Combine(_folder.FullName, "root", "runs", plan.Id.ToString()));
            File.WriteAllText(Path.Combine(run.FullName, "launch"), launcher);
        }
        var site = new OpenSite(
            new LocalSite
            {
                Name = "here",
                Origin = Origin.BuiltIn,
                Root = Path.Combine(_folder.FullName, "root"),
            },
            new(_folder.FullName, _folder.FullName, _folder.FullName, MayAsk: false),
            TimeProvider.System
        );

        Assert.True(RunKeeper.IsAbandoned(store.Find(plan.Id)!));
        Assert.Equal(
            state,
            (await new RunKeeper(store, _ => site, TimeProvider.System).FinishAsync(plan.Id, Ct)).State.Word
        );
    }

    [Theory]
    [InlineData(false, "cancelled")]
    [InlineData(true, "staging")]
    public async Task An_upload_that_was_interrupted_comes_to_an_end(bool arrived, string state)
    {
        var store = new RunStore(Path.Combine(_folder.FullName, "runs.db"));
        var plan = Plans.Nothing();
        store.Add(
            new()
            {
                Plan = plan,
                Created = DateTimeOffset.UtcNow,
                State = new RunState.Staging(),
                Submitter = Gone(),
            }
        );
        var status = _folder.CreateSubdirectory($"root/runs/{plan.Id}/status").FullName;
        if (arrived)
            File.WriteAllText(Path.Combine(status, "staged"), "");
        var here = new LocalSite
        {
            Name = "here",
            Origin = Origin.BuiltIn,
            Root = $"{_folder.FullName}/root",
        };
        var places = new SitePlaces(_folder.FullName, _folder.FullName, _folder.FullName, MayAsk: false);
        var keeper = new RunKeeper(store, _ => new OpenSite(here, places, TimeProvider.System), TimeProvider.System);

        var patience = TimeSpan.FromSeconds(30);
        var after = (await keeper.RefreshAsync([store.Find(plan.Id)!], patience, patience, Ct)).Single();

        Assert.Equal(state, after.State.Word);
        Assert.Equal(!arrived, File.Exists(Path.Combine(status, "cancel"))); // what is still on its way finds it
    }

    [Fact]
    public void A_submitter_is_gone_only_when_this_machine_can_say_so()
    {
        var self = Submitter.OfThisProcess();
        Assert.False(self.IsGone());
        Assert.False((self with { Started = self.Started.AddHours(1) }).IsGone()); // the clock was set
        Assert.True((self with { Born = self.Born + 1 }).IsGone()); // its number is used again
        Assert.True((self with { Boot = "an earlier one" }).IsGone());
        Assert.False((Gone() with { Host = "another", Boot = "its own", Born = 1 }).IsGone());
    }

    [Fact]
    public void What_an_older_version_wrote_of_a_submitter_keeps_its_meaning()
    {
        var self = Submitter.OfThisProcess();
        Assert.False(new Submitter(self.ProcessId, self.Started).IsGone());
        Assert.True(new Submitter(self.ProcessId, self.Started.AddHours(1)).IsGone());
        Assert.True(Gone().IsGone());
    }

    private static Submitter Gone()
    {
        using var process = Process.Start("true");
        var gone = new Submitter(process.Id, DateTimeOffset.UtcNow);
        process.WaitForExit();
        return gone;
    }
}
