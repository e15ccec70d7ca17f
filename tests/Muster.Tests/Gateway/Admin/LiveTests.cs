using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>What pages are fed with: how things stand as it changes, exact lists, where a task's time went.</summary>
public sealed class LiveTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_begins_with_how_things_stand_and_tells_what_changes_of_the_tasks_in_sight()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var caller = await AdminCaller.StartAsync("", node);
        var seen = await caller.Gateway.SubmitAsync(name: "seen");
        await caller.Gateway.UntilAsync(seen, TaskCode.Completed);
        using var live = await OpenAsync(caller, $"tasks={seen}&log={seen}:0");
        var hello = await live.UntilAsync("hello");
        Assert.False(hello.GetProperty("resumed").GetBoolean());
        Assert.Equal(seen, (await live.UntilAsync("tasks")).GetProperty("changed")[0].GetProperty("id").GetGuid());
        var log = await live.UntilAsync("log");
        Assert.Equal((seen, 0), (log.GetProperty("task").GetGuid(), log.GetProperty("from").GetInt32()));
        Assert.True(log.GetProperty("lines").GetArrayLength() > 0);
        Assert.Equal(1, (await live.UntilAsync("counts")).GetProperty("nodes_online").GetInt32());
        Assert.Equal(
            "online",
            (await live.UntilAsync("nodes")).GetProperty("changed")[0].GetProperty("state").GetString()
        );

        await caller.Gateway.SubmitAsync(name: "other");
        Assert.True((await live.UntilAsync("tasks")).GetProperty("others").GetInt32() > 0);
        await caller.AskAsync("DELETE", $"api/v1/tasks/{seen}");
        while ((await live.UntilAsync("tasks")).GetProperty("gone").GetArrayLength() == 0) { }
        await caller.AskAsync("DELETE", $"api/v1/nodes/127.0.0.1:{node.Port}");
        while ((await live.UntilAsync("nodes")).GetProperty("gone").GetArrayLength() == 0) { }
    }

    [Fact]
    public async Task A_reader_that_comes_back_misses_nothing_or_is_told_to_read_anew()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var caller = await AdminCaller.StartAsync("", node);
        string last;
        using (var live = await OpenAsync(caller, ""))
        {
            await live.UntilAsync("hello");
            last = live.Last;
        }
        var id = await caller.Gateway.SubmitAsync(name: "meanwhile");
        using (var again = await OpenAsync(caller, $"tasks={id}", last))
        {
            Assert.True((await again.UntilAsync("hello")).GetProperty("resumed").GetBoolean());
            Assert.Equal(id, (await again.UntilAsync("tasks")).GetProperty("changed")[0].GetProperty("id").GetGuid());
        }
        await caller.Gateway.StopAsync();
        await caller.Gateway.StartAsync();
        var anew = new AdminCaller(caller.Gateway); // of the gateway as it listens now
        using var other = await OpenAsync(anew, "", last);
        Assert.False((await other.UntilAsync("hello")).GetProperty("resumed").GetBoolean());
        foreach (var wrong in (string[])["tasks=x", "log=x:1", $"log={id}:-1", $"log={id}"])
            await anew.AskAsync("GET", $"api/v1/live?{wrong}", status: HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Lists_are_sorted_gone_on_with_and_counted_exactly()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(1) });
        await using var caller = await AdminCaller.StartAsync("", node);
        var sizes = new Dictionary<Guid, int>();
        foreach (var files in (int[])[2, 5, 3, 5, 1])
            sizes[await caller.Gateway.SubmitAsync(files, name: $"field of {files}-photos")] = files;
        foreach (var sort in (string[])["images", "-images", "created", "-created"])
        {
            var (all, after) = (new List<Guid>(), "");
            do
            {
                var page = await caller.AskAsync("GET", $"api/v1/tasks?sort={sort}&limit=2&count=1&after={after}");
                Assert.Equal(5, page.GetProperty("total").GetInt32());
                all.AddRange(
                    page.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("id").GetGuid())
                );
                after = page.TryGetProperty("after", out var next) ? next.GetString() : null;
            } while (after is not null);
            Assert.Equal(5, all.Distinct().Count());
            var order = sort.EndsWith("images", StringComparison.Ordinal)
                ? all.Select(id => sizes[id]).ToList()
                : [.. all.Select(id => sizes.Keys.ToList().IndexOf(id))];
            Assert.Equal(sort[0] == '-' ? order.OrderDescending() : order.Order(), order);
        }
        var found = await caller.AskAsync("GET", "api/v1/tasks?q=FIELD 5-photos&count=1&state=failed");
        Assert.Equal(0, found.GetProperty("total").GetInt32());
        var states = found.GetProperty("states");
        Assert.Equal(2, states.GetProperty("queued").GetInt32() + states.GetProperty("running").GetInt32());
        foreach (var wrong in (string[])["sort=name", "after=x", "parent=x", "from=x"])
            await caller.AskAsync("GET", $"api/v1/tasks?{wrong}", status: HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_tasks_timeline_has_no_gap_and_ends_with_its_end()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var caller = await AdminCaller.StartAsync("", node);
        var id = await caller.Gateway.SubmitAsync();
        await caller.Gateway.UntilAsync(id, TaskCode.Completed);
        var spans = (await caller.AskAsync("GET", $"api/v1/tasks/{id}/timeline"))
            .GetProperty("spans")
            .EnumerateArray()
            .ToList();
        var phases = spans.Select(span => span.GetProperty("phase").GetString()).ToList();
        Assert.Equal(["receiving", "queued", "sending"], phases.Take(3));
        Assert.Equal("completed", phases[^1]);
        for (var n = 1; n < spans.Count; n++)
            Assert.Equal(spans[n - 1].GetProperty("to").GetString(), spans[n].GetProperty("from").GetString());
        Assert.False(spans[^1].TryGetProperty("to", out _));
        Assert.Equal($"127.0.0.1:{node.Port}", spans[2].GetProperty("node").GetString());
        await caller.AskAsync("GET", $"api/v1/tasks/{Guid.NewGuid()}/timeline", status: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_node_is_asked_who_it_is_and_nothing_is_added()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Slots = 3 });
        await using var caller = await AdminCaller.StartAsync();
        var trial = await TryAsync(caller, $"127.0.0.1:{node.Port}");
        Assert.Equal(
            (true, "odm", 3),
            (
                trial.GetProperty("answers").GetBoolean(),
                trial.GetProperty("engine").GetString(),
                trial.GetProperty("slots").GetInt32()
            )
        );
        Assert.Empty(caller.Gateway.Host.Fleet.Nodes);
        var away = await TryAsync(caller, "127.0.0.1:9");
        Assert.False(away.GetProperty("answers").GetBoolean());
        Assert.NotEqual("", away.GetProperty("fault").GetString());
        caller.Gateway.Host.Fleet.Add(node.Url, "");
        Assert.Equal(
            $"127.0.0.1:{node.Port}",
            (await TryAsync(caller, $"127.0.0.1:{node.Port}")).GetProperty("known").GetString()
        );
        await caller.AskAsync("POST", "api/v1/nodes/try", """{"url":"ftp://x"}""", HttpStatusCode.BadRequest);
    }

    private static Task<JsonElement> TryAsync(AdminCaller caller, string url) =>
        caller.AskAsync("POST", "api/v1/nodes/try", $$"""{"url":"{{url}}"}""");

    private static async Task<Stream> OpenAsync(AdminCaller caller, string query, string? last = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/v1/live?{query}");
        if (last is not null)
            request.Headers.Add("Last-Event-ID", last);
        var answer = await caller.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var parser = SseParser.Create(await answer.Content.ReadAsStreamAsync(Ct));
        return new(answer, parser.EnumerateAsync(Ct).GetAsyncEnumerator(Ct));
    }

    private sealed record Stream(HttpResponseMessage Answer, IAsyncEnumerator<SseItem<string>> All) : IDisposable
    {
        public string Last { get; private set; } = "";

        /// <summary>The next message of a kind; those before it are passed over.</summary>
        public async Task<JsonElement> UntilAsync(string kind)
        {
            while (await All.MoveNextAsync())
            {
                Last = All.Current.EventId ?? Last;
                if (All.Current.EventType == kind)
                    return JsonElement.Parse(All.Current.Data);
            }
            throw new InvalidOperationException($"it ended before it said {kind}");
        }

        public void Dispose() => Answer.Dispose();
    }
}
