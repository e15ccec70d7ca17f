using System.Text.Json;

namespace Muster;

/// <summary>What only a scheduler does to a run, and what it must not cost the scheduler.</summary>
public sealed class SlurmTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void The_time_limit_ends_it_as_timed_out()
    {
        var job = Running("limited", [], "sleep", "300");
        Lab.Do("exec", "login", "scontrol", "update", $"JobId={job}", "TimeLimit=0");
        Ends("limited", "timed-out");
    }

    [Fact]
    public void A_node_that_dies_is_told_as_such()
    {
        var job = Running("orphan", ["--set", "nodelist=c3", "--set", "no-requeue"], "sleep", "300");
        // The node comes back by itself, as its daemon still lives.
        Lab.Until(() =>
        {
            Lab.Do("exec", "login", "scontrol", "update", "NodeName=c3", "State=DOWN", "Reason=test");
            return Lab.Do("exec", "login", "squeue", "-h", "-j", job, "-t", "RUNNING").Trim().Length == 0;
        }, "its node is down");
        Ends("orphan", "node-failed");
    }

    [Fact]
    public void A_job_that_another_takes_the_place_of_is_preempted()
    {
        Running("humble", ["--set", "partition=spare", "--set", "no-requeue", "--cpus", "4"], "sleep", "300");
        var proud = Running("proud", ["--set", "nodelist=c3", "--cpus", "4"], "sleep", "300");
        Ends("humble", "preempted");
        Lab.Do("exec", "login", "scancel", proud);
    }

    [Fact]
    public async Task A_requeued_job_is_followed_into_its_second_attempt()
    {
        const string Twice = "echo begun; [ ${SLURM_RESTART_COUNT:-0} = 0 ] && sleep 300; echo again";
        var job = Running("twice", ["--set", "requeue"], "sh", "-c", Twice);
        using var follower = _lab.Start("attach", "twice", "--json");
        var reading = follower.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Lab.Do("exec", "login", "scontrol", "requeue", job);
        Lab.Until(() => SubmitTests.Show(_lab, "twice").GetProperty("state").GetString() == "queued", "it waits again", 60);
        Lab.Until(() =>
        {
            // SLURM holds a requeued job back for two minutes; nobody has to wait for that.
            Lab.Do("exec", "login", "sh", "-c", $"[ \"$(squeue -h -j {job} -o %T)\" != PENDING ] || scontrol update JobId={job} StartTime=now; :");
            return follower.WaitForExit(500);
        }, "it ends", 180);
        Assert.Equal(0, follower.ExitCode);
        var events = (await reading).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var log = string.Concat(events.Where(line => line.TryGetProperty("log", out var name) && name.GetString() == "main.0.out").Select(line => line.GetProperty("text").GetString()));
        Assert.Equal("begun\nbegun\nagain\n", log);
        Assert.Equal("ended", events.Last(line => line.TryGetProperty("run", out _)).GetProperty("run").GetProperty("state").GetString());
        Assert.Single(events, line => line.TryGetProperty("run", out var run) && run.GetProperty("state").GetString() == "ended");
    }

    [Fact]
    public void Forty_runs_cost_the_scheduler_no_more_than_one()
    {
        string[] names = [.. Enumerable.Range(0, 40).Select(number => $"crowd-{number}")];
        foreach (var chunk in names.Chunk(4))
        {
            var starting = chunk.Select(name => _lab.Start("submit", "-s", "lab-slurm", "--no-snapshot", "--detach", "--name", name, "--set", "hold=true", "--", "true")).ToList();
            foreach (var process in starting)
            {
                Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "it is submitted");
                process.Dispose();
            }
        }
        var before = Rpcs();

        Assert.Equal(124, _lab.Muster(["wait", .. names, "--timeout", "15s"]).ExitCode);

        Assert.InRange(Rpcs() - before, 1, 6);
        var handles = names.Select(name => SubmitTests.Show(_lab, name, "--cached").GetProperty("handle").GetString()!);
        Lab.Do(["exec", "login", "scancel", .. handles]);
    }

    [Fact]
    public void A_lost_laptop_loses_nothing()
    {
        _lab.Muster("submit", "-s", "lab-slurm", "--name", "kept", "--", "sh", "-c", "echo said; echo kept > $MUSTER_OUT/kept; exit 4");
        using var other = new Lab();

        Assert.Equal(0, other.Muster("ps", "--adopt", "lab-slurm").ExitCode);

        var attached = other.Muster("attach", "kept", "--no-fetch");
        Assert.Equal((4, "said\n"), (attached.ExitCode, attached.Output));
        Assert.Equal(0, other.Muster("fetch", "kept").ExitCode);
        Assert.Equal("kept\n", File.ReadAllText(Path.Combine(other.Code, "muster-out", "kept", "kept")));
    }

    /// <summary>Questions about jobs that the controller has answered.</summary>
    private static int Rpcs() => Lab.Do("exec", "login", "sdiag").Split('\n')
        .Where(line => line.Contains("REQUEST_JOB_INFO", StringComparison.Ordinal) && line.Contains("count:", StringComparison.Ordinal))
        .Sum(line => int.Parse(line.Split("count:")[1].Split(' ')[0]));

    private string Running(string name, string[] options, params string[] command)
    {
        _lab.Muster(["submit", "-s", "lab-slurm", "--name", name, "--detach", .. options, "--", .. command]);
        Assert.Equal(0, _lab.Muster("wait", name, "--for", "running", "--timeout", "60s").ExitCode);
        return SubmitTests.Show(_lab, name).GetProperty("handle").GetString()!;
    }

    private void Ends(string name, string outcome)
    {
        _lab.Muster("wait", name, "--timeout", "90s");
        var run = SubmitTests.Show(_lab, name);
        Assert.Equal(outcome, run.GetProperty("outcome").GetString());
        Assert.NotEqual("", run.GetProperty("evidence").GetProperty("text").GetString());
    }
}
