using System.Text.Json;

namespace Muster;

[Collection(Sharing.Nodes)]
public sealed class FaultTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose()
    {
        Lab.Do("mend", "node2");
        _lab.Dispose();
    }

    [Fact]
    public void An_unknown_site_is_named_with_its_neighbours()
    {
        _lab.Muster("submit", "-s", "lab-shs", "--", "true").IsFault(1, "lab-shs");
        NothingRuns();
    }

    [Fact]
    public void A_refused_key_needs_authentication_and_leaves_nothing()
    {
        Lab.Do("fault", "noauth", "node2");
        _lab.Muster("submit", "-s", "lab-ssh", "--host", "node2", "--", "true").IsFault(4, "node2 denied access");
        NothingRuns();
        Assert.Equal("", _lab.Shell("git for-each-ref refs/muster"));
    }

    [Fact]
    public void A_changed_host_key_is_never_accepted()
    {
        Lab.Do("fault", "hostkey", "node2");
        _lab.Muster("submit", "-s", "lab-ssh", "--host", "node2", "--", "true").IsFault(4, "host key");
        NothingRuns();
    }

    [Fact]
    public void A_full_disk_is_said_and_nothing_is_started()
    {
        Site("full", "node2", "/scratch/muster");
        _lab.Shell("head -c 30000000 /dev/urandom > big");
        Lab.Do("fault", "full", "node2", "/scratch");
        _lab.Muster("submit", "-s", "full", "--", "true").IsFault(1, "node2");
        NothingRuns();
    }

    [Fact]
    public void A_root_that_cannot_be_written_is_said()
    {
        Site("closed", "node2", "/proc/muster");
        _lab.Muster("submit", "-s", "closed", "--", "true").IsFault(1, "node2");
        NothingRuns();
    }

    [Theory]
    [InlineData("partition=nowhere", "partition")]
    [InlineData("gres=gpu:99", "refused")]
    public void What_SLURM_refuses_is_told_in_its_words(string option, string about)
    {
        _lab.Muster("submit", "-s", "lab-slurm", "--set", option, "--", "true").IsFault(1, about);
        NothingRuns();
    }

    [Fact]
    public void A_time_over_the_limit_is_refused()
    {
        _lab.Muster("submit", "-s", "lab-slurm", "--set", "partition=gpu", "--time", "5h", "--", "true")
            .IsFault(1, "time");
        NothingRuns();
    }

    [Fact]
    public void All_mistakes_of_a_config_are_named_with_their_lines()
    {
        var file = Path.Combine(_lab.Folder, "wrong.yaml");
        File.WriteAllText(
            file,
            "sites:\n  a:\n    kind: slrum\n    host: x\n  b:\n    kind: ssh\n    hots: [y]\ndefault-stie: a\n"
        );
        _lab.Set("MUSTER_CONFIG", file);
        var answer = _lab.Muster("submit", "--", "true");
        Assert.Equal(1, answer.ExitCode);
        foreach (var mistake in (string[])[":3", ":7", ":8"])
            Assert.Contains($"wrong.yaml{mistake}", answer.Said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_file_is_not_taken_along_without_agreement()
    {
        _lab.Shell("truncate -s 5G huge");
        _lab.Muster("submit", "-s", "lab-ssh", "--", "true").IsFault(1, "huge");
        NothingRuns();
    }

    private void Site(string name, string host, string root)
    {
        var lab = File.ReadAllText(_lab.Shell("printf %s \"$MUSTER_CONFIG\""));
        var config = lab.Split('\n').First(line => line.Contains("ssh-config:", StringComparison.Ordinal)).Trim();
        var file = Path.Combine(_lab.Folder, $"{name}.yaml");
        File.WriteAllText(
            file,
            $"sites:\n  {name}:\n    kind: ssh\n    {config}\n    hosts: [{host}]\n    root: {root}\n"
        );
        _lab.Set("MUSTER_CONFIG", file);
    }

    private void NothingRuns()
    {
        var runs = JsonDocument
            .Parse(_lab.Muster("ps", "--json").Output)
            .RootElement.GetProperty("runs")
            .EnumerateArray();
        Assert.DoesNotContain(runs, run => run.GetProperty("state").GetString() != "ended");
    }
}
