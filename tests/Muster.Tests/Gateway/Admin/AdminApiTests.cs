using System.Net;
using System.Text.Json;
using Muster.Configuration;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>What people and pages ask the gateway.</summary>
public sealed class AdminApiTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_are_added_looked_at_locked_drained_and_removed()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var caller = await AdminCaller.StartAsync();
        var added = (
            await caller.AskAsync(
                "POST",
                "api/v1/nodes",
                $$"""{"url":"127.0.0.1:{{node.Port}}","token":"s3cret"}""",
                HttpStatusCode.Created
            )
        ).GetProperty("nodes")[0];
        var (id, name) = (added.GetProperty("id").GetString(), added.GetProperty("name").GetString());
        Assert.True(added.GetProperty("has_token").GetBoolean());
        await caller.Gateway.UntilAsync(() => caller.Gateway.Host.Fleet.Nodes[0].Health.Answers);
        var (_, list) = await caller.CallAsync("GET", "api/v1/nodes");
        Assert.DoesNotContain("s3cret", list, StringComparison.Ordinal);
        Assert.Contains("\"state\":\"online\"", list, StringComparison.Ordinal);
        await caller.AskAsync(
            "POST",
            "api/v1/nodes",
            $$"""{"hostname":"127.0.0.1","port":"{{node.Port}}"}""",
            HttpStatusCode.Conflict
        );
        Assert.True(
            (await caller.AskAsync("POST", $"api/v1/nodes/{id}/lock"))
                .GetProperty("nodes")[0]
                .GetProperty("locked")
                .GetBoolean()
        );
        Assert.False(
            (await caller.AskAsync("POST", $"api/v1/nodes/{name}/unlock"))
                .GetProperty("nodes")[0]
                .GetProperty("locked")
                .GetBoolean()
        );
        await caller.AskAsync("POST", $"api/v1/nodes/{name}/refresh");
        await caller.AskAsync("POST", $"api/v1/nodes/{id}/drain");
        await caller.Gateway.UntilAsync(() => caller.Gateway.Host.Fleet.Nodes.Count == 0); // it had nothing to do
        await caller.AskAsync("DELETE", $"api/v1/nodes/{id}", status: HttpStatusCode.NotFound);
        var events = (await caller.AskAsync("GET", "api/v1/events?after=0"))
            .GetProperty("events")
            .EnumerateArray()
            .Select(one => one.GetProperty("text").GetString())
            .ToList();
        Assert.Contains($"{name} added by an operator", events);
        Assert.Contains($"{name} locked by an operator", events);
    }

    [Fact]
    public async Task How_a_node_and_the_whole_cluster_stood_is_told_by_the_minute()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var caller = await AdminCaller.StartAsync("", node);
        await caller.Gateway.UntilAsync(() => caller.Gateway.Host.Fleet.Nodes[0].Health.Answers);
        var (id, name) = (caller.Gateway.Host.Fleet.Nodes[0].Id, caller.Gateway.Host.Fleet.Nodes[0].Name);
        JsonElement history;
        do
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            history = await caller.AskAsync("GET", $"api/v1/nodes/{name}/history?hours=1");
        } while (history.GetProperty("tasks").GetArrayLength() == 0);
        Assert.Equal(id, history.GetProperty("node").GetString());
        Assert.Equal(60, history.GetProperty("step").GetInt32());
        Assert.Equal(history.GetProperty("tasks").GetArrayLength(), history.GetProperty("latency_ms").GetArrayLength());
        Assert.Contains(
            history.GetProperty("spans")[0].GetProperty("state").GetString(),
            (string[])["unknown", "online"]
        );
        await caller.AskAsync("GET", "api/v1/nodes/nobody/history", status: HttpStatusCode.NotFound);
        await caller.AskAsync("GET", $"api/v1/nodes/{name}/history?hours=49", status: HttpStatusCode.BadRequest);

        var whole = await caller.AskAsync("GET", "api/v1/history?hours=1");
        Assert.Equal(60, whole.GetProperty("step").GetInt32());
        Assert.Equal(1, whole.GetProperty("nodes").EnumerateArray().Last().GetInt32());
        Assert.Equal(whole.GetProperty("waiting").GetArrayLength(), whole.GetProperty("failed").GetArrayLength());
        await caller.AskAsync("GET", "api/v1/history?hours=49", status: HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Tasks_are_listed_in_pages_by_what_they_are()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(1) });
        await using var caller = await AdminCaller.StartAsync("", node);
        var tasks = new List<Guid>();
        foreach (var name in (string[])["north", "south", "south-west"])
            tasks.Add(await caller.Gateway.SubmitAsync(name: name));
        await caller.Gateway.UntilAsync(() => caller.Gateway.TaskOf(tasks[0]).Phase is TaskPhase.Running);

        var first = await caller.AskAsync("GET", "api/v1/tasks?limit=2");
        Assert.Equal([tasks[2], tasks[1]], Ids(first));
        Assert.Equal(
            [tasks[0]],
            Ids(await caller.AskAsync("GET", $"api/v1/tasks?limit=2&before={first.GetProperty("before").GetInt64()}"))
        );
        Assert.Equal([tasks[2], tasks[1]], Ids(await caller.AskAsync("GET", "api/v1/tasks?name=SOUTH")));
        Assert.Equal(
            [tasks[0]],
            Ids(await caller.AskAsync("GET", $"api/v1/tasks?state=running,failed&node=127.0.0.1:{node.Port}"))
        );
        Assert.Equal([tasks[1]], Ids(await caller.AskAsync("GET", $"api/v1/tasks?id={tasks[1].ToString()[..18]}")));
        Assert.Contains(
            "queued, running",
            (await caller.AskAsync("GET", "api/v1/tasks?state=odd", status: HttpStatusCode.BadRequest))
                .GetProperty("fix")
                .GetString(),
            StringComparison.Ordinal
        );
        await caller.AskAsync("GET", "api/v1/tasks?limit=501", status: HttpStatusCode.BadRequest);

        var queue = (await caller.AskAsync("GET", "api/v1/queue")).GetProperty("queue");
        Assert.Equal([tasks[1], tasks[2]], queue.EnumerateArray().Select(entry => entry.GetProperty("id").GetGuid()));
        Assert.Equal($"127.0.0.1:{node.Port} is full", queue[0].GetProperty("why").GetString());
    }

    [Fact]
    public async Task A_tasks_story_is_told_and_it_is_cancelled_restarted_and_removed()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var caller = await AdminCaller.StartAsync("", node);
        var id = await caller.Gateway.SubmitAsync();
        await caller.Gateway.UntilAsync(id, TaskCode.Completed);
        var task = (await caller.AskAsync("GET", $"api/v1/tasks/{id}")).GetProperty("tasks")[0];
        Assert.Equal(
            ("completed", "ended", 100),
            (
                task.GetProperty("state").GetString(),
                task.GetProperty("phase").GetString(),
                task.GetProperty("progress").GetInt32()
            )
        );
        Assert.True(task.GetProperty("result_bytes").GetInt64() > 0);
        var story = (await caller.AskAsync("GET", $"api/v1/tasks/{id}/decisions"))
            .GetProperty("events")
            .EnumerateArray()
            .Select(one => one.GetProperty("kind").GetString());
        Assert.Equal(["queued", "placed", "completed"], story);
        var output = await caller.AskAsync("GET", $"api/v1/tasks/{id}/output?line=1");
        Assert.True(output.GetProperty("ended").GetBoolean());
        Assert.Equal(task.GetProperty("lines").GetInt32(), output.GetProperty("next").GetInt32());
        Assert.Equal(output.GetProperty("next").GetInt32() - 1, output.GetProperty("lines").GetArrayLength());

        node.Takes = TimeSpan.FromMinutes(1);
        await caller.AskAsync("POST", $"api/v1/tasks/{id}/restart");
        await caller.AskAsync("POST", $"api/v1/tasks/{id}/restart", status: HttpStatusCode.Conflict);
        Assert.Equal(
            "cancelled",
            (await caller.AskAsync("POST", $"api/v1/tasks/{id}/cancel"))
                .GetProperty("tasks")[0]
                .GetProperty("state")
                .GetString()
        );
        await caller.AskAsync("DELETE", $"api/v1/tasks/{id}");
        foreach (
            var (method, path) in ((string, string)[])
                [
                    ("GET", ""),
                    ("GET", "/output"),
                    ("GET", "/decisions"),
                    ("POST", "/cancel"),
                    ("POST", "/restart"),
                    ("DELETE", ""),
                ]
        )
            await caller.AskAsync(method, $"api/v1/tasks/{id}{path}", status: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_tokens_text_is_shown_once()
    {
        await using var caller = await AdminCaller.StartAsync();
        var made = await caller.AskAsync(
            "POST",
            "api/v1/tokens",
            """{"name":"survey team","days":30,"max_images":500,"max_concurrent_tasks":2}""",
            HttpStatusCode.Created
        );
        var (id, text) = (
            made.GetProperty("token").GetProperty("id").GetString(),
            made.GetProperty("text").GetString()!
        );
        Assert.Equal(
            (500, 2),
            (
                caller.Gateway.Host.Tokens.Find(text)!.Limits.MaxImages,
                caller.Gateway.Host.Tokens.Find(text)!.Limits.MaxConcurrentTasks
            )
        );
        var (_, list) = await caller.CallAsync("GET", "api/v1/tokens");
        Assert.Contains("survey team", list, StringComparison.Ordinal);
        foreach (var secret in (string[])[text, caller.Gateway.Host.Tokens.Find(text)!.Hash])
            Assert.DoesNotContain(secret, list, StringComparison.Ordinal);
        await caller.AskAsync("DELETE", $"api/v1/tokens/{id}");
        await caller.AskAsync("DELETE", $"api/v1/tokens/{id}", status: HttpStatusCode.NotFound);
        foreach (
            var wrong in (string[])
                [
                    "{}",
                    """{"name":""}""",
                    """{"name":"x","days":0}""",
                    """{"name":"x","nmae":1}""",
                    "null",
                    "[",
                    """{"name":"x","max_images":"many"}""",
                ]
        )
            await caller.AskAsync("POST", "api/v1/tokens", wrong, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Events_stream_as_they_happen_and_go_on_where_a_reader_was()
    {
        await using var caller = await AdminCaller.StartAsync();
        using var reader = await EventReader.OpenAsync(caller, null);
        await caller.AskAsync("POST", "api/v1/tokens", """{"name":"a"}""", HttpStatusCode.Created);
        var first = await reader.NextAsync();
        Assert.Equal(("token", "token"), (first.Kind, first.Data.GetProperty("kind").GetString()));
        Assert.EndsWith(
            "(a) made by an operator",
            first.Data.GetProperty("text").GetString(),
            StringComparison.Ordinal
        );
        foreach (var name in (string[])["b", "c"])
            await caller.AskAsync("POST", "api/v1/tokens", $$"""{"name":"{{name}}"}""", HttpStatusCode.Created);
        await caller.Gateway.StopAsync();
        Assert.Equal(["(b)", "(c)"], [(await reader.NextAsync()).Word, (await reader.NextAsync()).Word]);

        await caller.Gateway.StartAsync();
        var again = new AdminCaller(caller.Gateway); // a caller of the gateway as it listens now
        using var resumed = await EventReader.OpenAsync(again, first.Id);
        Assert.Equal(["(b)", "(c)"], [(await resumed.NextAsync()).Word, (await resumed.NextAsync()).Word]);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (
                await again.CallAsync(
                    "GET",
                    "api/v1/events",
                    null,
                    ("Accept", "text/event-stream"),
                    ("Last-Event-ID", "x")
                )
            ).Status
        );
        var page = await again.AskAsync("GET", $"api/v1/events?after={first.Id}&limit=1");
        Assert.Equal(1, page.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task What_it_does_not_take_it_says()
    {
        await using var caller = await AdminCaller.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await caller.CallAsync("GET", "api/v1/nowhere")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await caller.CallAsync("GET", "elsewhere")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await caller.CallAsync("GET", "r/node/add")).Status);
        var (status, text) = await caller.CallAsync("PUT", "api/v1/nodes");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, status);
        Assert.Contains("GET, POST", text, StringComparison.Ordinal);
        using var form = new FormUrlEncodedContent([new("url", "http://10.0.0.9:3000")]);
        Assert.Equal(HttpStatusCode.BadRequest, (await caller.Http.PostAsync("api/v1/nodes", form, Ct)).StatusCode);
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge,
            (await caller.CallAsync("POST", "api/v1/nodes", $$"""{"url":"{{new string('x', 70_000)}}"}""")).Status
        );
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await caller.CallAsync("POST", "api/v1/nodes", """{"url":"ftp://x"}""")).Status
        );
        var health = await caller.AskAsync("GET", "api/v1/health");
        Assert.Equal(
            (true, OwnVersion.Text),
            (health.GetProperty("ready").GetBoolean(), health.GetProperty("version").GetString())
        );
    }

    [Fact]
    public async Task Every_path_is_documented()
    {
        await using var caller = await AdminCaller.StartAsync();
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Folder, "docs", "gateway.md"), Ct);
        var paths = (await caller.AskAsync("GET", "api/v1"))
            .GetProperty("paths")
            .EnumerateArray()
            .Select(path =>
                $"| `{path.GetProperty("method").GetString()} "
                + $"{path.GetProperty("path").GetString()!["/api/v1".Length..]}` | "
                + $"{path.GetProperty("meaning").GetString()} |"
            )
            .Skip(1)
            .ToList();
        Assert.True(paths.Count > 20);
        Assert.All(paths, path => Assert.Contains(path, text, StringComparison.Ordinal));
    }

    private static IEnumerable<Guid> Ids(JsonElement page) =>
        page.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("id").GetGuid());
}
