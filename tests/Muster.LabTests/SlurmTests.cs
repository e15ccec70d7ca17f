using System.Text.Json;

namespace Muster;

/// <summary>What only a scheduler does to a run.</summary>
public sealed class SlurmTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void The_time_limit_ends_it_as_timed_out()
    {
        var job = Running(_lab, "limited", [], "sleep", "300");
        Lab.Do("exec", "login", "scontrol", "update", $"JobId={job}", "TimeLimit=0");
        Ends(_lab, "limited", "timed-out");
    }

    [Fact]
    public async Task A_requeued_job_is_followed_into_its_second_attempt()
    {
        const string Twice = "echo begun; [ ${SLURM_RESTART_COUNT:-0} = 0 ] && exec sleep 300; echo again";
        var job = Running(_lab, "twice", ["--set", "requeue"], "sh", "-c", Twice);
        using var follower = _lab.Start("attach", "twice", "--json");
        var reading = follower.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Lab.Do("exec", "login", "scontrol", "requeue", job);
        var seen = "";
        Lab.Until(
            () =>
            {
                var shown = SubmitTests.Show(_lab, "twice");
                seen = $"{shown.GetRawText()}\n{Lab.Do("exec", "login", "scontrol", "show", "job", job)}";
                return shown.GetProperty("state").GetString() == "queued";
            },
            () => $"it waits again; last seen: {seen}",
            240
        );
        Lab.Until(
            () =>
            {
                // SLURM holds a requeued job back for two minutes; nobody has to wait for that.
                Lab.Do(
                    "exec",
                    "login",
                    "sh",
                    "-c",
                    $"[ \"$(squeue -h -j {job} -o %T)\" != PENDING ] || scontrol update JobId={job} StartTime=now; :"
                );
                return follower.WaitForExit(500);
            },
            "it ends",
            180
        );
        Assert.Equal(0, follower.ExitCode);
        var events = (await reading)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        var log = string.Concat(
            events
                .Where(line => line.TryGetProperty("log", out var name) && name.GetString() == "main.0.out")
                .Select(line => line.GetProperty("text").GetString())
        );
        Assert.Equal("begun\nbegun\nagain\n", log);
        Assert.Equal(
            "ended",
            events.Last(line => line.TryGetProperty("run", out _)).GetProperty("run").GetProperty("state").GetString()
        );
        Assert.Single(
            events,
            line => line.TryGetProperty("run", out var run) && run.GetProperty("state").GetString() == "ended"
        );
    }

    [Fact]
    public void A_lost_laptop_loses_nothing()
    {
        _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--name",
            "kept",
            "--",
            "sh",
            "-c",
            "echo said; echo kept > $MUSTER_OUT/kept; exit 4"
        );
        using var other = new Lab();

        Assert.Equal(0, other.Muster("ps", "--adopt", "lab-slurm").ExitCode);

        var attached = other.Muster("attach", "kept", "--no-fetch");
        Assert.Equal((4, "said\n"), (attached.ExitCode, attached.Output));
        Assert.Equal(0, other.Muster("fetch", "kept").ExitCode);
        Assert.Equal("kept\n", File.ReadAllText(Path.Combine(other.Code, "muster-out", "kept", "kept")));
    }

    [Fact]
    public void A_job_killed_for_its_memory_comes_to_its_end_while_it_is_followed()
    {
        // Without control groups SLURM kills all of it, our supervisor too, and calls it FAILED.
        var answer = _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--no-snapshot",
            "--name",
            "greedy",
            "--memory",
            "300M",
            "--",
            "python3",
            "-c",
            "import time; x = b'x' * 600_000_000; time.sleep(100)"
        );
        Assert.True(answer.ExitCode != 0, answer.Said);
        var run = SubmitTests.Show(_lab, "greedy");
        Assert.Equal("out-of-memory", run.GetProperty("outcome").GetString());
        Assert.Contains("exceeded memory limit", run.GetProperty("evidence").GetProperty("text").GetString());
        Assert.Contains("--memory", _lab.Muster("why", "greedy").Output);
    }

    internal static string Running(Lab lab, string name, string[] options, params string[] command)
    {
        lab.Muster(["submit", "-s", "lab-slurm", "--name", name, "--detach", .. options, "--", .. command]);
        Assert.Equal(0, lab.Muster("wait", name, "--for", "running", "--timeout", "60s").ExitCode);
        return SubmitTests.Show(lab, name).GetProperty("handle").GetString()!;
    }

    internal static void Ends(Lab lab, string name, string outcome)
    {
        lab.Muster("wait", name, "--timeout", "90s");
        var run = SubmitTests.Show(lab, name);
        Assert.Equal(outcome, run.GetProperty("outcome").GetString());
        Assert.NotEqual("", run.GetProperty("evidence").GetProperty("text").GetString());
    }
}
