using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// Accounts that another server keeps: it says who may come in, approves tasks and is told their end.
/// </summary>
public sealed class LightningTests
{
    private readonly ConcurrentQueue<(string Path, JsonElement Body)> _asked = [];
    private string _approval = """{"approved":true}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_is_validated_once_and_its_limits_hold()
    {
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await GatewayAsync(server, node);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.GetAsync("info", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.GetAsync("info?token=bad", Ct)).StatusCode);
        for (var n = 0; n < 3; n++)
            Assert.Equal(7, (await gateway.GetAsync("info?token=good")).GetProperty("maxImages").GetInt32());
        Assert.Equal(2, _asked.Count(call => call.Path == "/r/tokens/validate"));
        Assert.Equal(
            new Uri(server.Url, "r/auth/getToken").ToString(),
            (await gateway.GetAsync("auth/info")).GetProperty("loginUrl").GetString()
        );
    }

    [Fact]
    public async Task A_task_is_approved_before_it_is_queued_and_its_end_is_told()
    {
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await GatewayAsync(server, node);
        _approval = """{"approved":false,"error":"Not enough credits"}""";
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            gateway.SubmitAsync(files: 3, token: "good")
        );
        Assert.Contains("Not enough credits", refused.Message, StringComparison.Ordinal);
        _approval = """{"approved":true}""";
        var task = await gateway.SubmitAsync(files: 3, token: "good");
        Assert.Equal(
            3,
            _asked.Last(call => call.Path == "/r/tasks/approve").Body.GetProperty("imagesCount").GetInt32()
        );
        await gateway.UntilAsync(task, TaskCode.Completed, "good");
        await gateway.UntilAsync(() => !gateway.TaskOf(task).FinishDue);
        var (_, body) = Assert.Single(_asked, call => call.Path == "/r/tasks/finished");
        Assert.Equal("good", body.GetProperty("token").GetString());
        Assert.Equal(
            40,
            JsonDocument
                .Parse(body.GetProperty("taskInfo").GetString()!)
                .RootElement.GetProperty("status")
                .GetProperty("code")
                .GetInt32()
        );
    }

    [Fact]
    public async Task An_archive_at_an_address_is_approved_like_any_upload()
    {
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        using var bytes = new MemoryStream();
        using (
            var archive = new System.IO.Compression.ZipArchive(
                bytes,
                System.IO.Compression.ZipArchiveMode.Create,
                leaveOpen: true
            )
        )
            foreach (var name in (string[])["a.jpg", "b.jpg"])
                archive.CreateEntry(name).Open().Dispose();
        await using var files = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    await http.Response.Body.WriteAsync(bytes.ToArray(), Ct);
                    return true;
                },
            }
        );
        await using var gateway = await TestGateway.StartAsync(
            options =>
                options with
                {
                    Provider = "lightning",
                    LightningUrl = new(server.Url, "r/"),
                    AllowPrivateAddresses = true,
                },
            node
        );
        async Task<Guid> SubmitAsync()
        {
            using var form = new MultipartFormDataContent
            {
                { new StringContent(new Uri(files.Url, "x.zip").ToString()), "zipurl" },
                { new StringContent("x"), "name" },
            };
            return Guid.Parse((await gateway.PostAsync("task/new?token=good", form)).GetProperty("uuid").GetString()!);
        }
        _approval = """{"approved":false,"error":"Not enough credits"}""";
        Assert.Equal(
            "Not enough credits",
            (await gateway.UntilAsync(await SubmitAsync(), TaskCode.Failed, "good")).Status.ErrorMessage
        );
        Assert.Equal(
            2,
            _asked.Last(call => call.Path == "/r/tasks/approve").Body.GetProperty("imagesCount").GetInt32()
        );
        _approval = """{"approved":true}""";
        await gateway.UntilAsync(await SubmitAsync(), TaskCode.Completed, "good");
    }

    [Fact]
    public async Task I12_while_the_server_is_silent_known_tokens_stay_good_and_unknown_ones_are_dropped_not_refused()
    {
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await GatewayAsync(server, node);
        await gateway.GetAsync("info?token=good");
        await server.DieAsync();
        await gateway.GetAsync("info?token=good");
        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Http.GetAsync("info?token=other", Ct));
    }

    private static Task<TestGateway> GatewayAsync(ScriptedNode server, ScriptedNode node) =>
        TestGateway.StartAsync(
            options => options with { Provider = "lightning", LightningUrl = new(server.Url, "r/") },
            node
        );

    private Task<ScriptedNode> ServerAsync() =>
        ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    var body = JsonDocument
                        .Parse(await new StreamReader(http.Request.Body).ReadToEndAsync(Ct))
                        .RootElement.Clone();
                    _asked.Enqueue((http.Request.Path.Value!, body));
                    var answer = http.Request.Path.Value switch
                    {
                        "/r/tokens/validate" => body.GetProperty("token").GetString() == "good"
                            ? """{"valid":true,"limits":{"maxImages":7,"options":{"split":{"remove":true}}}}"""
                            : """{"valid":false}""",
                        "/r/tasks/approve" => _approval,
                        _ => "{}",
                    };
                    await http.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer), Ct);
                    return true;
                },
            }
        );
}
