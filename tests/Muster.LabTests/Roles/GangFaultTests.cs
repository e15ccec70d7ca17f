using System.Text.Json;

namespace Muster.Roles;

/// <summary>
/// What becomes of ranks on three hosts when something breaks: always a clear end, and nothing left anywhere.
/// </summary>
[Collection(Sharing.Roles)]
public sealed class GangFaultTests : IDisposable
{
    private static readonly string[] Nodes = ["node4", "node5", "node6"];
    private readonly Lab _lab = new();

    public void Dispose()
    {
        Lab.Do("mend", "node5");
        _lab.Dispose();
    }

    [Fact]
    public void A_rank_that_is_killed_stops_the_others_and_is_named()
    {
        using var muster = Started("killed", "sleep 600");
        Lab.On("node5", $"pkill -9 -f '[s]leep 600'");

        var end = Ended("killed");
        Assert.Equal("failed", end.GetProperty("outcome").GetString());
        Assert.StartsWith("worker.1 on node5: exited with 137", Text(end), StringComparison.Ordinal);
        Assert.Contains("2 of 3 ranks were stopped", Text(end), StringComparison.Ordinal);
        NothingIsLeft("killed");
    }

    [Fact]
    public void A_supervisor_that_is_killed_is_missed_and_what_it_left_is_ended()
    {
        using var muster = Started("orphan", "sleep 600");
        Lab.On("node5", "pkill -9 -f '[s]upervise worker 1'");

        var end = Ended("orphan", seconds: 60);
        Assert.Equal("lost", end.GetProperty("outcome").GetString());
        Assert.Contains("worker.1 on node5", Text(end), StringComparison.Ordinal);
        NothingIsLeft("orphan");
    }

    [Fact]
    public void A_host_that_is_switched_off_changes_nothing_until_it_says_so_itself()
    {
        using var muster = Started("off", "sleep 600");
        Lab.Do("fault", "off", "node5");
        Lab.Until(() => State("off").GetProperty("contact").GetString() == "unreachable", "the host is missed", 60);
        Assert.Equal("running", State("off").GetProperty("state").GetString());

        Lab.Do("mend", "node5");

        var end = Ended("off", seconds: 90);
        Assert.Equal("node-failed", end.GetProperty("outcome").GetString());
        Assert.Contains("worker.1 on node5", Text(end), StringComparison.Ordinal);
        NothingIsLeft("off");
    }

    [Fact]
    public void A_cut_between_the_hosts_is_told_and_survived()
    {
        using var muster = Started("cut", "until [ -e ~/go ]; do sleep 0.2; done; echo through");
        Lab.Do("fault", "cut", "node5");
        Lab.Until(() => State("cut").GetProperty("contact").GetString() == "unreachable", "the host is missed", 60);
        Lab.Do("mend", "node5");
        foreach (var host in Nodes)
            Lab.On(host, "touch ~/go");

        Assert.Equal("succeeded", Ended("cut", seconds: 60).GetProperty("outcome").GetString());
        Assert.Equal(
            ["worker.0 | through", "worker.1 | through", "worker.2 | through"],
            _lab.Muster("logs", "cut")
                .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Order(StringComparer.Ordinal)
        );
        foreach (var host in Nodes)
            Lab.On(host, "rm ~/go");
    }

