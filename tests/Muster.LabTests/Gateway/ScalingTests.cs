using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// `muster serve --scale` on an empty machine: nodes come by sbatch and over SSH, work, and go again.
/// </summary>
[Collection(Sharing.Nodes)]
public sealed class ScalingTests : IDisposable
{
    private readonly Lab _lab = new();
    private readonly int _port = FreePort(),
        _admin = FreePort();
    private readonly HttpMessageInvoker _http = NodeOdmClient.Connections();
    private Process? _serving;
    private string? _moveAfter;

    public void Dispose()
    {
        _serving?.Kill();
        Lab.Do("exec", "login", "sh", "-c", $"squeue -h -n {Jobs()} -o %i | xargs -r scancel");
        _http.Dispose();
        _serving?.Dispose();
        _lab.Dispose();
    }

    [Fact]
    public async Task On_a_cluster_tasks_start_nodes_by_sbatch_and_allocations_go_back()
    {
        Serve("lab-slurm", idle: "4s");
        var tasks = await HandInAsync(3);
        await DoneAsync(tasks);

        Lab.Until(() => Machines().All(machine => Text(machine, "state") == "gone"), "the machines go back", 120);
        Assert.Equal("", InQueue());
        Assert.InRange(Machines().Count, 1, 3);
        Assert.Empty(JsonOf("nodes", "list").GetProperty("nodes").EnumerateArray());
        var archive = await _http.SendAsync(
            new(HttpMethod.Get, new Uri(Address, $"task/{tasks[0]}/download/all.zip")),
            TestContext.Current.CancellationToken
        );
        Assert.Equal(HttpStatusCode.OK, archive.StatusCode);
    }

