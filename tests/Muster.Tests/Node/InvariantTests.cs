using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Muster.Node.Engines;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>
/// What clients of the NodeODM API rely on, by the numbers of the list of invariants. The gateway's own stand with the
/// gateway.
/// </summary>
public sealed class InvariantTests
{
    [Fact]
    public async Task I01_Json_is_called_json()
    {
        await using var node = await StartAsync();
        foreach (var path in new[] { "info", "options", "task/list", "auth/info", "task/none/info" })
            await node.GetAsync(path); // the helper looks at the type
    }

    [Fact]
    public async Task I02_to_I04_A_nodes_description_fits_into_what_clients_keep()
    {
        await using var node = await StartAsync(change: settings => settings with { MaxImages = 500 });
        var info = await node.GetAsync("info");
        Assert.Matches(@"^\d+\.\d+\.\d+$", info.GetProperty("version").GetString());
        Assert.True(Version.Parse(info.GetProperty("version").GetString()!) >= new Version(1, 5, 1));
        Assert.Equal(0, info.GetProperty("taskQueueCount").GetInt32());
        Assert.Equal(500, info.GetProperty("maxImages").GetInt32());
        Assert.InRange(info.GetProperty("engine").GetString()!.Length, 1, 255);
        Assert.InRange(info.GetProperty("engineVersion").GetString()!.Length, 1, 32);
        Assert.True(info.GetProperty("availableMemory").GetInt64() <= info.GetProperty("totalMemory").GetInt64());
        Assert.True(info.GetProperty("cpuCores").GetInt32() > 0);

        await using var unlimited = await StartAsync();
        Assert.Equal(JsonValueKind.Null, (await unlimited.GetAsync("info")).GetProperty("maxImages").ValueKind);
    }

    [Fact]
    public async Task I05_An_option_has_exactly_five_keys()
    {
        await using var node = await StartAsync();
        foreach (var option in (await node.GetAsync("options")).EnumerateArray())
        {
            Assert.Equal(
                ["domain", "help", "name", "type", "value"],
                option.EnumerateObject().Select(key => key.Name).Order(StringComparer.Ordinal)
            );
            Assert.Equal(JsonValueKind.String, option.GetProperty("value").ValueKind);
            Assert.True(option.GetProperty("domain").ValueKind is JsonValueKind.String or JsonValueKind.Array);
        }
    }

    [Fact]
    public async Task I06_A_task_has_all_its_keys_from_the_first_moment_to_the_last()
    {
        await using var node = await StartAsync(new TestEngine(new() { Takes = TimeSpan.FromMilliseconds(300) }));
        var uuid = await node.CommitAsync(("options", """[{"name":"dsm","value":"true"}]"""));
        for (var ended = false; !ended; )
        {
            var info = await node.InfoAsync(uuid);
            Assert.Equal("field", info.GetProperty("name").GetString());
            Assert.True(info.GetProperty("dateCreated").GetInt64() > 1_700_000_000_000);
            Assert.True(info.GetProperty("processingTime").GetInt64() >= -1);
            Assert.Contains(Code(info), new[] { 10, 20, 40 });
            Assert.False(info.GetProperty("status").TryGetProperty("errorMessage", out _));
            Assert.True(info.GetProperty("options")[0].GetProperty("value").GetBoolean());
            Assert.Equal(2, info.GetProperty("imagesCount").GetInt32());
            Assert.InRange(info.GetProperty("progress").GetDouble(), 0, 100);
            ended = Code(info) == 40;
        }

        var nameless = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        await node.PostAsync($"task/new/upload/{nameless}", Photos(("a.jpg", Bytes(9))));
        await node.PostAsync($"task/new/commit/{nameless}");
        Assert.StartsWith(
            "Task of 2",
            (await node.InfoAsync(nameless)).GetProperty("name").GetString(),
            StringComparison.Ordinal
        );

        await using var failing = await StartAsync(new TestEngine(new() { FailTasks = true }));
        var failed = await failing.EndAsync(await failing.CommitAsync());
        Assert.Equal(
            (30, "Cannot process dataset"),
            (Code(failed), failed.GetProperty("status").GetProperty("errorMessage").GetString())
        );
    }

