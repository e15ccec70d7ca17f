using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Gateway.Telemetry;

/// <summary>What a collector of OpenTelemetry gets, read from the bytes that arrive there.</summary>
public sealed class CollectorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_collector_gets_the_numbers_of_the_metrics_page_and_each_tasks_phases()
    {
        await using var there = await Receiver.StartAsync();
        await using var refuses = await ScriptedNode.StartAsync(new() { MaxImages = 10, RefusesWith = "Disk is full" });
        await using var node = await ScriptedNode.StartAsync(new() { MaxImages = 20 });
        await using var gateway = new GatewayProcess(
            "--node",
            refuses.Url.ToString(),
            "--node",
            node.Url.ToString(),
            "--poll-every",
            "0.1s",
            "--token",
            "client-secret"
        )
        {
            Environment =
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = there.Address,
                ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=collector-secret",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
                ["OTEL_RESOURCE_ATTRIBUTES"] = "site=field",
            },
        };
        await gateway.StartAsync("options?token=client-secret");
        var id = await SubmitAsync(gateway, "north field");
        await UntilAsync(() => there.Spans().Any(span => span.Text(5) == "task"));

        var spans = there.Spans().ToList();
        var whole = spans.Single(span => span.Text(5) == "task");
        var parts = spans.Where(span => span != whole).OrderBy(span => span.Number(7)).ToList();
        Assert.Equal(
            ["queued", "sending", "queued", "sending", "running", "collecting"],
            parts.Select(part => part.Text(5))
        );
        Assert.All(spans, span => Assert.Equal(id.ToString("N"), Convert.ToHexStringLower(span.Bytes(1))));
        Assert.All(parts, part => Assert.Equal(whole.Bytes(2), part.Bytes(4)));
        Assert.False(whole.Has(4), "it has a parent that nobody sent");
        for (var n = 1; n < parts.Count; n++)
            Assert.Equal(parts[n - 1].Number(8), parts[n].Number(7));
        Assert.Equal((whole.Number(7), whole.Number(8)), (parts[0].Number(7), parts[^1].Number(8)));
        Assert.Equal(
            [$"127.0.0.1:{refuses.Port}", $"127.0.0.1:{node.Port}", $"127.0.0.1:{node.Port}", $"127.0.0.1:{node.Port}"],
            parts.Select(part => part.Pairs(9).GetValueOrDefault("muster.node")).OfType<string>()
        );
        var tags = whole.Pairs(9);
        Assert.Equal(
            (id.ToString(), "north field", "completed", "1", "1"),
            (
                tags["muster.task.id"],
                tags["muster.task.name"],
                tags["muster.task.outcome"],
                tags["muster.task.images"],
                tags["muster.task.retries"]
            )
        );
        Assert.Equal(("muster-gateway", "field"), (there.Resource["service.name"], there.Resource["site"]));

        using var http = new HttpClient { BaseAddress = gateway.Address };
        var page = (await http.GetStringAsync("metrics", Ct))
            .Split('\n')
            .Where(line =>
                line.Length > 0 && line[0] != '#' && !line.StartsWith("muster_queue_seconds", StringComparison.Ordinal)
            )
            .Order(StringComparer.Ordinal)
            .ToList();
        await UntilAsync(() =>
            page.SequenceEqual(
                there
                    .LastSamples()
                    .Where(line => !line.StartsWith("muster_queue_seconds", StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal)
            )
        );
        Assert.Contains("muster_events_total{kind=\"retry\"} 1", page);
        Assert.All(there.Keys, key => Assert.Equal("collector-secret", key));
        Assert.DoesNotContain("secret", gateway.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_not_been_sent_goes_out_at_the_end_and_a_failed_task_says_why()
    {
        await using var there = await Receiver.StartAsync();
        await using var node = await ScriptedNode.StartAsync(new() { FailsWith = "Cannot process dataset" });
        await using var gateway = new GatewayProcess("--node", node.Url.ToString(), "--poll-every", "0.1s")
        {
            Environment =
            {
                ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{there.Address}v1/traces",
                ["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = "x-key=its-own",
                ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=common",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "600000",
            },
        };
        await gateway.StartAsync("options");
        var id = await SubmitAsync(gateway, "x");
        var client = ClientOf(gateway, null);
        await UntilAsync(async () =>
            TestGateway.Said(await client.TaskInfoAsync(id.ToString(), null, Ct)).Status.Code == TaskCode.Failed
        );
        Assert.Empty(there.Spans());
        Assert.Equal(0, await gateway.StopAsync());
        var status = there.Spans().Single(span => span.Text(5) == "task").Below(15).Single();
        Assert.Equal((2UL, "Cannot process dataset"), (status.Number(3), status.Text(2)));
        Assert.Empty(there.LastSamples());
        Assert.All(there.Keys, key => Assert.Equal("its-own", key));
    }

    [Fact]
    public async Task It_speaks_gRPC_where_it_is_told_to()
    {
        await using var there = await Receiver.StartAsync(HttpProtocols.Http2);
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = new GatewayProcess("--node", node.Url.ToString(), "--poll-every", "0.1s")
        {
            Environment =
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = there.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
            },
        };
        await gateway.StartAsync("options");
        await SubmitAsync(gateway, "x");
        await UntilAsync(() =>
            there.Spans().Any(span => span.Text(5) == "task") && there.LastSamples().Contains("muster_slots 1")
        );
        Assert.DoesNotContain("could not be sent", gateway.Notes, StringComparison.Ordinal);
    }

    [
        Theory,
        InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector-secret", "is no address of a collector"),
        InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "ftp://x", "is no address of a collector"),
        InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "http/protobuf or grpc")
    ]
    public async Task What_it_cannot_use_it_names(string name, string value, string said)
    {
        await using var gateway = new GatewayProcess("--engine", "none")
        {
            Environment = { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1" },
        };
        gateway.Environment[name] = value;
        Assert.Equal(2, await gateway.EndAsync());
        Assert.Contains(said, gateway.Notes, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", gateway.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_is_away_is_told_and_keeps_nobody_waiting()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = new GatewayProcess("--node", node.Url.ToString(), "--poll-every", "0.1s")
        {
            Environment =
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://user:collector-secret@127.0.0.1:1",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
            },
        };
        await gateway.StartAsync("options");
        var id = await SubmitAsync(gateway, "x");
        var client = ClientOf(gateway, null);
        await UntilAsync(async () =>
            TestGateway.Said(await client.TaskInfoAsync(id.ToString(), null, Ct)).Status.Code == TaskCode.Completed
        );
        await UntilAsync(() => gateway.Notes.Contains("Telemetry could not be sent", StringComparison.Ordinal));
        Assert.DoesNotContain("secret", gateway.Notes, StringComparison.Ordinal);
        Assert.Equal(0, await gateway.StopAsync());
    }

    private static NodeOdmClient ClientOf(GatewayProcess gateway, string? token) =>
        new(NodeOdmClient.Connections(), gateway.Address, token, TestGateway.Patience, TimeProvider.System);

    private static async Task<Guid> SubmitAsync(GatewayProcess gateway, string name)
    {
        var client = ClientOf(gateway, "client-secret");
        var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = name }, Ct));
        TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("a.jpg", [1])], Ct));
        TestGateway.Said(await client.CommitAsync(id, Ct));
        return Guid.Parse(id);
    }

    private static Task UntilAsync(Func<bool> fact) => UntilAsync(() => Task.FromResult(fact()));

    private static async Task UntilAsync(Func<Task<bool>> fact)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await fact(); await Task.Delay(20, Ct))
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TestGateway.Patience, "it did not come about");
    }

    /// <summary>A collector that keeps what it gets.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, Wire Body)> _got = [];
        private WebApplication? _web;

        public string Address { get; private set; } = "";
        public ConcurrentQueue<string> Keys { get; } = [];

        public static async Task<Receiver> StartAsync(HttpProtocols protocols = HttpProtocols.Http1)
        {
            var receiver = new Receiver();
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel =>
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols)
            );
            receiver._web = builder.Build();
            receiver._web.Run(receiver.TakeAsync);
            await receiver._web.StartAsync();
            receiver.Address = receiver._web.Urls.First() + "/";
            return receiver;
        }

        private async Task TakeAsync(HttpContext http)
        {
            using var bytes = new MemoryStream();
            await http.Request.Body.CopyToAsync(bytes);
            Keys.Enqueue(http.Request.Headers["x-key"].ToString());
            if (http.Request.ContentType == "application/grpc")
            {
                http.Response.ContentType = http.Request.ContentType;
                http.Response.AppendTrailer("grpc-status", "0");
                _got.Enqueue(
                    (
                        http.Request.Path.Value!.Contains(".trace.", StringComparison.Ordinal)
                            ? "/v1/traces"
                            : "/v1/metrics",
                        new(bytes.ToArray().AsSpan(5))
                    )
                );
            }
            else if (http.Request.ContentType == "application/x-protobuf")
            {
                _got.Enqueue((http.Request.Path.Value!, new(bytes.ToArray())));
            }
        }

        public IEnumerable<Wire> Spans() =>
            _got.Where(one => one.Path == "/v1/traces").SelectMany(one => one.Body.Below(1, 2, 2));

        public Dictionary<string, string> Resource => _got.First().Body.Below(1, 1).First().Pairs(1);

        /// <summary>The last measures, as the metrics page writes them.</summary>
        public IEnumerable<string> LastSamples() =>
            from metric in _got.LastOrDefault(one => one.Path == "/v1/metrics").Body?.Below(1, 2, 2) ?? []
            let counts = metric.Has(7)
            from point in metric.Below(counts ? 7 : 5, 1)
            let labels = string.Join(',', point.Pairs(7).Select(pair => $"{pair.Key}=\"{pair.Value}\""))
            select $"{metric.Text(1).Replace('.', '_')}{(counts ? "_total" : "")}{(labels.Length > 0 ? $"{{{labels}}}" : "")} {point.Double(4):R}";

        public async ValueTask DisposeAsync() => await _web!.DisposeAsync();
    }
}
