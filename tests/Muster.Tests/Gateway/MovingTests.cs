using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// What an older gateway leaves behind, and what others are told: files of ClusterODM, webhooks of clients and of
/// nodes.
/// </summary>
public sealed class MovingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-moving-test-");

    [Fact]
    public void ClusterODMs_list_of_nodes_is_read()
    {
        var path = Write(
            "nodes.json",
            """
            [{"hostname":"node48","port":"3000","token":""},
             {"hostname":"10.0.0.7","port":3000,"token":"abc","locked":true,"extra":1},
             {"hostname":"secure.example","port":443,"token":"x"},
             {"hostname":"fd00::7","port":"3001"},
             {"hostname":"203.0.113.9","port":3000,"token":"Q","dockerMachine":{"name":"clusterodm-120-9xK","created":1,"maxRuntime":-1}}]
            """
        );
        Assert.Equal(
            [
                "http://node48:3000/  False",
                "http://10.0.0.7:3000/ abc True",
                "https://secure.example/ x False",
                "http://[fd00::7]:3001/  False",
            ],
            NodesFile.Read(path).Select(node => $"{node.Url} {node.Token} {node.Locked}")
        );
        Assert.Empty(NodesFile.Read(path + ".missing"));
        Assert.Contains(
            "no list of nodes",
            Assert.Throws<UserException>(() => NodesFile.Read(Write("broken.json", "[{"))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Tasks_that_an_older_gateway_has_placed_are_taken_over()
    {
        await using var node = await ScriptedNode.StartAsync();
        var id = Guid.NewGuid();
        node.Tasks[id.ToString()] = new()
        {
            Files = new Dictionary<string, byte[]> { ["a.jpg"] = [1] },
            Options = "[]",
        };
        var routes = Write(
            "routes.json",
            $$"""{"{{id}}":{"node":{"hostname":"127.0.0.1","port":"{{node.Port}}","token":""},"token":"theirs","accessed":1712345678901},"nonsense":{} }"""
        );
        await using var gateway = await TestGateway.StartAsync(options =>
            options with
            {
                Nodes = [(node.Url, "", false)],
                Routes = RoutesFile.Read(routes),
                Token = "theirs",
            }
        );
        var info = await gateway.UntilAsync(id, TaskCode.Completed, "theirs");
        Assert.Equal(("x", 1), (info.Name, info.ImagesCount));
        Assert.Equal("a.jpg", Assert.Single(await gateway.ArchiveAsync(id, "theirs")).Key);
    }

    [Fact]
    public async Task A_clients_webhook_hears_of_the_end_once_and_after_a_restart_too()
    {
        await using var node = await ScriptedNode.StartAsync();
        var heard = new ConcurrentQueue<JsonObject>();
        var fails = 2;
        await using var hook = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    http.Response.StatusCode = Interlocked.Decrement(ref fails) >= 0 ? 500 : 200;
                    if (http.Response.StatusCode == 200)
                        heard.Enqueue(
                            (
                                await JsonSerializer.DeserializeAsync(http.Request.Body, OdmJson.Wire.JsonElement)
                            ).Deserialize<JsonObject>()!
                        );
                    return true;
                },
            }
        );
        await using var gateway = await TestGateway.StartAsync(
            options =>
                options with
                {
                    AllowPrivateAddresses = true,
                    WebhookWaits = [TimeSpan.Zero, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2)],
                },
            node
        );
        var client = gateway.Client();
        var id = TestGateway.Said(
            await client.InitAsync(
                Guid.NewGuid().ToString(),
                new() { Name = "x", Webhook = hook.Url.ToString() },
                TestContext.Current.CancellationToken
            )
        );
        TestGateway.Said(
            await client.UploadAsync(id, [TestGateway.File("a.jpg", [1])], TestContext.Current.CancellationToken)
        );
        TestGateway.Said(await client.CommitAsync(id, TestContext.Current.CancellationToken));
        await gateway.UntilAsync(() => fails == 0);
        await gateway.StopAsync();
        await gateway.StartAsync();
        await gateway.UntilAsync(() => !gateway.TaskOf(Guid.Parse(id)).WebhookDue);
        var told = Assert.Single(heard);
        Assert.Equal((id, 40), (told["uuid"]!.GetValue<string>(), told["status"]!["code"]!.GetValue<int>()));
        Assert.Empty(told["images"]!.AsArray());
    }

    [Fact]
    public async Task Each_end_of_a_task_that_is_begun_anew_is_told()
    {
        await using var node = await ScriptedNode.StartAsync(new() { FailsWith = "Cannot process dataset" });
        var heard = new ConcurrentQueue<int>();
        await using var hook = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    var code = (await JsonSerializer.DeserializeAsync(http.Request.Body, OdmJson.Wire.TaskInfo))!
                        .Status
                        .Code;
                    heard.Enqueue((int)code);
                    http.Response.StatusCode = code == TaskCode.Completed ? 200 : 500;
                    return true;
                },
            }
        );
        await using var gateway = await TestGateway.StartAsync(
            options =>
                options with
                {
                    AllowPrivateAddresses = true,
                    WebhookWaits = [TimeSpan.Zero, TimeSpan.FromMinutes(5)],
                },
            node
        );
        var client = gateway.Client();
        var id = TestGateway.Said(
            await client.InitAsync(
                Guid.NewGuid().ToString(),
                new() { Name = "x", Webhook = hook.Url.ToString() },
                TestContext.Current.CancellationToken
            )
        );
        // What an engine writes into its archive is not JSON because it says so.
        TestGateway.Said(
            await client.UploadAsync(
                id,
                [TestGateway.File("images.json", "[no, JSON]"u8.ToArray())],
                TestContext.Current.CancellationToken
            )
        );
        TestGateway.Said(await client.CommitAsync(id, TestContext.Current.CancellationToken));
        await gateway.UntilAsync(() => heard.Count == 1);
        node.FailsWith = null;
        Assert.True(TestGateway.Said(await client.RestartAsync(id, null, TestContext.Current.CancellationToken)));
        Assert.False(gateway.TaskOf(Guid.Parse(id)) is { WebhookDue: true, Phase.IsLive: true });
        await gateway.UntilAsync(() => heard.Count == 2 && !gateway.TaskOf(Guid.Parse(id)).WebhookDue);
        Assert.Equal([30, 40], heard);
    }

    [Fact]
    public async Task A_webhook_into_a_private_network_is_not_called()
    {
        await using var node = await ScriptedNode.StartAsync();
        var called = false;
        await using var hook = await ScriptedNode.StartAsync(new() { Before = _ => Task.FromResult(called = true) });
        await using var gateway = await TestGateway.StartAsync(node);
        var client = gateway.Client();
        var id = TestGateway.Said(
            await client.InitAsync(
                Guid.NewGuid().ToString(),
                new() { Name = "x", Webhook = hook.Url.ToString() },
                TestContext.Current.CancellationToken
            )
        );
        TestGateway.Said(
            await client.UploadAsync(id, [TestGateway.File("a.jpg", [1])], TestContext.Current.CancellationToken)
        );
        TestGateway.Said(await client.CommitAsync(id, TestContext.Current.CancellationToken));
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
        await gateway.UntilAsync(() => !gateway.TaskOf(Guid.Parse(id)).WebhookDue);
        Assert.False(called);
    }

    [Fact]
    public async Task A_nodes_word_on_commit_has_it_looked_at_and_proves_nothing()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(5) });
        await using var gateway = await TestGateway.StartAsync(
            options => options with { PollEvery = TimeSpan.FromMinutes(5) },
            node
        );
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running { Seen: 2 });
        Assert.Equal(
            """{"ok":true}""",
            (
                await gateway.PostAsync("commit", TestGateway.Json($$"""{"uuid":"{{task}}","status":{"code":40} }"""))
            ).GetRawText()
        );
        Assert.Equal(TaskCode.Running, (await gateway.InfoAsync(task)).Status.Code);
        node.Takes = TimeSpan.Zero;
        await gateway.PostAsync("commit", TestGateway.Json($$"""{"uuid":"{{task}}"}"""));
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(
            "Malformed /commit request",
            (await gateway.PostAsync("commit", TestGateway.Json("[]"))).GetProperty("error").GetString()
        );
    }

    [Fact]
    public async Task The_page_and_the_description_of_the_API_are_served()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Contains(
            "<html",
            await gateway.Http.GetStringAsync("", TestContext.Current.CancellationToken),
            StringComparison.OrdinalIgnoreCase
        );
        Assert.NotEqual(default, (await gateway.GetAsync("swagger.json")).GetProperty("paths"));
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
