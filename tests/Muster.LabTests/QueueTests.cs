using System.Text.Json;

namespace Muster;

/// <summary>Two users in one line, hosts with two GPUs each, and supervisors that are killed.</summary>
[Collection(Sharing.Nodes)]
public sealed class QueueTests : IDisposable
{
    /// <summary>A GPU is a folder: whoever finds it there has been given what another has.</summary>
    private const string Train = """
        mkdir /tmp/muster-gpus/$CUDA_VISIBLE_DEVICES || touch "/tmp/muster-gpus/clash.$MUSTER_RUN_ID.$MUSTER_RANK"
        sleep 0.4
        rmdir /tmp/muster-gpus/$CUDA_VISIBLE_DEVICES
        echo begun >>"$MUSTER_OUT/begun"
        """;
    private static readonly string[] Hosts = ["node1", "node2", "node3"];
    private readonly Lab _lab = new();

    public QueueTests()
    {
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        File.WriteAllText(
            config,
            $$"""
            sites:
              one: { kind: ssh, hosts: [node1, node2, node3], ssh-config: {{Lab.Folders}}/ssh_config,
                     slots: { cpus: 4, gpus: 2 }, queue: /tmp/muster-line }
              two: { kind: ssh, hosts: [node1-csh], ssh-config: {{Lab.Folders}}/ssh_config,
                     slots: { cpus: 4, gpus: 2 }, queue: /tmp/muster-line }

            """
        );
        _lab.Set("MUSTER_CONFIG", config);
        foreach (var host in Hosts)
            Lab.Do("exec", host, "sh", "-c", "rm -rf /tmp/muster-line; mkdir -p -m 777 /tmp/muster-gpus");
    }

    public void Dispose()
    {
        foreach (var host in Hosts)
            Lab.Do("exec", host, "sh", "-c", "rm -rf /tmp/muster-line /tmp/muster-gpus");
        _lab.Dispose();
    }

    [Fact]
    public void No_GPU_is_given_to_two_and_all_is_done_once_whatever_is_killed()
    {
        Submit("one", "many", "--array", "0-11");
        Submit("two", "theirs", "--array", "0-3");
        for (var doomed = 0; doomed < 3; doomed++)
            Submit("one", $"doomed{doomed}", "--host", "node1");
        // Those that wait and those that run: neither takes anything with it.
        for (var doomed = 0; doomed < 3; doomed++)
            Kill($"doomed{doomed}");

        foreach (var (name, count) in new[] { ("many", 12), ("theirs", 4) })
        {
            var answer = _lab.Muster("wait", name, "--timeout", "300");
            Assert.True(answer.ExitCode == 0, answer.Said + _lab.Muster("why", name).Output);
            _lab.Muster("fetch", name, "--to", name);
            var begun = Directory.GetFiles(Path.Combine(_lab.Code, name), "begun", SearchOption.AllDirectories);
            Assert.Equal(count, begun.Length);
            Assert.All(begun, file => Assert.Equal("begun\n", File.ReadAllText(file)));
        }
        foreach (var host in Hosts)
            Assert.Equal("", Lab.On(host, "ls /tmp/muster-gpus | grep clash || :"));
        // Nothing is left claimed: the next begins at once.
        Assert.Equal(0, _lab.Muster("submit", "-s", "one", "--host", "node1", "--gpus", "2", "--", "true").ExitCode);
        Assert.Equal("", Lab.On("node1", "ls /tmp/muster-line/node1 | grep -E '^(wait|firm|held)' || :"));
    }

    [Fact]
    public void One_that_waits_says_where_it_stands_and_is_cancelled_at_once()
    {
        _lab.Muster(["submit", "-d", "-s", "two", "--name", "long", "--gpus", "2", "--", "sleep", "100"]);
        Submit("two", "short");

        Lab.Until(() => Show("short").State == "queued", "it is queued");
        Assert.Equal("place 1 of 1 in line on node1: 0 of 2 GPUs free, it takes 1", Show("short").Reason);
        Assert.Contains("0 of 2 GPUs free", _lab.Muster("why", "short").Output, StringComparison.Ordinal);
        // Somebody who may choose goes elsewhere.
        Submit("one", "elsewhere");
        Assert.NotEqual("node1", Show("elsewhere").Host);

        Assert.Equal(0, _lab.Muster("cancel", "short").ExitCode);
        Lab.Until(() => Show("short").State == "cancelled", "it is cancelled");
        Assert.Equal("running", Show("long").State);
        _lab.Muster("cancel", "long");
        Assert.NotEqual(0, _lab.Muster("wait", "long").ExitCode);
    }

    private void Submit(string site, string name, params string[] more)
    {
        var answer = _lab.Muster([
            "submit",
            "-d",
            "-s",
            site,
            "--name",
            name,
            "--gpus",
            "1",
            .. more,
            "--",
            "sh",
            "-c",
            Train,
        ]);
        Assert.True(answer.ExitCode == 0, answer.Said);
    }

    private void Kill(string name) =>
        Lab.On(
            "node1",
            $"cd /tmp/muster-line/node1 && for claim in *.{Show(name).Id}.main.0; do IFS=.; set -- $claim; "
                + "[ -z \"$3\" ] || kill -9 $3; done 2>/dev/null; :"
        );

    private (string Id, string State, string? Reason, string? Host) Show(string name)
    {
        using var shown = JsonDocument.Parse(_lab.Muster("show", name, "--json").Output);
        string? Text(string key) => shown.RootElement.TryGetProperty(key, out var value) ? value.GetString() : null;
        return (Text("id")!, Text("outcome") ?? Text("state")!, Text("reason"), Text("host"));
    }
}
