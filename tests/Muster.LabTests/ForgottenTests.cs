using Muster.Runs;
using Muster.Sites;
using Muster.Sites.Reading;
using Muster.Sites.Schedulers;

namespace Muster;

/// <summary>Jobs that end without a record of ours: what the scheduler, its accounting, or nobody remembers.</summary>
[Collection(Sharing.Scheduler)]
public sealed class ForgottenTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose()
    {
        Lab.Do("accounting", "off");
        _lab.Dispose();
    }

    [Fact]
    public void Accounting_speaks_when_the_controller_has_forgotten()
    {
        Lab.Do("accounting", "on");
        var job = KilledWithItsSupervisor("remembered");
        Lab.Do("slurm", "forget");
        Assert.Equal("", Lab.Do("exec", "login", "sh", "-c", $"squeue -h --states=all -j {job} 2>/dev/null; :"));

        Assert.Equal(1, _lab.Muster("wait", "remembered", "--timeout", "180s").ExitCode);

        var run = SubmitTests.Show(_lab, "remembered");
        Assert.Equal("failed", run.GetProperty("outcome").GetString());
        Assert.Contains(
            "SLURM says FAILED, exit code 0:9",
            run.GetProperty("evidence").GetProperty("text").GetString()
        );
    }

    [Fact]
    public async Task Without_accounting_it_is_lost_and_says_what_proves_it()
    {
        Lab.Do("accounting", "off");
        KilledWithItsSupervisor("nowhere");
        Lab.Do("slurm", "forget");
        var ct = TestContext.Current.CancellationToken;

        Assert.IsType<RunState.Running>((await SeenAsync("nowhere", TimeSpan.Zero, ct)).State);
        Assert.IsType<RunState.Running>(
            (await SeenAsync("nowhere", RunJudge.LostPatience - TimeSpan.FromSeconds(20), ct)).State
        );
        var end = Assert.IsType<RunState.Ended>(
            (await SeenAsync("nowhere", RunJudge.LostPatience + TimeSpan.FromSeconds(5), ct)).State
        );

        Assert.Equal(Outcome.Lost, end.Outcome);
        Assert.Contains("no longer knows the job", end.Evidence.Text);
        Assert.Equal(125, _lab.Muster("wait", "nowhere").ExitCode);
        Assert.Contains("no longer knows the job", _lab.Muster("why", "nowhere").Output);
    }

    /// <summary>The run as this machine would see it so much later.</summary>
    private async Task<Run> SeenAsync(string name, TimeSpan later, CancellationToken ct)
    {
        var state = Path.Combine(_lab.Folder, "state", "muster");
        var store = new RunStore(Path.Combine(state, "runs.db"));
        var site = ConfigReader
            .Read(
                new(
                    _lab.Folder,
                    new Dictionary<string, string>
                    {
                        ["MUSTER_CONFIG"] = Path.Combine(Lab.Folders, "muster.yaml"),
                        ["HOME"] = _lab.Folder,
                    }
                )
            )
            .Get("lab-slurm");
        var clock = new LaterClock(later);
        var open = new OpenSite(
            site,
            new(state, _lab.Folder, Path.Combine(_lab.Folder, "muster"), MayAsk: false),
            clock
        );
        return (
            await new RunKeeper(store, _ => open, clock).RefreshAsync(
                store.Named(name),
                TimeSpan.FromSeconds(30),
                TimeSpan.Zero,
                ct
            )
        ).Single();
    }

    private string KilledWithItsSupervisor(string name)
    {
        _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--no-snapshot",
            "--name",
            name,
            "--detach",
            "--set",
            "no-requeue",
            "--",
            "sleep",
            "300"
        );
        Assert.Equal(0, _lab.Muster("wait", name, "--for", "running", "--timeout", "60s").ExitCode);
        var run = SubmitTests.Show(_lab, name);
        var records = $"/home/muster-lab/.muster/runs/{run.GetProperty("id").GetString()}/status";
        var started = Lab.On("login", $"cat {records}/main.0.started")
            .Split('\n')
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1]);
        Lab.Do("exec", started["host"], "kill", "-KILL", started["pid"]);
        Lab.Until(
            () =>
                Lab.Do("exec", "login", "squeue", "-h", "-j", started["job"], "-t", "RUNNING,COMPLETING").Trim().Length
                == 0,
            "SLURM has seen its end"
        );
        return started["job"];
    }

    private sealed class LaterClock(TimeSpan later) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + later;
    }
}
