using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Gateway.Model;
using Muster.Node;
using Muster.Node.Engines;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// Photos reach their node while they come in: each once, on the node that computes them, and nowhere else for long.
/// </summary>
public sealed class AheadTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_are_on_the_node_before_the_commit_and_are_not_sent_a_second_time()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await StartAsync(node);
        var id = await BeginAsync(gateway);
        for (var n = 0; n < 3; n++)
        {
            await UploadAsync(gateway, id, $"{n}.jpg");
            var names = Enumerable.Range(0, n + 1).Select(file => $"{file}.jpg");
            await gateway.UntilAsync(() => Coming(node).SequenceEqual(names));
        }
        var task = gateway.TaskOf(Guid.Parse(id));
        Assert.Equal(task.Id, task.Ahead?.OnNode);
        Assert.Null(task.Phase.Place); // it is nowhere yet, and holds no slot
        Assert.Empty(gateway.Host.Tasks.Live.Held());
        Assert.Empty(node.Tasks);
        await CommitAsync(gateway, id);
        await gateway.UntilAsync(task.Id, TaskCode.Completed);
        Assert.Equal(["0.jpg", "1.jpg", "2.jpg"], (await gateway.ArchiveAsync(task.Id)).Keys);
        Assert.Equal(["0.jpg", "1.jpg", "2.jpg"], node.Sent.Order());
        Assert.Equal(id, Assert.Single(node.Tasks).Key);
        Assert.Empty(node.Uploads);
        Assert.Equal(
            ["receiving", "queued", "sending", "running", "collecting", "completed"],
            gateway.TaskOf(task.Id).Steps!.Select(step => step.Phase)
        );
    }

    [Fact]
    public async Task A_task_that_is_placed_while_files_are_on_their_way_waits_for_those_and_sends_the_rest()
    {
        using var arrive = new SemaphoreSlim(0);
        var held = 0;
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    if (http.Request.Path.Value!.StartsWith("/task/new/upload/", StringComparison.Ordinal))
                    {
                        Interlocked.Increment(ref held);
                        await arrive.WaitAsync(http.RequestAborted);
                    }
                    return false;
                },
            }
        );
        await using var gateway = await StartAsync(node);
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await gateway.UntilAsync(() => held == 1);
        for (var n = 1; n < 6; n++)
            await UploadAsync(gateway, id, $"{n}.jpg");
        await CommitAsync(gateway, id);
        await gateway.UntilAsync(() => gateway.TaskOf(Guid.Parse(id)).Phase is TaskPhase.Sending);
        arrive.Release(100);
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        Assert.Equal(Enumerable.Range(0, 6).Select(n => $"{n}.jpg"), node.Sent.Order());
        Assert.Equal(6, (await gateway.ArchiveAsync(Guid.Parse(id))).Count);
    }

    [Fact]
    public async Task Small_and_split_tasks_are_sent_when_they_have_their_place()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node); // as it is by itself: from 4 MB on
        var small = await gateway.SubmitAsync();
        await gateway.UntilAsync(small, TaskCode.Completed);
        var split = await gateway.SubmitAsync(
            options: """[{"name":"split","value":50}]""",
            more: ("large.jpg", new byte[5 << 20])
        );
        await gateway.UntilAsync(split, TaskCode.Completed);
        Assert.Equal((0, 0), (gateway.TaskOf(small).AheadBegun, gateway.TaskOf(split).AheadBegun));
    }

    [Theory, InlineData("full"), InlineData("locked"), InlineData("too small")]
    public async Task A_node_that_would_not_get_the_task_gets_no_file_of_it(string why)
    {
        await using var node = await ScriptedNode.StartAsync(
            new() { Takes = Long, MaxImages = why == "too small" ? 1 : null }
        );
        await using var other = await ScriptedNode.StartAsync(new() { Takes = Long, MaxImages = 50 });
        await using var gateway = await StartAsync(node);
        if (why == "full")
        {
            var first = await gateway.SubmitAsync(files: 1);
            await gateway.UntilAsync(() => gateway.TaskOf(first).Phase is TaskPhase.Running);
        }
        if (why == "locked")
            gateway.Host.Fleet.SetLocked(gateway.Host.Fleet.Nodes[0].Id, true);
        var sent = node.Sent.Count;
        var id = await BeginAsync(gateway);
        using var both = new MultipartFormDataContent
        {
            { new ByteArrayContent([1]), "images", "0.jpg" },
            { new ByteArrayContent([2]), "images", "1.jpg" },
        };
        await gateway.PostAsync($"task/new/upload/{id}", both);
        // A node that takes it is there now: what it gets, the other has not got.
        gateway.Host.Fleet.Add(other.Url, "");
        await gateway.UntilAsync(() => gateway.Host.Fleet.Nodes.All(one => one.Health.Answers));
        await UploadAsync(gateway, id, "2.jpg");
        await gateway.UntilAsync(() => Coming(other).SequenceEqual(["0.jpg", "1.jpg", "2.jpg"]));
        Assert.Equal(sent, node.Sent.Count);
        Assert.Equal(1, gateway.TaskOf(Guid.Parse(id)).AheadBegun);
    }

    [Theory, InlineData("removed"), InlineData("expired"), InlineData("drained")]
    public async Task What_is_given_up_leaves_no_trace_on_the_node(string how)
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options =>
                options with
                {
                    AheadFrom = 1,
                    UploadsExpire = how == "expired" ? TimeSpan.FromSeconds(2) : options.UploadsExpire,
                },
            node
        );
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        if (how != "expired")
            await gateway.UntilAsync(() => Coming(node).Count == 1);
        if (how == "removed")
            Assert.True(TestGateway.Said(await gateway.Client().RemoveAsync(id, Ct)));
        if (how == "drained")
            gateway.Host.Fleet.SetDraining(gateway.Host.Fleet.Nodes[0].Id, true);
        await gateway.UntilAsync(() =>
            node.Uploads.Count == 0
            && (how == "expired" || node.Removed.Contains(id))
            && (
                how == "drained" ? gateway.Host.Fleet.Nodes.Count == 0 : gateway.Host.Tasks.Find(Guid.Parse(id)) is null
            )
        );
        Assert.Empty(gateway.Host.Tasks.Live.Ahead());
    }

    [Fact]
    public async Task A_task_that_is_cancelled_while_it_waits_leaves_no_trace_either()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await StartAsync(node);
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await gateway.UntilAsync(() => Coming(node).Count == 1);
        // It holds no slot: another that is committed first goes first.
        var other = await gateway.SubmitAsync(files: 1);
        await gateway.UntilAsync(() => gateway.TaskOf(other).Phase is TaskPhase.Running);
        await CommitAsync(gateway, id);
        Assert.IsType<TaskPhase.Queued>(gateway.TaskOf(Guid.Parse(id)).Phase);
        Assert.Single(Coming(node)); // it may still get its place there
        Assert.True(TestGateway.Said(await gateway.Client().CancelAsync(id, Ct)));
        await gateway.UntilAsync(() => node.Uploads.Count == 0);
        Assert.Equal(other.ToString(), Assert.Single(node.Tasks).Key);
    }

    [Fact]
    public async Task A_task_that_waited_is_gone_on_with_when_its_node_has_a_slot_again()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await StartAsync(node);
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await gateway.UntilAsync(() => Coming(node).Count == 1);
        var other = await gateway.SubmitAsync(files: 1);
        await gateway.UntilAsync(() => gateway.TaskOf(other).Phase is TaskPhase.Running);
        await UploadAsync(gateway, id, "1.jpg");
        await CommitAsync(gateway, id);
        node.Takes = TimeSpan.Zero;
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        Assert.Equal(["0.jpg", "0.jpg", "1.jpg"], node.Sent.Order()); // one of them is the other task's
        Assert.Equal(["0.jpg", "1.jpg"], (await gateway.ArchiveAsync(Guid.Parse(id))).Keys);
    }

    [Fact]
    public async Task When_another_node_becomes_better_everything_goes_there_and_the_first_forgets_it()
    {
        await using var small = await ScriptedNode.StartAsync(new() { MaxImages = 2 });
        await using var large = await ScriptedNode.StartAsync(new() { MaxImages = 100 });
        await using var gateway = await StartAsync(small, large);
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await gateway.UntilAsync(() => Coming(small).Count == 1);
        await UploadAsync(gateway, id, "1.jpg");
        await UploadAsync(gateway, id, "2.jpg");
        await gateway.UntilAsync(() => Coming(large).Count == 3 && small.Uploads.Count == 0);
        await CommitAsync(gateway, id);
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        Assert.Empty(small.Tasks);
        Assert.Equal(3, (await gateway.ArchiveAsync(Guid.Parse(id))).Count);
    }

    [Fact]
    public async Task A_task_whose_likely_node_dies_is_done_elsewhere_and_forgotten_there()
    {
        await using var first = await ScriptedNode.StartAsync(new() { MaxImages = 10 });
        await using var second = await ScriptedNode.StartAsync(new() { MaxImages = 100 });
        await using var gateway = await TestGateway.StartAsync(
            new FastTime(5),
            options => options with { AheadFrom = 1 },
            first,
            second
        );
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await gateway.UntilAsync(() => Coming(first).Count == 1);
        await first.DieAsync();
        await UploadAsync(gateway, id, "1.jpg");
        await CommitAsync(gateway, id);
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        Assert.Equal(["0.jpg", "1.jpg"], (await gateway.ArchiveAsync(Guid.Parse(id))).Keys);
        Assert.Single(second.Tasks);
        await first.StartAsync();
        gateway.Host.Fleet.Refresh();
        await gateway.UntilAsync(() => first.Uploads.Count == 0);
        Assert.Empty(first.Tasks);
    }

    [Theory, InlineData("/task/new/init"), InlineData("/task/new/upload/")]
    public async Task An_answer_that_is_lost_neither_loses_nor_doubles_a_file(string path)
    {
        var lost = 0;
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                After = http =>
                {
                    if (
                        !http.Request.Path.Value!.StartsWith(path, StringComparison.Ordinal)
                        || Interlocked.Increment(ref lost) > 1
                    )
                        return Task.FromResult(false);
                    http.Abort();
                    return Task.FromResult(true);
                },
            }
        );
        await using var gateway = await StartAsync(node);
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await gateway.UntilAsync(() => lost > 0);
        await UploadAsync(gateway, id, "1.jpg");
        await CommitAsync(gateway, id);
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        Assert.Equal(["0.jpg", "1.jpg"], (await gateway.ArchiveAsync(Guid.Parse(id))).Keys);
        await gateway.UntilAsync(() => node.Uploads.Count == 0);
        Assert.Single(node.Tasks);
    }

    [Fact]
    public async Task A_node_that_has_forgotten_what_it_was_sent_gets_all_of_it_again()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await StartAsync(node);
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await UploadAsync(gateway, id, "1.jpg");
        await gateway.UntilAsync(() => Coming(node).Count == 2);
        node.ForgetUploads();
        await CommitAsync(gateway, id);
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        Assert.Equal(["0.jpg", "1.jpg"], (await gateway.ArchiveAsync(Guid.Parse(id))).Keys);
    }

    [Fact]
    public async Task A_task_that_is_begun_anew_with_other_options_is_computed_with_those()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await StartAsync(node);
        var id = await BeginAsync(gateway);
        await UploadAsync(gateway, id, "0.jpg");
        await gateway.UntilAsync(() => Coming(node).Count == 1);
        TestGateway.Said(
            await gateway.Client().InitAsync(id, new() { Options = """[{"name":"dsm","value":true}]""" }, Ct)
        );
        await UploadAsync(gateway, id, "1.jpg");
        await CommitAsync(gateway, id);
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        Assert.Contains("dsm", Assert.Single(node.Tasks).Value.Options, StringComparison.Ordinal);
        Assert.Equal(2, (await gateway.ArchiveAsync(Guid.Parse(id))).Count);
        await gateway.UntilAsync(() => node.Uploads.Count == 0);
    }

    [Fact]
    public async Task A_gateway_that_was_killed_has_the_node_forget_it_and_sends_everything_once()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = new GatewayProcess("--node", $"{node.Url}");
        await gateway.StartAsync();
        var client = new NodeOdmClient(
            NodeOdmClient.Connections(),
            gateway.Address,
            null,
            TestGateway.Patience,
            TimeProvider.System
        );
        var (stays, goes) = (TaskUuid.New(), TaskUuid.New());
        foreach (var id in (string[])[stays, goes])
        {
            TestGateway.Said(await client.InitAsync(id, new() { Name = "x" }, Ct));
            TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("0.jpg", Large(id, 0))], Ct));
        }
        await UntilAsync(() => node.Uploads.Values.Any(names => names.Count == 1));
        await gateway.KillAsync();
        var before = node.Uploads.Keys.ToList();
        await gateway.StartAsync();
        await UntilAsync(() => before.TrueForAll(node.Removed.Contains));
        TestGateway.Said(await client.UploadAsync(stays, [TestGateway.File("1.jpg", Large(stays, 1))], Ct));
        TestGateway.Said(await client.CommitAsync(stays, Ct));
        TestGateway.Said(await client.RemoveAsync(goes, Ct));
        await UntilAsync(() => node.Tasks.Count == 1 && node.Tasks.Values.All(task => task.Code == TaskCode.Completed));
        Assert.Equal(["0.jpg", "1.jpg"], node.Tasks.Values.Single().Files.Keys.Order());
        await UntilAsync(() => node.Uploads.Count == 0);
        Assert.Equal(0, await gateway.StopAsync());
    }

    [Fact]
    public async Task A_node_of_ours_has_the_files_before_the_commit_and_keeps_nothing_that_is_given_up()
    {
        var folder = Directory.CreateTempSubdirectory("muster-gateway-node-");
        await using (
            var node = await NodeServer.StartAsync(
                new()
                {
                    Folder = folder.FullName,
                    Address = IPAddress.Loopback,
                    Port = 0,
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
                    AheadFrom = 1,
                    Nodes = [(new($"http://{node.Address}/"), "", false)],
                }
            );
            await gateway.UntilAsync(() => gateway.Host.HasOptions);
            var uploads = Path.Combine(folder.FullName, "tmp");
            var (done, gone) = (await BeginAsync(gateway), await BeginAsync(gateway));
            await UploadAsync(gateway, gone, "0.jpg");
            await gateway.UntilAsync(() => File.Exists(Path.Combine(uploads, gone, "0.jpg")));
            Assert.True(TestGateway.Said(await gateway.Client().RemoveAsync(gone, Ct)));
            await gateway.UntilAsync(() => !Directory.Exists(Path.Combine(uploads, gone)));
            await UploadAsync(gateway, done, "0.jpg");
            await gateway.UntilAsync(() => File.Exists(Path.Combine(uploads, done, "0.jpg")));
            await CommitAsync(gateway, done);
            await gateway.UntilAsync(Guid.Parse(done), TaskCode.Completed);
            Assert.False(Directory.Exists(Path.Combine(uploads, done)));
        }
        folder.Delete(recursive: true);
    }

    private static Task<TestGateway> StartAsync(params ScriptedNode[] nodes) =>
        TestGateway.StartAsync(options => options with { AheadFrom = 1 }, nodes);

    private static async Task<string> BeginAsync(TestGateway gateway) =>
        TestGateway.Said(await gateway.Client().InitAsync(TaskUuid.New(), new() { Name = "x" }, Ct));

    private static async Task UploadAsync(TestGateway gateway, string id, string name) =>
        Assert.True(
            TestGateway.Said(
                await gateway.Client().UploadAsync(id, [TestGateway.File(name, TestGateway.Photo($"{id} {name}"))], Ct)
            )
        );

    private static async Task CommitAsync(TestGateway gateway, string id) =>
        TestGateway.Said(await gateway.Client().CommitAsync(id, Ct));

    /// <summary>Names of what the node has of the one task that is not committed there.</summary>
    private static IReadOnlyList<string> Coming(ScriptedNode node) => node.Uploads.Values.SingleOrDefault() ?? [];

    private static byte[] Large(string id, int n) => [.. TestGateway.Photo($"{id} {n}"), .. new byte[5 << 20]];

    private static async Task UntilAsync(Func<bool> fact)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TestGateway.Patience);
        while (!fact())
            await Task.Delay(20, limit.Token);
    }
}
