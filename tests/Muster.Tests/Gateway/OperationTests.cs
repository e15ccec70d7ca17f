using System.Text.RegularExpressions;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>What those who run it, and their machines, ask.</summary>
public sealed partial class OperationTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_lives_and_is_ready_without_any_node_and_whoever_asks()
    {
        await using var gateway = await TestGateway.StartAsync(options => options with { Token = "s3cret" });
        gateway.Host.Fleet.Add(new("http://127.0.0.1:1/"), "");
        Assert.Equal("ok\n", await gateway.Http.GetStringAsync("healthz", Ct));
        Assert.Equal("ready\n", await gateway.Http.GetStringAsync("readyz", Ct));
    }

    [Fact]
    public async Task Metrics_are_as_Prometheus_reads_them_and_the_same_at_the_admin_door()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Slots = 2 });
        await using var gateway = await TestGateway.StartAsync(options => options with { Admin = new(0) }, node);
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        using var response = await gateway.Http.GetAsync("metrics", Ct);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.Matches(Line(), line));
        Assert.Contains(
            "\n# TYPE muster_placing_seconds_total counter\nmuster_placing_seconds_total ",
            text,
            StringComparison.Ordinal
        );
        foreach (
            var line in (string[])
                [
                    "muster_nodes{online=\"true\"} 1",
                    "muster_slots 2",
                    "muster_slots_held 0",
                    "muster_tasks_known 1",
                    "muster_events_total{kind=\"completed\"} 1",
                ]
        )
            Assert.Contains($"\n{line}\n", text, StringComparison.Ordinal);
        using var http = new HttpClient { BaseAddress = gateway.Host.Doors!.Web };
        Assert.Equal(text, await http.GetStringAsync("api/v1/metrics", Ct));
    }

    [Theory, InlineData("X-Forwarded-For", "203.0.113.9"), InlineData("Forwarded", "for=203.0.113.9")]
    public async Task Metrics_do_not_leave_the_machine_through_a_proxy(string name, string value)
    {
        await using var gateway = await TestGateway.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics") { Headers = { { name, value } } };
        using var response = await gateway.Http.SendAsync(request, Ct);
        Assert.Equal("""{"error":"Cannot handle /metrics"}""", await response.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task The_log_tells_what_becomes_of_tasks_and_nodes()
    {
        await using var node = await ScriptedNode.StartAsync(new() { FailsWith = "Cannot process dataset" });
        await using var gateway = new GatewayProcess("--node", node.Url.ToString(), "--poll-every", "0.1s");
        await gateway.StartAsync("options");
        var client = new NodeOdmClient(
            NodeOdmClient.Connections(),
            gateway.Address,
            null,
            TestGateway.Patience,
            TimeProvider.System
        );
        var id = TestGateway.Said(
            await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "north field" }, Ct)
        );
        TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("a.jpg", [1])], Ct));
        TestGateway.Said(await client.CommitAsync(id, Ct));
        string[] wanted =
        [
            $"information node: 127.0.0.1:{node.Port} answers",
            "information queued: north field: 1 files",
            "information placed: north field",
            "warning     failed: north field: Cannot process dataset",
        ];
        for (
            var began = TimeProvider.System.GetTimestamp();
            !wanted.All(text => gateway.Notes.Contains(text, StringComparison.Ordinal));
            await Task.Delay(20, Ct)
        )
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TestGateway.Patience, gateway.Notes);
    }

    [GeneratedRegex("""^(# (HELP|TYPE) muster_[a-z_]+ .+|muster_[a-z_]+(\{[a-z]+="[a-z]+"\})? [0-9.E+-]+)$""")]
    private static partial Regex Line();
}