    [Fact]
    public async Task I07_Output_is_a_list_of_lines_that_is_cut_as_JavaScript_cuts_it()
    {
        await using var node = await StartAsync();
        var uuid = await node.CommitAsync();
        await node.EndAsync(uuid);
        var all = await node.OutputAsync(uuid);
        Assert.Equal(278, all.Count);
        Assert.Equal(all.TakeLast(9), await node.OutputAsync(uuid, "-9"));
        Assert.Equal(all.Skip(270), await node.OutputAsync(uuid, "270"));
        Assert.Empty(await node.OutputAsync(uuid, "1000"));
        Assert.Equal(all, await node.OutputAsync(uuid, "x"));
        Assert.Equal(
            3,
            (await node.GetAsync($"task/{uuid}/info?with_output=-3")).GetProperty("output").GetArrayLength()
        );
        Assert.Equal(
            278,
            (await node.GetAsync($"task/{uuid}/info?with_output=")).GetProperty("output").GetArrayLength()
        );
        Assert.False((await node.InfoAsync(uuid)).TryGetProperty("output", out _));
    }

    [Fact]
    public async Task I08_The_list_names_tasks_in_the_order_they_came()
    {
        await using var node = await StartAsync();
        string[] uuids = [await node.CommitAsync(), await node.CommitAsync()];
        var list = await node.GetAsync("task/list");
        Assert.Equal(uuids, list.EnumerateArray().Select(task => task.EnumerateObject().Single().Value.GetString()));
    }

    [Fact]
    public async Task I09_Actions_take_every_kind_of_body()
    {
        await using var node = await StartAsync();
        var uuid = await node.CommitAsync();
        await node.EndAsync(uuid);
        HttpContent[] bodies =
        [
            Uuid(uuid),
            new StringContent($$"""{"uuid":"{{uuid}}"}""", Encoding.UTF8, "application/json"),
            Form(("uuid", uuid)),
        ];
        foreach (var body in bodies)
        {
            Assert.Equal("""{"success":true}""", (await node.PostAsync("task/restart", body)).ToString());
            await node.EndAsync(uuid);
        }
        Assert.Equal(
            """{"success":true}""",
            (
                await node.PostAsync(
                    "task/remove",
                    new StringContent($$"""{"uuid":"{{uuid}}"}""", Encoding.UTF8, "application/json")
                )
            ).ToString()
        );
        Assert.Equal(
            $$"""{"success":false,"error":"{{uuid}} not found"}""",
            (await node.PostAsync("task/cancel", Uuid(uuid))).ToString()
        );
        Assert.Equal("""{"error":"uuid param missing."}""", (await node.PostAsync("task/cancel")).ToString());
    }

    [Fact]
    public async Task I12_A_wrong_token_is_refused_in_the_words_that_clients_match()
    {
        await using var node = await StartAsync(change: settings => settings with { Token = "right" });
        const string refusal = """{"error":"Invalid authentication token: token does not match."}""";
        foreach (
            var path in new[]
            {
                "info",
                "options",
                "task/list",
                "task/x/info",
                "task/x/output",
                "task/x/download/all.zip",
                "info?token=",
                "info?token=wrong",
            }
        )
            Assert.Equal(refusal, (await node.GetAsync(path)).ToString());
        foreach (
            var path in new[]
            {
                "task/new",
                "task/new/init",
                "task/new/upload/x",
                "task/new/commit/x",
                "task/cancel",
                "task/remove",
                "task/restart",
            }
        )
            Assert.Equal(refusal, (await node.PostAsync(path)).ToString());
        Assert.True((await node.GetAsync("info?token=right")).TryGetProperty("version", out _));
        Assert.Equal(
            """{"message":"","loginUrl":null,"registerUrl":null}""",
            (await node.GetAsync("auth/info")).ToString()
        );

        await using var elsewhere = await StartAsync(change: settings =>
            settings with
            {
                Token = "right",
                AuthorizedIps = ["192.0.2.1"],
            }
        );
        Assert.Equal(
            """{"error":"Invalid authentication IP: IP is not one of authorized IPs."}""",
            (await elsewhere.GetAsync("info?token=right")).ToString()
        );
    }

