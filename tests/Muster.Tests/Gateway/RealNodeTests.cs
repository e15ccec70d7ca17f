using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Node;
using Muster.Node.Engines;
using Muster.NodeOdm;
using TaskPhase = Muster.Gateway.Model.TaskPhase;
using WaitingList = Muster.Gateway.Placing.WaitingList;

namespace Muster.Gateway;

/// <summary>
/// The gateway with real nodes: `muster node` with the test engine, and the one that it brings along.
/// </summary>
public sealed class RealNodeTests
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_any_node_it_brings_one_of_its_own_which_keeps_its_tasks_over_a_restart()
    {
        await using var gateway = await TestGateway.StartAsync(options =>
            options with
            {
                Engine = _ =>
                    Task.FromResult<IEngine>(new TestEngine(new() { Takes = TimeSpan.FromMilliseconds(300) })),
            }
        );
        await gateway.UntilAsync(() => gateway.Host.HasOptions);
        Assert.Contains(
            (await gateway.GetAsync("options")).EnumerateArray(),
            option => option.GetProperty("name").GetString() == "dsm"
        );
        var (first, second) = (
            await gateway.SubmitAsync(options: """[{"name":"dsm","value":true}]"""),
            await gateway.SubmitAsync()
        );
        await gateway.UntilAsync(() => gateway.TaskOf(first).Phase is TaskPhase.Running);
        await gateway.StopAsync();
        await gateway.StartAsync();
        foreach (var task in (Guid[])[first, second])
        {
            var done = await gateway.UntilAsync(task, TaskCode.Completed);
            Assert.True(done.Output!.Count > 278);
            Assert.Contains("odm_orthophoto/odm_orthophoto.tif", (await gateway.ArchiveAsync(task)).Keys);
        }
        Assert.Equal(0, gateway.TaskOf(first).Attempts.Count);
    }

    [Fact]
    public async Task It_answers_before_the_engine_of_its_own_node_is_ready_and_ends_when_it_never_will()
    {
        var opening = new TaskCompletionSource<IEngine>();
        await using (var gateway = await TestGateway.StartAsync(options => options with { Engine = _ => opening.Task }))
        {
            Assert.Equal(0, (await gateway.GetAsync("info")).GetProperty("maxParallelTasks").GetInt32());
            var task = await gateway.SubmitAsync();
            Assert.Equal(TaskCode.Queued, (await gateway.InfoAsync(task, 0)).Status.Code);
            opening.SetResult(new TestEngine(new()));
            await gateway.UntilAsync(task, TaskCode.Completed);
        }
        var broken = new TaskCompletionSource<IEngine>();
        await using (var gateway = await TestGateway.StartAsync(options => options with { Engine = _ => broken.Task }))
        {
            var end = gateway.Host.BrokenAsync();
            broken.SetException(new Faults.UserException("it is not there", "Install it."));
            Assert.Equal("it is not there", (await Assert.ThrowsAsync<Faults.UserException>(() => end)).Message);
        }
    }

    [Fact]
    public async Task An_own_node_steps_back_when_others_are_named()
    {
        await using var other = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(options =>
            options with
            {
                Engine = _ => Task.FromResult<IEngine>(new TestEngine(new())),
                Nodes = [(other.Url, "", false)],
            }
        );
        Assert.Equal(other.Url, Assert.Single(gateway.Host.Fleet.Nodes).Url);
        Assert.Null(gateway.Host.Embedded);
    }

    [Fact]
    public async Task A_node_with_a_token_is_spoken_to_with_it()
    {
        var folder = Directory.CreateTempSubdirectory("muster-gateway-node-");
        await using (
            var node = await NodeServer.StartAsync(
                new()
                {
                    Folder = folder.FullName,
                    Address = IPAddress.Loopback,
                    Port = 0,
                    Token = "node's own",
                },
                new TestEngine(new()),
                NullLoggerFactory.Instance,
                TimeProvider.System,
                Ct
            )
        )
        {
            await using var gateway = await TestGateway.StartAsync(options =>
                options with
                {
                    Nodes = [(new($"http://{node.Address}/"), "node's own", false)],
                    Token = "the gateway's",
                }
            );
            await gateway.UntilAsync(() => gateway.Host.HasOptions);
            var task = await gateway.SubmitAsync(token: "the gateway's");
            await gateway.UntilAsync(task, TaskCode.Completed, "the gateway's");
        }
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_node_that_is_starting_is_alive_and_gets_tasks_when_it_is_ready()
    {
        var folder = Directory.CreateTempSubdirectory("muster-gateway-node-");
        var opening = new TaskCompletionSource<IEngine>();
        await using (
            var node = await NodeServer.StartAsync(
                new()
                {
                    Folder = folder.FullName,
                    Address = IPAddress.Loopback,
                    Port = 0,
                },
                opening.Task,
                NullLoggerFactory.Instance,
                TimeProvider.System,
                Ct
            )
        )
        {
            await using var gateway = await TestGateway.StartAsync(options =>
                options with
                {
                    Nodes = [(new($"http://{node.Address}/"), "", false)],
                }
            );
            var task = await gateway.SubmitAsync();
            await gateway.UntilAsync(() => gateway.Host.Fleet.Nodes.Single().Health.Answers);
            Assert.Equal(
                $"{node.Address} is starting",
                WaitingList.Why(new(2), [new(gateway.Host.Fleet.Nodes.Single(), 0)], 0, null)
            );
            Assert.IsType<TaskPhase.Queued>(gateway.TaskOf(task).Phase);
            opening.SetResult(new TestEngine(new()));
            await gateway.UntilAsync(task, TaskCode.Completed);
            Assert.Equal(0, gateway.TaskOf(task).Attempts.Count);
        }
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Nodes_that_are_killed_at_random_lose_no_task_and_show_no_error_to_clients()
    {
        var random = new Random(Environment.TickCount);
        await using var gateway = await TestGateway.StartAsync(options =>
            options with
            {
                MoveAfter = TimeSpan.FromSeconds(3),
            }
        );
        NodeProcess[] nodes = [new(), new(), new()];
        foreach (var node in nodes)
        {
            node.Start();
            gateway.Host.Fleet.Add(node.Url, "");
        }
        await gateway.UntilAsync(() => gateway.Host.HasOptions);
        var tasks = new List<Guid>();
        for (var n = 0; n < 8; n++)
            tasks.Add(await gateway.SubmitAsync(files: 3));
        for (var kill = 0; kill < (Soak ? 40 : 4); kill++)
        {
            var node = nodes[random.Next(nodes.Length)];
            await Task.Delay(random.Next(100, 900), Ct);
            await node.KillAsync();
            foreach (var task in tasks)
                Assert.NotEqual(TaskCode.Failed, (await gateway.InfoAsync(task, 0)).Status.Code);
            await Task.Delay(random.Next(0, 500), Ct);
            node.Start();
            if (Soak)
                tasks.Add(await gateway.SubmitAsync(files: 2));
        }
        foreach (var task in tasks)
            await gateway.UntilAsync(task, TaskCode.Completed);
        TestContext.Current.TestOutputHelper?.WriteLine($"figures: {tasks.Count} tasks, all completed");
        foreach (var task in tasks)
            Assert.NotEmpty(await gateway.ArchiveAsync(task));
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    /// <summary>`muster node --engine test` as a process of its own.</summary>
    private sealed class NodeProcess : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-node-process-");
        private readonly int _port = GatewayProcess.FreePort();
        private Process? _process;

        public Uri Url => new($"http://127.0.0.1:{_port}/");

        public void Start()
        {
            var start = new ProcessStartInfo(
                MusterProgram.Path,
                [
                    "node",
                    "--engine",
                    "test",
                    "--test-seconds",
                    "1",
                    "--port",
                    $"{_port}",
                    "--data-dir",
                    _folder.FullName,
                    "--daemon",
                ]
            )
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                WorkingDirectory = _folder.FullName,
            };
            start.Environment["HOME"] = start.Environment["XDG_STATE_HOME"] = _folder.FullName;
            _process = Process.Start(start)!;
            _process.BeginErrorReadLine();
            _process.BeginOutputReadLine();
        }

        public async Task KillAsync()
        {
            _process!.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
        }

        public async ValueTask DisposeAsync()
        {
            await KillAsync();
            _folder.Delete(recursive: true);
        }
    }
}