    [Fact]
    public void A_network_that_breaks_between_two_hosts_ends_with_the_rank_that_missed_the_other()
    {
        _lab.Shell($"cp {Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Programs", "talk.py")} .");
        using var muster = Following([
            "submit",
            "-s",
            "lab-roles",
            "--name",
            "between",
            "--role",
            "worker=node4,node5,node6",
            "--",
            "/usr/bin/python3",
            "talk.py",
        ]);
        Lab.Until(
            () => _lab.Muster("logs", "between").Output.Contains("all are there", StringComparison.Ordinal),
            "they talk"
        );
        Lab.Do("exec", "node5", "ip", "route", "add", "blackhole", "10.231.0.14/32");
        try
        {
            Assert.StartsWith("worker.1 on node5: exited with 7", Text(Ended("between")), StringComparison.Ordinal);
            NothingIsLeft("between");
        }
        finally
        {
            Lab.Do("exec", "node5", "ip", "route", "del", "blackhole", "10.231.0.14/32");
        }
    }

    [Fact]
    public void A_scheduler_that_is_killed_ends_its_workers_and_their_client_and_is_named()
    {
        Lab.Do("install", "python3-distributed");
        using var muster = Following([
            "run",
            "dask",
            "-s",
            "lab-roles",
            "--name",
            "headless",
            "--role",
            "worker=node5,node6",
            "--",
            "sleep",
            "600",
        ]);
        Lab.Until(
            () =>
                Known("headless")
                && State("headless").GetProperty("state").GetString() == "running"
                && Lab.On("node5", $"ls ~/.muster/runs/{Id("headless")}*/status/main.0.started 2>/dev/null || :").Length
                    > 0,
            "the client runs",
            60
        );
        Lab.On("node5", "pkill -9 -f '[d]ask_scheduler'");

        Assert.StartsWith("scheduler.0 on node5: exited with 137", Text(Ended("headless")), StringComparison.Ordinal);
        NothingIsLeft("headless");
    }

    [Fact]
    public void In_one_SLURM_job_a_rank_that_is_killed_ends_the_others_too()
    {
        var answer = _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--no-snapshot",
            "--name",
            "inside",
            "--role",
            "worker=3",
            "--",
            "sh",
            "-c",
            "if [ $MUSTER_RANK = 1 ]; then sleep 1; kill -9 $$; fi; sleep 600"
        );

        Assert.Equal(137, answer.ExitCode);
        Assert.Contains("worker.1 on ", answer.Said, StringComparison.Ordinal);
        Lab.Until(
            () =>
                ((string[])["c1", "c2", "c3"]).All(host =>
                    Lab.On(host, $"grep -lsz MUSTER_RUN_ID={Id("inside")} /proc/[0-9]*/environ || :").Length == 0
                ),
            "nothing is left"
        );
    }

    [Fact]
    public void Without_anybody_who_looks_no_rank_begins_and_whoever_looks_lets_all_begin()
    {
        _lab.Muster(
            "submit",
            "-s",
            "lab-roles",
            "--no-snapshot",
            "--detach",
            "--name",
            "asleep",
            "--role",
            "worker=node4,node5,node6",
            "--",
            "sh",
            "-c",
            "echo $MUSTER_RANK"
        );
        Lab.Until(
            () =>
                Nodes.All(host =>
                    Lab.On(host, $"ls ~/.muster/runs/{Id("asleep")}*/status/*.address 2>/dev/null || :").Length > 0
                ),
            "every rank waits"
        );
        Assert.Equal(
            "",
            string.Concat(
                Nodes.Select(host =>
                    Lab.On(host, $"ls ~/.muster/runs/{Id("asleep")}*/status/*.started 2>/dev/null || :")
                )
            )
        );

        var answer = _lab.Muster("attach", "asleep");

        Assert.Equal(0, answer.ExitCode);
        Assert.Equal(
            ["worker.0 | 0", "worker.1 | 1", "worker.2 | 2"],
            answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_follower_that_is_killed_takes_nothing_along()
    {
        using (var muster = Started("alone", "until [ -e ~/on ]; do sleep 0.2; done; echo on"))
        {
            muster.Kill();
            muster.WaitForExit();
        }
        foreach (var host in Nodes)
            Lab.On(host, "touch ~/on");

        var answer = _lab.Muster("attach", "alone");

        Assert.Equal(0, answer.ExitCode);
        Assert.Equal(3, answer.Output.Split('\n').Count(line => line.EndsWith("| on", StringComparison.Ordinal)));
        foreach (var host in Nodes)
            Lab.On(host, "rm ~/on");
    }

    [Fact]
    public void Cancelling_ends_every_rank_on_every_host()
    {
        using var muster = Started("enough", "trap '' TERM; sleep 600 & sleep 600");

        _lab.Muster("cancel", "enough");

        Assert.Equal("cancelled", Ended("enough", seconds: 40).GetProperty("outcome").GetString());
        NothingIsLeft("enough");
    }

    [Theory]
    [InlineData("never", "server.0")]
    [InlineData("nowhere", "worker.2 on node6")]
    public void What_never_gets_ready_is_named(string name, string who)
    {
        Lab.On("node4", "mkdir -p ~/bin && ln -sf /bin/true ~/bin/only-some-have-it");
        Lab.On("node5", "mkdir -p ~/bin && ln -sf /bin/true ~/bin/only-some-have-it");
        string[] words =
            name == "never"
                ?
                [
                    "--ready-within",
                    "12s",
                    "--role",
                    "worker=node4,node5",
                    "--role",
                    "server=node6,ready=port",
                    "--",
                    "sleep",
                    "600",
                ]
                : ["--role", "worker=node4,node5,node6", "--raw", "--", "sleep 1; exec $HOME/bin/only-some-have-it"];

        var answer = _lab.Muster(["submit", "-s", "lab-roles", "--no-snapshot", "--name", name, .. words]);

        Assert.NotEqual(0, answer.ExitCode);
        Assert.Contains(who, answer.Said, StringComparison.Ordinal);
        NothingIsLeft(name);
    }

    [Fact]
    public void A_host_that_cannot_take_its_part_leaves_nobody_waiting_elsewhere()
    {
        var config =
            File.ReadAllText(Path.Combine(Lab.Folders, "muster.yaml"))
            + $"  small:\n    kind: ssh\n    ssh-config: {Path.Combine(Lab.Folders, "ssh_config")}\n    hosts: [node4, "
            + $"node5]\n    root: /scratch/muster\n";
        // A disk of 64 MB, for 30 MB.
        foreach (var host in Nodes)
            Lab.On(host, "rm -rf /scratch/muster");
        File.WriteAllText(Path.Combine(_lab.Folder, "muster.yaml"), config);
        _lab.Set("MUSTER_CONFIG", Path.Combine(_lab.Folder, "muster.yaml"));
        _lab.Shell("head -c 30000000 /dev/urandom > big");
        Lab.Do("fault", "full", "node5", "/scratch");

        _lab.Muster("submit", "-s", "small", "--name", "full", "--role", "worker=2", "--", "sleep", "600")
            .IsFault(1, "node5");

        Assert.Equal("failed", Ended("full").GetProperty("outcome").GetString());
        Lab.Until(
            () =>
                Lab.On(
                    "node4",
                    $"grep -lsz MUSTER_RUN_ID={Id("full")} /proc/[0-9]*/environ; pgrep -f "
                        + $"'[/]{Id("full")}/supervise'; :"
                ).Length == 0,
            "nobody waits on node4"
        );
    }

    [Fact]
    public void More_hosts_than_there_are_are_refused()
    {
        _lab.Muster("submit", "-s", "lab-roles", "--role", "worker=5", "--", "true").IsFault(1, "asks for 5 ranks");
        _lab.Muster("submit", "-s", "lab-slurm", "--no-snapshot", "--role", "worker=500", "--", "true")
            .IsFault(1, "lab-slurm");
    }

    private System.Diagnostics.Process Started(string name, string script)
    {
        var muster = Following([
            "submit",
            "-s",
            "lab-roles",
            "--no-snapshot",
            "--name",
            name,
            "--role",
            "worker=node4,node5,node6",
            "--",
            "sh",
            "-c",
            script,
        ]);
        Lab.Until(() => Known(name), "the run is known");
        Lab.Until(
            () =>
                Nodes.All(host =>
                    Lab.On(host, $"ls ~/.muster/runs/{Id(name)}*/status/*.started 2>/dev/null || :").Length > 0
                ),
            "every rank runs",
            60
        );
        return muster;
    }

    private System.Diagnostics.Process Following(string[] words)
    {
        var muster = _lab.Start(words);
        muster.OutputDataReceived += (_, _) => { };
        muster.BeginOutputReadLine();
        muster.ErrorDataReceived += (_, _) => { };
        muster.BeginErrorReadLine();
        return muster;
    }

    private bool Known(string name) =>
        _lab.Muster("ps", "--json").Output.Contains($"\"{name}\"", StringComparison.Ordinal);

    private JsonElement State(string name) =>
        JsonDocument.Parse(_lab.Muster("show", name, "--cached", "--json").Output).RootElement;

    private string Id(string name) => State(name).GetProperty("id").GetString()!;

    private JsonElement Ended(string name, int seconds = 30)
    {
        Lab.Until(() => State(name).GetProperty("state").GetString() == "ended", $"the end of {name}", seconds);
        return State(name);
    }

    private static string Text(JsonElement run) => run.GetProperty("evidence").GetProperty("text").GetString()!;

    private void NothingIsLeft(string name)
    {
        foreach (var host in Nodes)
            Assert.Equal("", Lab.On(host, $"grep -lsz MUSTER_RUN_ID={Id(name)} /proc/[0-9]*/environ || :"));
    }
}
