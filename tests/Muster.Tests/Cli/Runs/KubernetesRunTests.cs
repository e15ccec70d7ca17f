using System.Diagnostics;
using Muster.Clouds;
using Muster.Clouds.Kubernetes;
using Muster.Sites.Clouds.Kubernetes;

namespace Muster.Cli.Runs;

/// <summary><c>muster submit -s lab</c> by the real program, on pods whose containers are processes here.</summary>
public sealed class KubernetesRunTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-kube-");
    private readonly World _world = new(TimeProvider.System, seed: 7);
    private KubeProvider _cluster = null!;
    private StandIn _server = null!;

    private string Code => Path.Combine(_folder.FullName, "code");

    public async ValueTask InitializeAsync()
    {
        _cluster = new(_world) { Folder = Path.Combine(_folder.FullName, "pods") };
        _server = await StandIn.StartAsync(_world, _cluster);
        var kubeconfig = KubeSites.WriteConfig(_folder.FullName, _server.Address);
        Directory.CreateDirectory(Code);
        await File.WriteAllTextAsync(
            Path.Combine(Code, "muster.yaml"),
            $"""
            sites:
              lab:
                kind: kubernetes
                kubeconfig: {kubeconfig}
                image: registry.example.org/work:1
                root: {_folder.FullName}/root
            """,
            Ct
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _cluster.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_run_makes_its_pod_brings_its_results_and_log_home_and_the_pod_is_gone()
    {
        var answer = await RunAsync(
            Submit([], "echo from the pod; echo 'muster: metric loss=0.25 step=1'; echo result >$MUSTER_OUT/r.txt")
        );
        Assert.True(answer.Code == 0, answer.Said);
        Assert.DoesNotContain("did not answer", answer.Said, StringComparison.Ordinal);
        Assert.Contains("from the pod", answer.Output, StringComparison.Ordinal);
        Assert.Equal("result\n", await File.ReadAllTextAsync(Path.Combine(Code, "muster-out/sh/r.txt"), Ct));
        await GoneAsync();
        Assert.Equal(1, _world.Count("kubernetes", "POST /apis/batch"));
        Assert.Contains("succeeded", (await RunAsync("show", "last")).Output, StringComparison.Ordinal);
        // What it measured came home before its pod went, which is not asked any more.
        var listed = await RunAsync("ps", "--all", "--columns", "name,loss");
        Assert.Contains("0.25", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("did not answer", listed.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_create_whose_answer_is_lost_starts_one_pod_and_one_run()
    {
        _world.Faults.Next("POST /apis/batch", Stumble.CutAfter);
        var answer = await RunAsync(Submit([], $"echo once >>{_folder.FullName}/ran"));
        Assert.True(answer.Code == 0, answer.Said);
        Assert.Single(_cluster.Jobs);
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "ran"), Ct));
        await GoneAsync();
    }

    [Fact]
    public async Task A_run_whose_pod_used_too_much_memory_ends_as_that()
    {
        Assert.Equal(0, (await RunAsync(Submit(["--detach"], "sleep 600"))).Code);
        _cluster.KillForMemory(_cluster.Jobs.Single().Name);
        await UntilAsync("ps", "out-of-memory");
        Assert.Contains("OOMKilled", (await RunAsync("why", "last")).Output, StringComparison.Ordinal);
        await GoneAsync();
    }

    [Fact]
    public async Task Commands_are_run_beside_a_run_and_one_that_was_cancelled_holds_its_pod_until_it_is_fetched()
    {
        Assert.Equal(0, (await RunAsync(Submit(["--detach"], "sleep 600"))).Code);
        var said = await RunAsync("exec", "last", "--", "echo", "inside");
        Assert.True(said is (0, "inside\n", _), said.Output + said.Said);
        var cancel = await RunAsync("cancel", "last");
        Assert.True(cancel.Code == 0, cancel.Said);
        Assert.Contains("for its results to be fetched", cancel.Said, StringComparison.Ordinal);
        Assert.Single(_cluster.Pods);
        Assert.Equal(0, (await RunAsync("fetch", "last")).Code);
        await GoneAsync();
        var shown = await RunAsync("show", "last");
        Assert.Contains("cancelled", shown.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("did not answer", shown.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shell last")]
    [InlineData("exec -t last -- sh")]
    public async Task A_terminal_in_a_pod_has_keys_colours_size_and_exit_code(string words)
    {
        Assert.Equal(0, (await RunAsync(Submit(["--detach"], "sleep 600"))).Code);
        var device = Path.Combine(_folder.FullName, "device");
        await using var terminal = new TypedTerminal(
            Start(),
            $"tty >'{device}'; stty rows 30 cols 100; '{MusterProgram.Path}' {words}"
        );
        // A person types when the prompt is there; what it answers to is not what was echoed.
        await terminal.TypeUntilAsync("echo at $((40 + 2)) of $MUSTER_RANK", "at 42 of 0", Ct);
        await terminal.TypeUntilAsync("stty size", "30 100", Ct);
        await terminal.TypeUntilAsync("test -t 0 && test -t 1 && echo both$((1))", "both1", Ct);
        using (var stty = Process.Start("stty", ["-F", (await File.ReadAllTextAsync(device, Ct)).Trim(), "rows", "31"]))
            await stty.WaitForExitAsync(Ct);
        await terminal.TypeUntilAsync("stty size", "31 100", Ct);
        // Ctrl-C is the pod's, and ends neither Muster nor the shell.
        await terminal.TypeAsync("echo begun$((3)); sleep 1000", Ct);
        await terminal.UntilAsync("begun3", Ct);
        await terminal.KeysAsync("\u0003", Ct);
        await terminal.TypeUntilAsync("echo still $((6 * 7))", "still 42", Ct);
        await terminal.TypeAsync("exit 9", Ct);
        Assert.Equal(9, await terminal.EndAsync(Ct));
        Assert.Contains("running", (await RunAsync("ps")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_whose_pod_goes_says_so_and_gives_the_terminal_back()
    {
        Assert.Equal(0, (await RunAsync(Submit(["--detach"], "sleep 600"))).Code);
        await using var terminal = new TypedTerminal(
            Start(),
            $"'{MusterProgram.Path}' shell last; code=$?; stty -a | grep -q -e -icanon || echo canonical; exit $code"
        );
        await terminal.TypeUntilAsync("echo at $((40 + 2))", "at 42", Ct);
        await _server.DisposeAsync();
        _server = await StandIn.StartAsync(_world, _cluster);
        Assert.Equal(1, await terminal.EndAsync(Ct));
        Assert.Contains("broke", terminal.Shown, StringComparison.Ordinal);
        Assert.Contains("canonical", terminal.Shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_in_a_pod_has_a_terminal_of_its_own()
    {
        await using var terminal = new TypedTerminal(
            Start(),
            $"'{MusterProgram.Path}' submit -s lab --tty -- sh -c 'read word; echo heard $word; test -t 1'"
        );
        await terminal.UntilAsync("Ctrl-P Ctrl-Q detaches", Ct);
        await terminal.TypeUntilAsync("hello", "heard hello", Ct);
        Assert.Equal(0, await terminal.EndAsync(Ct));
        await GoneAsync();
    }

    [Fact]
    public async Task A_run_whose_pod_is_evicted_ends_with_the_clusters_own_words()
    {
        Assert.Equal(0, (await RunAsync(Submit(["--detach"], "sleep 600"))).Code);
        _cluster.Evict(_cluster.Jobs.Single().Name, "Evicted", "The node was low on resource: ephemeral-storage.");
        await UntilAsync("ps", "preempted");
        Assert.Contains(
            "Evicted: The node was low on resource: ephemeral-storage.",
            (await RunAsync("why", "last")).Output,
            StringComparison.Ordinal
        );
        await GoneAsync();
    }

    [Fact]
    public async Task A_run_says_its_resources_and_its_image_and_what_it_waits_for()
    {
        _cluster.Unschedulable = "0/5 nodes are available: 5 Insufficient nvidia.com/gpu.";
        var start = Start(
            Submit(
                [
                    "--cpus",
                    "3",
                    "--memory",
                    "2G",
                    "--gpus",
                    "1",
                    "--container",
                    "docker://registry.example.org/other:2",
                ],
                "true"
            )
        );
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Ct);
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        await UntilAsync("why", "Insufficient nvidia.com/gpu");
        var pod = _cluster.Jobs.Single().Template["spec"]!["containers"]![0]!;
        Assert.Equal("registry.example.org/other:2", (string)pod["image"]!);
        Assert.Equal("""{"memory":"2Gi","nvidia.com/gpu":"1"}""", pod["resources"]!["limits"]!.ToJsonString());
        Assert.Equal("3", (string)pod["resources"]!["requests"]!["cpu"]!);
        process.Kill();
        await process.WaitForExitAsync(Ct);
        await Task.WhenAll(errors, output);
        // Its run was never sent, so the next look at the runs gives the pod back.
        await GoneAsync();
    }

    [Fact]
    public async Task What_another_laptop_has_left_is_found_by_its_label_and_swept()
    {
        Assert.Equal(0, (await RunAsync(Submit(["--detach"], "sleep 600"))).Code);
        var job = _cluster.Jobs.Single();
        var fleet = job.Labels["muster"];
        Environment("XDG_STATE_HOME", Path.Combine(_folder.FullName, "another-laptop"));
        var shown = await RunAsync("sites", "sweep", "lab", "--fleet", fleet, "--dry-run", "--json");
        Assert.Contains(job.Name, shown.Output, StringComparison.Ordinal);
        Assert.Null(job.Gone);
        var swept = await RunAsync("sites", "sweep", "lab", "--fleet", fleet, "--yes");
        Assert.True(swept.Code == 0, swept.Said + swept.Output);
        Assert.NotNull(job.Gone);
        Assert.Empty(_cluster.Pods);
    }

    [Fact]
    public async Task What_is_wrong_is_said_at_once_and_nothing_is_made()
    {
        var good = await RunAsync("sites", "check", "lab");
        Assert.True(good.Code == 0, good.Output + good.Said);

        var roles = await RunAsync("submit", "-s", "lab", "--role", "w=2", "--", "true");
        Assert.Equal(1, roles.Code);
        Assert.Contains("makes one pod for each run", roles.Said, StringComparison.Ordinal);

        _cluster.Accepted = "another";
        var check = await RunAsync("sites", "check", "lab");
        Assert.Equal(1, check.Code);
        Assert.Contains("Unauthorized", check.Output + check.Said, StringComparison.Ordinal);
        var submit = await RunAsync(Submit([], "true"));
        Assert.Equal(1, submit.Code);
        Assert.Contains("Unauthorized", submit.Said, StringComparison.Ordinal);
        Assert.DoesNotContain(KubeProvider.Token, check.Output + check.Said + submit.Said, StringComparison.Ordinal);
        Assert.Empty(_cluster.Jobs);
    }

    private readonly Dictionary<string, string> _environment = [];

    private void Environment(string name, string value) => _environment[name] = value;

    private static string[] Submit(string[] options, string script) =>
        ["submit", "-s", "lab", .. options, "--", "sh", "-c", script];

    /// <summary>Whoever looks at the runs gives back what they need no more.</summary>
    private async Task GoneAsync()
    {
        var since = Stopwatch.StartNew();
        while (_cluster.Pods.Count > 0 || _cluster.Jobs.Any(job => job.Gone is null))
        {
            var answer = await RunAsync("ps");
            Assert.True(since.Elapsed < Patience, answer.Output + answer.Said);
            await Task.Delay(200, Ct);
        }
    }

    private async Task UntilAsync(string command, string says)
    {
        string[] words = command is "ps" ? ["ps", "--all"] : [command, "last"];
        var since = Stopwatch.StartNew();
        while (await RunAsync(words) is var answer && !answer.Output.Contains(says, StringComparison.Ordinal))
        {
            Assert.True(since.Elapsed < Patience, answer.Output + answer.Said);
            await Task.Delay(200, Ct);
        }
    }

    private ProcessStartInfo Start(params string[] words)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, words)
        {
            WorkingDirectory = Code,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["HOME"] = _folder.FullName;
        start.Environment["XDG_STATE_HOME"] = Path.Combine(_folder.FullName, "state");
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(_folder.FullName, "config");
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(_folder.FullName, "cache");
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        return start;
    }

    private Task<(int Code, string Output, string Said)> RunAsync(params string[] words) => RunAsync(Start(words));

    private static async Task<(int Code, string Output, string Said)> RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, output, await errors);
    }
}