    [Fact]
    public async Task Killed_again_and_again_it_doubles_nothing_and_leaves_nothing()
    {
        Serve("lab-slurm", idle: "4s", seconds: 2, most: 2);
        var tasks = await HandInAsync(4);
        for (var kill = 0; kill < 5; kill++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + kill), TestContext.Current.CancellationToken);
            _serving!.Kill();
            await _serving.WaitForExitAsync(TestContext.Current.CancellationToken);
            Start();
            var jobs = InQueue().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(jobs.Length <= 2, string.Join(' ', jobs));
        }
        await DoneAsync(tasks);
        Lab.Until(() => InQueue().Length == 0, "the allocations end", 180);
        foreach (var task in tasks)
            Assert.Single(Output(task).Split('\n'), line => line.StartsWith("Placed on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_machine_being_drained_finishes_its_task_and_goes_back_under_the_next_gateway()
    {
        Serve("lab-slurm", idle: "1h", seconds: 15, most: 1);
        var tasks = await HandInAsync(1);
        Lab.Until(() => Phase(tasks[0]) == "running", "its node works on it", 180);
        var machine = Text(Assert.Single(Machines()), "name");
        Assert.Equal(0, _lab.Muster("nodes", "give-back", machine).ExitCode);
        Assert.Equal("draining", Text(Assert.Single(Machines()), "state"));
        _serving!.Kill();
        await _serving.WaitForExitAsync(TestContext.Current.CancellationToken);
        Start();

        await DoneAsync(tasks);
        Lab.Until(() => InQueue().Length == 0, "the allocation ends", 180);
        Assert.Single(Output(tasks[0]).Split('\n'), line => line.StartsWith("Placed on", StringComparison.Ordinal));
        Lab.Until(() => Text(Assert.Single(Machines()), "state") == "gone", "its end is seen", 60);
    }

    [Fact]
    [Trait(Sharing.Takes, Sharing.Long)]
    public async Task A_task_that_the_wall_time_cuts_off_is_requeued_with_the_reason()
    {
        Serve("lab-slurm", idle: "1h", seconds: 3600, most: 1);
        var task = (await HandInAsync(1))[0];
        Lab.Until(() => Phase(task) == "running", "its node works on it", 180);
        // The gateway places nothing that it expects to be cut off, so the limit comes nearer afterwards.
        var job = InQueue().Split('\n', StringSplitOptions.RemoveEmptyEntries)[0].Trim().Split(' ')[0];
        Lab.Do("exec", "login", "scontrol", "update", $"JobId={job}", "TimeLimit=1");

        Lab.Until(
            () => Output(task).Contains("Its machine is gone: its time was over", StringComparison.Ordinal),
            "the limit cuts it off, and its task is told",
            300
        );
        Lab.Until(() => Phase(task) == "running", "another node works on it", 180);
        Assert.Equal(2, Output(task).Split('\n').Count(line => line.StartsWith("Placed on", StringComparison.Ordinal)));
        await Client.CancelAsync(task, TestContext.Current.CancellationToken);
    }

    [Fact]
    [Trait(Sharing.Takes, Sharing.Long)]
    public async Task On_hosts_nodes_come_and_go_and_a_host_that_dies_costs_a_retry()
    {
        _moveAfter = "20s"; // nobody tells that a host is dead
        Serve("lab-ssh", idle: "4s", seconds: 20);
        var tasks = await HandInAsync(2);
        Lab.Until(() => tasks.All(task => Phase(task) == "running"), "their nodes work on them", 180);
        var victim = Machines()
            .Select(machine => Text(machine, "name"))
            .First(name => name.StartsWith("lab-ssh/", StringComparison.Ordinal));
        var host = victim.Split('/')[1];
        Lab.Do("fault", "off", host);
        try
        {
            await DoneAsync(tasks);
        }
        finally
        {
            Lab.Do("mend", host);
        }
        Lab.Until(() => Machines().All(machine => Text(machine, "state") == "gone"), "the machines go back", 180);
        foreach (var each in (string[])["node2", "node3"])
            Assert.Equal("", Lab.On(each, "pgrep -u muster-lab -f '[n]ode --port' || :"));
    }

    private string Data => Path.Combine(_lab.Folder, "gateway");
    private Uri Address => new($"http://127.0.0.1:{_port}/");
    private NodeOdmClient Client => new(_http, Address, null, TimeSpan.FromSeconds(60), TimeProvider.System);

    /// <summary>Jobs of nodes are named after their run, with its number.</summary>
    private static string Jobs() =>
        string.Join(
            ',',
            Lab.Do("exec", "login", "squeue", "-h", "-o", "%j")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(name => name.StartsWith("gateway-node", StringComparison.Ordinal))
                .Append("gateway-node")
        );

    private static string InQueue() => Lab.Do("exec", "login", "squeue", "-h", "-n", Jobs(), "-o", "%i");

    private void Serve(string site, string idle, int seconds = 0, int? most = null)
    {
        var program = Lab.Program;
        if (seconds > 0)
        {
            program = Path.Combine(Lab.Folders, $"muster-slow-{seconds}-{_port}");
            File.WriteAllText(program, $"#!/bin/sh\nexec {Lab.Program} \"$@\" --test-seconds {seconds}\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        }
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        File.WriteAllText(
            config,
            $$"""
            sites:
              lab-ssh: { kind: ssh, ssh-config: {{Lab.Folders}}/ssh_config, hosts: [node2, node3] }
              lab-slurm: { kind: slurm, ssh-config: {{Lab.Folders}}/ssh_config, host: login }
            scaling:
              pools:
                - site: {{site}}
                  max: {{most ?? 3}}
                  idle: {{idle}}
                  sizes: [{ cpus: 1, memory: 1G, time: 10m }]
                  node: { engine: test, program: {{program}} }
            """
        );
        _lab.Set("MUSTER_CONFIG", config);
        _lab.Set("MUSTER_GATEWAY", $"http://127.0.0.1:{_admin}");
        Start();
    }

    private void Start()
    {
        _serving = _lab.Start([
            "serve",
            "--data",
            Data,
            "--port",
            $"{_port}",
            "--admin-cli-port",
            "0",
            "--admin-web-port",
            $"{_admin}",
            .. _moveAfter is { } time ? (string[])["--move-after", time] : [],
        ]);
        _serving.ErrorDataReceived += (_, _) => { };
        _serving.BeginErrorReadLine();
        Lab.Until(
            () =>
            {
                Assert.False(_serving.HasExited);
                using var probe = new TcpClient();
                try
                {
                    probe.Connect(IPAddress.Loopback, _port);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            "the gateway listens",
            60
        );
    }

    private async Task<IReadOnlyList<string>> HandInAsync(int count)
    {
        var ids = new List<string>();
        for (var n = 0; n < count; n++)
        {
            var id = Said(
                await Client.InitAsync(
                    Guid.NewGuid().ToString(),
                    new() { Name = $"t{n}" },
                    TestContext.Current.CancellationToken
                )
            );
            foreach (var photo in (string[])["a.jpg", "b.jpg"])
            {
                var bytes = System.Text.Encoding.UTF8.GetBytes($"{id}{photo}");
                Said(
                    await Client.UploadAsync(
                        id,
                        [new(photo, bytes.Length, () => new MemoryStream(bytes))],
                        TestContext.Current.CancellationToken
                    )
                );
            }
            Said(await Client.CommitAsync(id, TestContext.Current.CancellationToken));
            ids.Add(id);
        }
        return ids;
    }

    private async Task DoneAsync(IReadOnlyList<string> tasks)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(300, TestContext.Current.CancellationToken))
        {
            var states = new List<TaskCode>();
            foreach (var task in tasks)
                states.Add(
                    Said(await Client.TaskInfoAsync(task, null, TestContext.Current.CancellationToken)).Status.Code
                );
            if (states.All(state => state == TaskCode.Completed))
                return;
            Assert.DoesNotContain(TaskCode.Failed, states);
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > 280)
                Assert.Fail(
                    $"{string.Join(' ', states)}; {JsonOf("nodes", "scale")}; "
                        + string.Join(" | ", tasks.Select(Output))
                );
        }
    }

    private string Phase(string task) => Text(JsonOf("tasks", "show", task).GetProperty("task"), "phase");

    private string Output(string task) => _lab.Muster("tasks", "logs", task).Output;

    private List<JsonElement> Machines() =>
        [.. JsonOf("nodes", "scale", "--gone", "100").GetProperty("machines").EnumerateArray()];

    private JsonElement JsonOf(params string[] words)
    {
        var answer = _lab.Muster([.. words, "--json"]);
        Assert.True(answer.ExitCode == 0, answer.Said);
        return JsonDocument.Parse(answer.Output).RootElement;
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    private static T Said<T>(NodeReply<T> reply) =>
        reply is NodeReply<T>.Said(var said) ? said : throw new InvalidOperationException(reply.Text);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
