namespace Muster;

[Collection(Sharing.Nodes)]
public sealed class CancelTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose()
    {
        Lab.Do("mend", "node2");
        _lab.Dispose();
    }

    private readonly string _mark = $"7.7{Random.Shared.Next(100000, 1000000)}";

    /// <summary>Ignores TERM, and leaves a process in a session of its own whose parent is gone.</summary>
    private string Stubborn =>
        $"trap '' TERM; (setsid sh -c 'trap \"\" TERM; while :; do sleep {_mark}1; done' &) ; echo up; while :; do "
        + $"sleep {_mark}2; done";

    [Theory]
    [InlineData("lab-ssh", "node2")]
    [InlineData("lab-slurm", "c1 c2 c3")]
    [InlineData("lab-bb", "node1")]
    [InlineData("local", "")]
    public void Cancel_ends_the_whole_tree_even_if_it_resists(string site, string hosts)
    {
        string[] place = site == "lab-ssh" ? ["--host", "node2"] : [];
        _lab.Muster(["submit", "-s", site, .. place, "--name", "stubborn", "--detach", "--", "sh", "-c", Stubborn]);
        var count = $"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c '[s]leep {_mark}' || :";
        bool Lives() =>
            hosts
                .Split(' ')
                .Any(host =>
                    (host.Length == 0 ? _lab.Shell(count) : Lab.Do("exec", host, "sh", "-c", count)).Trim() != "0"
                );
        Lab.Until(Lives, "the job runs");

        var answer = _lab.Muster("cancel", "stubborn");

        Assert.True(answer.ExitCode == 0, answer.Said);
        Assert.False(Lives());
        Assert.Equal("cancelled", SubmitTests.Show(_lab, "stubborn").GetProperty("outcome").GetString());
    }

    [Fact]
    public void A_queued_job_is_cancelled_before_it_starts()
    {
        _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--name",
            "queued",
            "--detach",
            "--set",
            "hold=true",
            "--",
            "sh",
            "-c",
            "touch ~/never-started"
        );
        Assert.Equal(0, _lab.Muster("cancel", "queued").ExitCode);
        Assert.Equal("cancelled", SubmitTests.Show(_lab, "queued").GetProperty("outcome").GetString());
        Assert.Equal("", Lab.On("login", "ls never-started 2>/dev/null || :"));
    }

    [Fact]
    public void A_request_to_cancel_is_kept_while_the_host_is_away()
    {
        _lab.Muster("submit", "-s", "lab-ssh", "--host", "node2", "--name", "away", "--detach", "--", "sleep", "100");
        Lab.Do("fault", "cut", "node2");

        Assert.Equal(125, _lab.Muster("cancel", "away").ExitCode);
        var meanwhile = SubmitTests.Show(_lab, "away");
        Assert.NotEqual("ended", meanwhile.GetProperty("state").GetString());
        Assert.Equal("unreachable", meanwhile.GetProperty("contact").GetString());

        Lab.Do("mend", "node2");
        Lab.Until(
            () =>
                SubmitTests.Show(_lab, "away") is var run
                && run.TryGetProperty("outcome", out var outcome)
                && outcome.GetString() == "cancelled",
            "the wish is fulfilled",
            60
        );
    }

    [Fact]
    public void Somebody_elses_scancel_is_told_as_such()
    {
        _lab.Muster("submit", "-s", "lab-slurm", "--name", "foreign", "--detach", "--", "sleep", "100");
        Assert.Equal(0, _lab.Muster("wait", "foreign", "--for", "running", "--timeout", "30s").ExitCode);
        var job = SubmitTests.Show(_lab, "foreign").GetProperty("handle").GetString()!;
        Lab.Do("exec", "login", "scancel", job);
        _lab.Muster("wait", "foreign", "--timeout", "60s");
        Assert.Equal("cancelled", SubmitTests.Show(_lab, "foreign").GetProperty("outcome").GetString());
    }
}
