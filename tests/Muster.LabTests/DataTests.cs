namespace Muster;

/// <summary>Inputs that are on a site already, and data sets that it keeps.</summary>
[Collection(Sharing.Nodes)]
public sealed class DataTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void A_data_set_is_pushed_once_used_by_runs_and_dropped()
    {
        _lab.Shell("mkdir photos && echo one > photos/1 && echo two > photos/2.tmp");
        string[] there = ["-s", "lab-ssh", "--host", "node1"];
        Assert.Equal(0, _lab.Muster(["data", "push", "photos:data-test", "--exclude", "*.tmp", .. there]).ExitCode);
        var run = _lab.Muster([
            "submit",
            .. there,
            "--no-snapshot",
            "--input",
            "lab-ssh:data/data-test",
            "--",
            "sh",
            "-c",
            Show,
        ]);
        Assert.Equal((0, "1\none\n"), (run.ExitCode, run.Output));
        Assert.Contains(
            "data-test",
            _lab.Muster(["data", "list", "--quiet", .. there]).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(0, _lab.Muster(["data", "drop", "data-test", "--yes", .. there]).ExitCode);
        _lab.Muster(["data", "drop", "data-test", "--yes", .. there]).IsFault(1, "data-test");
    }

    [Theory]
    [InlineData("lab-ssh")]
    [InlineData("lab-slurm")]
    public void What_is_there_is_linked_and_what_is_not_is_known_before_anything_is_launched(string site)
    {
        var linked = _lab.Muster(
            "submit",
            "-s",
            site,
            "--no-snapshot",
            "--input",
            $"{site}:/etc/passwd:users",
            "--",
            "sh",
            "-c",
            "grep -c ^root: \"$MUSTER_IN/users\""
        );
        Assert.Equal((0, "1\n"), (linked.ExitCode, linked.Output));

        _lab.Muster("submit", "-s", site, "--name", "gone", "--input", $"{site}:/no/such/path", "--", "true")
            .IsFault(1, "/no/such/path");
        Assert.DoesNotContain("gone", _lab.Muster("ps", "--all", "--cached").Output, StringComparison.Ordinal);
    }

    private const string Show = "ls \"$MUSTER_IN/data-test\"; cat \"$MUSTER_IN/data-test/1\"";
}