    [Fact]
    public async Task I14_I17_What_is_not_known_is_an_error_with_status_200()
    {
        await using var node = await StartAsync();
        Assert.Equal("""{"error":"nobody not found"}""", (await node.GetAsync("task/nobody/info")).ToString());
        Assert.Equal("""{"error":"nobody not found"}""", (await node.GetAsync("task/nobody/output")).ToString());
        Assert.Equal(
            """{"error":"nobody not found"}""",
            (await node.GetAsync("task/nobody/download/all.zip")).ToString()
        );
        Assert.Equal(
            """{"success":false,"error":"nobody not found"}""",
            (await node.PostAsync("task/restart", Uuid("nobody"))).ToString()
        );
        Assert.Equal(
            """{"error":"Invalid uuid (not found)","noRetry":true}""",
            (await node.PostAsync("task/new/upload/nobody", Photos(("a.jpg", Bytes(2))))).ToString()
        );
        Assert.Equal(
            """{"error":"Invalid uuid (not found)"}""",
            (await node.PostAsync("task/new/commit/nobody")).ToString()
        );
        // Handed in by half is not known yet.
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        Assert.Equal($$"""{"error":"{{uuid}} not found"}""", (await node.InfoAsync(uuid)).ToString());
    }

    [Fact]
    public async Task I30_Descriptions_come_at_once_while_much_is_uploaded()
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        var uploads = Enumerable
            .Range(0, 8)
            .Select(seed => node.PostAsync($"task/new/upload/{uuid}", Photos(($"{seed}.jpg", Bytes(8 << 20, seed)))))
            .ToList();
        using var unfinished = new TcpClient();
        await unfinished.ConnectAsync(IPAddress.Loopback, node.Server.Address.Port, Ct);
        await unfinished
            .GetStream()
            .WriteAsync(
                Encoding.ASCII.GetBytes(
                    $"POST /task/new/upload/{uuid} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "
                        + $"boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\nContent-Disp"
                ),
                Ct
            );
        do await node.GetAsync("info");
        while (!Task.WhenAll(uploads).IsCompleted);
        await Task.WhenAll(uploads);
    }

    [Fact]
    public async Task I31_The_page_needs_no_token_and_unknown_paths_are_404()
    {
        await using var node = await StartAsync(change: settings => settings with { Token = "t" });
        Assert.Contains("id=\"page\"", await node.Http.GetStringAsync("", Ct), StringComparison.Ordinal);
        using var swagger = JsonDocument.Parse(await node.Http.GetStringAsync("swagger.json", Ct));
        Assert.True(swagger.RootElement.GetProperty("paths").TryGetProperty("/task/new/init", out _));
        using var unknown = await node.Http.GetAsync("nothing/here", Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task I32_Browsers_may_call_from_any_origin()
    {
        await using var node = await StartAsync(change: settings => settings with { Token = "right" });
        using var plain = await node.Http.GetAsync("info", Ct);
        Assert.Equal("*", plain.Headers.GetValues("Access-Control-Allow-Origin").Single());
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "task/new/init");
        preflight.Headers.Add("Origin", "https://example.org");
        preflight.Headers.Add("Access-Control-Request-Headers", "set-uuid");
        using var allowed = await node.Http.SendAsync(preflight, Ct);
        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal(
            ("https://example.org", "true", "set-uuid", "GET,HEAD,PUT,PATCH,POST,DELETE"),
            (
                allowed.Headers.GetValues("Access-Control-Allow-Origin").Single(),
                allowed.Headers.GetValues("Access-Control-Allow-Credentials").Single(),
                allowed.Headers.GetValues("Access-Control-Allow-Headers").Single(),
                allowed.Headers.GetValues("Access-Control-Allow-Methods").Single()
            )
        );
    }

    [Fact]
    public async Task I32_Where_no_token_is_asked_for_pages_get_nothing_that_a_browser_adds_by_itself()
    {
        await using var node = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "info")
        {
            Headers = { { "Origin", "https://example.org" } },
        };
        using var answer = await node.Http.SendAsync(request, Ct);
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
    }
}
