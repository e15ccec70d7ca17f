using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>What the clients of this API rely on, by the numbers of the specification.</summary>
public sealed partial class InvariantTests : IAsyncLifetime
{
    private static readonly string[] Fields =
    [
        "dateCreated",
        "imagesCount",
        "name",
        "options",
        "processingTime",
        "progress",
        "status",
        "uuid",
    ];

    private ScriptedNode _node = null!;
    private TestGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await ScriptedNode.StartAsync();
        _gateway = await TestGateway.StartAsync(options => options with { MoveAfter = TimeSpan.FromMinutes(5) }, _node);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task I01_every_answer_in_JSON_says_so()
    {
        var id = await _gateway.SubmitAsync();
        foreach (
            var path in (string[])
                [
                    "info",
                    "options",
                    "task/list",
                    $"task/{id}/info",
                    $"task/{id}/output",
                    "auth/info",
                    "nonsense",
                    $"task/{Guid.NewGuid()}/info",
                ]
        )
            await _gateway.GetAsync(path); // which checks it
    }

    [Fact]
    public async Task I02_the_version_is_three_numbers_and_new_enough()
    {
        var version = (await _gateway.GetAsync("info")).GetProperty("version").GetString()!;
        Assert.Matches(@"^\d+\.\d+\.\d+$", version);
        Assert.True(Version.Parse(version) >= new Version(1, 5, 1));
    }

    [Fact]
    public async Task I03_I04_the_node_description_fits_what_clients_store()
    {
        for (var n = 0; n < 3; n++)
            await _gateway.SubmitAsync();
        var info = await _gateway.GetAsync("info");
        Assert.InRange(info.GetProperty("taskQueueCount").GetInt64(), 0, int.MaxValue);
        Assert.Equal(JsonValueKind.Null, info.GetProperty("maxImages").ValueKind);
        Assert.InRange(info.GetProperty("maxParallelTasks").GetInt64(), 1, int.MaxValue);
        Assert.True(
            info.GetProperty("version").GetString()!.Length <= 32
                && info.GetProperty("engineVersion").GetString()!.Length <= 32
                && info.GetProperty("engine").GetString()!.Length <= 255
        );
        Assert.Equal(
            ("odm", "3.6.0"),
            (info.GetProperty("engine").GetString(), info.GetProperty("engineVersion").GetString())
        );
    }

    [Fact]
    public async Task I03_the_image_limit_is_that_of_the_largest_node()
    {
        await using var small = await ScriptedNode.StartAsync(new() { MaxImages = 10 });
        await using var large = await ScriptedNode.StartAsync(new() { MaxImages = 50 });
        await using var gateway = await TestGateway.StartAsync(small, large);
        Assert.Equal(50, (await gateway.GetAsync("info")).GetProperty("maxImages").GetInt32());
    }

    [Fact]
    public async Task I05_options_have_exactly_five_keys_and_their_value_is_a_string()
    {
        foreach (var option in (await _gateway.GetAsync("options")).EnumerateArray())
        {
            Assert.Equal(
                ["domain", "help", "name", "type", "value"],
                option.EnumerateObject().Select(member => member.Name).Order()
            );
            Assert.Equal(JsonValueKind.String, option.GetProperty("value").ValueKind);
            Assert.True(option.GetProperty("domain").ValueKind is JsonValueKind.String or JsonValueKind.Array);
        }
    }

    [Fact]
    public async Task I06_a_task_has_all_fields_from_the_first_moment_to_the_last()
    {
        _node.Takes = TimeSpan.FromMilliseconds(400);
        var id = await _gateway.SubmitAsync(name: "");
        JsonElement info;
        do
        {
            info = await _gateway.GetAsync($"task/{id}/info");
            Assert.Equal(Fields, info.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
            Assert.True(
                info.GetProperty("dateCreated").TryGetInt64(out _)
                    && info.GetProperty("processingTime").TryGetInt64(out var time)
                    && time >= -1
            );
            Assert.True(info.GetProperty("status").GetProperty("code").GetInt32() is 10 or 20 or 30 or 40 or 50);
            Assert.False(info.GetProperty("status").TryGetProperty("errorMessage", out _));
            Assert.NotEmpty(info.GetProperty("name").GetString()!);
        } while (info.GetProperty("status").GetProperty("code").GetInt32() != 40);
    }

    [Fact]
    public async Task I07_lines_keep_their_numbers_while_ours_stand_before_the_nodes()
    {
        _node.Takes = TimeSpan.FromMilliseconds(400);
        var id = await _gateway.SubmitAsync();
        var read = new List<string>();
        for (var done = false; !done; )
        {
            var info = await _gateway.InfoAsync(id, read.Count);
            read.AddRange(info.Output!);
            done = info.Status.Code == TaskCode.Completed;
        }
        var all = await LinesAsync($"task/{id}/output");
        Assert.Equal(all, read);
        Assert.Equal("Launching... please wait! This can take a few minutes.", all[0]);
        Assert.Equal("the last line", all[^1]);
        Assert.Equal(all, await LinesAsync($"task/{id}/output?line=abc"));
        Assert.Equal(all[^3..], await LinesAsync($"task/{id}/output?line=-3"));
        Assert.Equal(all, await LinesAsync($"task/{id}/output?line=-999"));
        Assert.Equal(all[4..], await LinesAsync($"task/{id}/output?line=4"));
        Assert.Empty(await LinesAsync($"task/{id}/output?line=999"));
        Assert.Equal(
            all[^1..],
            (await _gateway.GetAsync($"task/{id}/info?with_output=-1"))
                .GetProperty("output")
                .EnumerateArray()
                .Select(line => line.GetString()!)
        );
        Assert.Equal(
            all.Count,
            (await _gateway.GetAsync($"task/{id}/info?with_output=")).GetProperty("output").GetArrayLength()
        );
    }

    [Fact]
    public async Task I08_the_list_names_each_committed_task_in_order()
    {
        var begun = TestGateway.Said(
            await _gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "begun" }, Ct)
        );
        var ids = new List<Guid>();
        for (var n = 0; n < 3; n++)
            ids.Add(await _gateway.SubmitAsync());
        Assert.Equal(
            ids.Select(id => $$"""{"uuid":"{{id}}"}"""),
            (await _gateway.GetAsync("task/list")).EnumerateArray().Select(task => task.GetRawText())
        );
        Assert.Equal(
            $"{begun} not found",
            (await _gateway.GetAsync($"task/{begun}/info")).GetProperty("error").GetString()
        );
    }

    [Theory, InlineData("form"), InlineData("multipart"), InlineData("json")]
    public async Task I09_actions_take_every_kind_of_body(string kind)
    {
        var id = await _gateway.SubmitAsync();
        HttpContent Body(string uuid) =>
            kind switch
            {
                "form" => new FormUrlEncodedContent([new("uuid", uuid)]),
                "multipart" => new MultipartFormDataContent { { new StringContent(uuid), "uuid" } },
                _ => TestGateway.Json($$"""{"uuid":"{{uuid}}"}"""),
            };
        Assert.Equal(
            """{"success":true}""",
            (await _gateway.PostAsync("task/cancel", Body(id.ToString()))).GetRawText()
        );
        var unknown = Guid.NewGuid().ToString();
        Assert.Equal(
            $$"""{"success":false,"error":"{{unknown}} not found"}""",
            (await _gateway.PostAsync("task/remove", Body(unknown))).GetRawText()
        );
        Assert.Equal(
            "uuid param missing.",
            (await _gateway.PostAsync("task/remove", Body(""))).GetProperty("error").GetString()
        );
        Assert.Equal(
            """{"success":true}""",
            (await _gateway.PostAsync("task/remove", Body(id.ToString()))).GetRawText()
        );
    }

    [Fact]
    public async Task I10_I16_init_upload_and_commit_answer_exactly_and_commit_takes_any_body()
    {
        foreach (
            var body in (Func<HttpContent?>[])
                [
                    () => null,
                    () => new FormUrlEncodedContent([]),
                    () => TestGateway.Json("{}"),
                    EmptyMultipart,
                    () => TestGateway.Json("not json at all"),
                ]
        )
        {
            var id = (
                await _gateway.PostAsync(
                    "task/new/init",
                    new MultipartFormDataContent { { new StringContent("x"), "name" } }
                )
            )
                .GetProperty("uuid")
                .GetString();
            using var upload = new MultipartFormDataContent { { new ByteArrayContent([1, 2]), "images", "a.jpg" } };
            Assert.Equal(
                """{"success":true}""",
                (await _gateway.PostAsync($"task/new/upload/{id}", upload)).GetRawText()
            );
            for (var twice = 0; twice < 2; twice++)
                Assert.Equal(
                    $$"""{"uuid":"{{id}}"}""",
                    (await _gateway.PostAsync($"task/new/commit/{id}", body())).GetRawText()
                );
        }
        Assert.Equal(5, (await _gateway.GetAsync("task/list")).GetArrayLength());
    }

    private static ByteArrayContent EmptyMultipart()
    {
        var content = new ByteArrayContent("--b--\r\n"u8.ToArray());
        content.Headers.ContentType = new("multipart/form-data") { Parameters = { new("boundary", "b") } };
        return content;
    }

    [Fact]
    public async Task I11_application_errors_are_answers()
    {
        foreach (
            var path in (string[])
                [
                    "nonsense",
                    "task/nonsense/info",
                    $"task/{Guid.NewGuid()}/output",
                    $"task/{Guid.NewGuid()}/download/all.zip",
                ]
        )
            Assert.NotEmpty((await _gateway.GetAsync(path)).GetProperty("error").GetString()!);
        foreach (
            var path in (string[])["task/cancel", "task/new/commit/nonsense", "task/new/upload/nonsense", "task/new"]
        )
            Assert.NotEmpty((await _gateway.PostAsync(path)).GetProperty("error").GetString()!);
    }

    [Fact]
    public async Task I13_I30_with_every_node_dead_or_hung_each_answer_comes_at_once_and_is_no_error()
    {
        _node.Takes = TimeSpan.FromMinutes(5);
        var id = await _gateway.SubmitAsync();
        await _gateway.UntilAsync(() => _gateway.TaskOf(id).Phase is TaskPhase.Running { Seen: 2 });
        var gate = new TaskCompletionSource();
        _node.Before = async _ =>
        {
            await gate.Task;
            return false;
        };
        for (var n = 0; n < 20; n++)
        {
            if (n == 10)
            {
                gate.SetResult();
                await _node.DieAsync();
            }
            Assert.Equal(
                20,
                (await _gateway.GetAsync($"task/{id}/info?with_output=0"))
                    .GetProperty("status")
                    .GetProperty("code")
                    .GetInt32()
            );
            Assert.Contains("the first line", await LinesAsync($"task/{id}/output"));
            Assert.NotEqual(0, (await _gateway.GetAsync("options")).GetArrayLength());
            Assert.Equal("odm", (await _gateway.GetAsync("info")).GetProperty("engine").GetString());
        }
    }

    [Fact]
    public async Task I14_a_restart_that_cannot_be_is_refused_though_the_node_is_silent()
    {
        await using var gateway = await TestGateway.StartAsync(new FastTime(10), null, _node);
        Assert.False(
            (await gateway.PostAsync("task/restart", TestGateway.Json($$"""{"uuid":"{{Guid.NewGuid()}}"}""")))
                .GetProperty("success")
                .GetBoolean()
        );
        var id = await gateway.SubmitAsync();
        await gateway.UntilAsync(id, TaskCode.Completed);
        _node.Before = async http =>
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
            return true;
        };
        Assert.False(
            (await gateway.PostAsync("task/restart", TestGateway.Json($$"""{"uuid":"{{id}}"}""")))
                .GetProperty("success")
                .GetBoolean()
        );
        _node.Before = null;
    }

    [Fact]
    public async Task I15_I17_uploads_that_can_never_succeed_say_so()
    {
        using var file = new MultipartFormDataContent { { new ByteArrayContent([1, 2]), "images", "a.jpg" } };
        Assert.Equal(
            """{"error":"Invalid taskId: the task no longer exists.","noRetry":true}""",
            (await _gateway.PostAsync($"task/new/upload/{Guid.NewGuid()}", file)).GetRawText()
        );
        var id = TestGateway.Said(
            await _gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        Assert.True(
            (
                await _gateway.PostAsync(
                    $"task/new/upload/{id}",
                    new MultipartFormDataContent { { new StringContent("x"), "name" } }
                )
            )
                .GetProperty("noRetry")
                .GetBoolean()
        );
        Assert.True((await _gateway.PostAsync($"task/new/upload/{id}")).GetProperty("noRetry").GetBoolean());
    }

    [Fact]
    public async Task I18_texts_that_people_match_on_are_kept()
    {
        var id = TestGateway.Said(
            await _gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        Assert.Equal(
            "Not enough images (0 files uploaded)",
            (await _gateway.PostAsync($"task/new/commit/{id}")).GetProperty("error").GetString()
        );
        Assert.Equal(
            "Invalid set-uuid: nonsense",
            Assert
                .IsType<NodeReply<string>.Denied>(
                    await _gateway.Client().InitAsync("nonsense", new() { Name = "x" }, Ct)
                )
                .Error
        );
    }

    [Fact]
    public async Task I20_bodies_of_every_make_are_taken()
    {
        var id = TestGateway.Said(
            await _gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        const string head = "--b\r\nContent-Disposition: form-data; name=\"images\"; filename=\"{0}\"\r\n\r\n";
        Assert.Contains(
            "\"success\":true",
            await RawAsync(
                $"POST /task/new/upload/{id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
                    + $"chunked\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
                    + Chunk(string.Format(head, "chunked.jpg"))
                    + Chunk("ab")
                    + Chunk("\r\n--b--\r\n")
                    + "0\r\n\r\n"
            ),
            StringComparison.Ordinal
        );
        var body = string.Format(head, "crlf.jpg") + "ab\r\n\r\n--b--\r\n";
        Assert.Contains(
            "\"success\":true",
            await RawAsync(
                $"POST /task/new/upload/{id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: "
                    + $"100-continue\r\nContent-Length: {body.Length}\r\nContent-Type: multipart/form-data; "
                    + $"boundary=b\r\n\r\n"
                    + body
            ),
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["chunked.jpg:2", "crlf.jpg:4"],
            _gateway.TaskOf(Guid.Parse(id)).Received.Values.Select(file => $"{file.Name}:{file.Bytes}").Order()
        );
    }

    [Fact]
    public async Task I20_an_upload_that_breaks_off_leaves_nothing_and_can_be_sent_again()
    {
        var id = TestGateway.Said(
            await _gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(IPAddress.Loopback, _gateway.Host.Address.Port, Ct);
            await socket
                .GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"POST /task/new/upload/{id} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\nContent-Type: "
                            + $"multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; "
                            + $"name=\"images\"; filename=\"a.jpg\"\r\n\r\nhalf of it"
                    ),
                    Ct
                );
        }
        TestGateway.Said(await _gateway.Client().UploadAsync(id, [TestGateway.File("a.jpg", "whole"u8.ToArray())], Ct));
        Assert.Equal(5, Assert.Single(_gateway.TaskOf(Guid.Parse(id)).Received).Value.Bytes);
        await _gateway.UntilAsync(() => _gateway.Host.Spool.Used == 5);
        Assert.Single(_gateway.Files("spool"));
    }

    [Fact]
    public async Task I21_a_proposed_id_is_taken_once()
    {
        foreach (var version in "1234567")
        {
            var id = $"1f0c6b7e-3a55-{version}c0e-9d7f-0b7a5d1e2f30";
            Assert.Equal(id, TestGateway.Said(await _gateway.Client().InitAsync(id, new() { Name = "x" }, Ct)));
        }
        var used = await _gateway.SubmitAsync();
        Assert.Equal(
            $"Invalid set-uuid: {used}",
            Assert
                .IsType<NodeReply<string>.Denied>(
                    await _gateway.Client().InitAsync(used.ToString(), new() { Name = "x" }, Ct)
                )
                .Error
        );
        await _gateway.UntilAsync(used, TaskCode.Completed);
        Assert.Equal(
            $"Invalid set-uuid: {used}",
            Assert
                .IsType<NodeReply<string>.Denied>(
                    await _gateway.Client().InitAsync(used.ToString(), new() { Name = "x" }, Ct)
                )
                .Error
        );
    }

    [Fact]
    public async Task I21_init_may_be_repeated_before_the_commit_and_keeps_the_files()
    {
        var id = Guid.NewGuid().ToString();
        TestGateway.Said(await _gateway.Client().InitAsync(id, new() { Name = "first" }, Ct));
        TestGateway.Said(await _gateway.Client().UploadAsync(id, [TestGateway.File("a.jpg", [1])], Ct));
        TestGateway.Said(await _gateway.Client().InitAsync(id, new() { Name = "second" }, Ct));
        TestGateway.Said(await _gateway.Client().CommitAsync(id, Ct));
        var info = await _gateway.InfoAsync(Guid.Parse(id));
        Assert.Equal(("second", 1), (info.Name, info.ImagesCount));
    }

    [Fact]
    public async Task I22_fields_reach_the_task()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("field"), "name" },
            { new StringContent("1712345678901"), "dateCreated" },
            { new StringContent("true"), "skipPostProcessing" },
            { new StringContent("""["odm_dem","../out"]"""), "outputs" },
            { new StringContent("http://hook.example/x"), "webhook" },
        };
        var id = Guid.Parse((await _gateway.PostAsync("task/new/init", form)).GetProperty("uuid").GetString()!);
        var task = _gateway.TaskOf(id);
        Assert.Equal(
            ("field", 1712345678901, true, "http://hook.example/x"),
            (task.Name, task.Created.ToUnixTimeMilliseconds(), task.SkipPostProcessing, task.Webhook)
        );
        Assert.Equal(["odm_dem", "out"], task.Outputs!);
        Assert.Equal(
            "Unexpected field",
            (
                await _gateway.PostAsync(
                    "task/new/init",
                    new MultipartFormDataContent { { new ByteArrayContent([1]), "images", "a.jpg" } }
                )
            )
                .GetProperty("error")
                .GetString()
        );
        var wrong = (
            await _gateway.PostAsync(
                "task/new/init",
                new MultipartFormDataContent { { new StringContent("""[{"name":"split","value":-1}]"""), "options" } }
            )
        )
            .GetProperty("error")
            .GetString()!;
        Assert.Equal("""[{"name":"split","error":"Invalid value -1 (out of range)"}]""", wrong);
    }

    [Fact]
    public async Task I25_I27_downloads_have_exact_ranges_and_never_fewer_bytes_than_announced()
    {
        var id = await _gateway.SubmitAsync(
            files: 0,
            more: ("big.jpg", [.. Enumerable.Range(0, 40_000_000).Select(n => (byte)(n * 7))])
        );
        await _gateway.UntilAsync(id, TaskCode.Completed);
        using var idle = await _gateway.Http.GetAsync(
            $"task/{id}/download/all.zip",
            HttpCompletionOption.ResponseHeadersRead,
            Ct
        ); // as PyODM does, and never reads it
        var length = idle.Content.Headers.ContentLength!.Value;
        Assert.Contains("bytes", idle.Headers.AcceptRanges);
        var whole = await _gateway.Http.GetByteArrayAsync($"task/{id}/download/all.zip", Ct);
        Assert.Equal(length, whole.Length);
        var parts = await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(async n =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, $"task/{id}/download/all.zip");
                    var (from, to) = (n * length / 16, ((n + 1) * length / 16) - 1);
                    request.Headers.Range = new(from, to);
                    using var response = await _gateway.Http.SendAsync(request, Ct);
                    Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
                    Assert.Equal(
                        (from, to, length),
                        (
                            response.Content.Headers.ContentRange!.From,
                            response.Content.Headers.ContentRange.To,
                            response.Content.Headers.ContentRange.Length
                        )
                    );
                    return await response.Content.ReadAsByteArrayAsync(Ct);
                })
        );
        Assert.True(whole.AsSpan().SequenceEqual(parts.SelectMany(part => part).ToArray()));
    }

    [Fact]
    public async Task I26_a_nodes_redirect_is_followed_on_the_node_itself_and_our_clients_are_not_sent_anywhere()
    {
        var id = await _gateway.SubmitAsync(files: 3);
        _node.Before = http =>
        {
            var path = http.Request.Path.Value!;
            if (!path.Contains("/download/", StringComparison.Ordinal) || http.Request.Query.ContainsKey("signed"))
                return Task.FromResult(false);
            http.Response.Redirect($"{path}?signed=yes");
            return Task.FromResult(true);
        };
        await _gateway.UntilAsync(id, TaskCode.Completed);
        Assert.Equal(3, (await _gateway.ArchiveAsync(id)).Count);
        using var response = await _gateway.Http.GetAsync($"task/{id}/download/all.zip", Ct);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"/task/{id}/download/all.zip", response.RequestMessage!.RequestUri!.AbsolutePath);
    }

    [Fact]
    public async Task I28_what_is_not_ready_is_no_archive()
    {
        _node.Takes = TimeSpan.FromMinutes(5);
        var id = await _gateway.SubmitAsync();
        Assert.Equal(
            "Asset not ready",
            (await _gateway.GetAsync($"task/{id}/download/all.zip")).GetProperty("error").GetString()
        );
        foreach (var asset in (string[])["orthophoto.tif", "..%2f..%2fgateway.db"])
            Assert.Equal(
                "Invalid asset",
                (await _gateway.GetAsync($"task/{id}/download/{asset}")).GetProperty("error").GetString()
            );
    }

    [Fact]
    public async Task I31_the_page_is_served_to_whoever_has_the_token()
    {
        Assert.Contains("<html", await _gateway.Http.GetStringAsync("", Ct), StringComparison.OrdinalIgnoreCase);
        await using var closed = await TestGateway.StartAsync(options => options with { Token = "right" });
        Assert.Equal(HttpStatusCode.Unauthorized, (await closed.Http.GetAsync("", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await closed.Http.GetAsync("?token=right", Ct)).StatusCode);
    }

    [Theory, InlineData("gateway"), InlineData("node")]
    public async Task I31_the_page_runs_its_own_script_alone_is_in_no_frame_and_tells_nobody_its_address(string server)
    {
        await using var node = server == "node" ? await Node.TestNode.StartAsync() : null;
        using var response = await (node?.Http ?? _gateway.Http).GetAsync("", Ct);
        var page = await response.Content.ReadAsStringAsync(Ct);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        foreach (var tag in (string[])["script", "style"])
        {
            var own = Assert
                .Single(Regex.Matches(page, $"<{tag}>(.*?)</{tag}>", RegexOptions.Singleline))
                .Groups[1]
                .Value;
            Assert.Contains(
                $"{tag}-src 'sha256-{Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(own)))}';",
                policy,
                StringComparison.Ordinal
            );
        }
        Assert.DoesNotMatch(@"\son[a-z]+=|\sstyle=|<(link|img|iframe)\b", page); // what the policy would not let it do
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal(
            ("DENY", "no-referrer"),
            (
                response.Headers.GetValues("X-Frame-Options").Single(),
                response.Headers.GetValues("Referrer-Policy").Single()
            )
        );
    }

    [Fact]
    public async Task I32_a_browsers_origin_is_echoed_and_its_preflight_answered()
    {
        await using var closed = await TestGateway.StartAsync(options => options with { Token = "right" });
        using var request = new HttpRequestMessage(HttpMethod.Options, "task/new/init")
        {
            Headers =
            {
                { "Origin", "https://map.example" },
                { "Access-Control-Request-Method", "POST" },
                { "Access-Control-Request-Headers", "set-uuid" },
            },
        };
        using var response = await closed.Http.SendAsync(request, Ct);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal("https://map.example", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("true", response.Headers.GetValues("Access-Control-Allow-Credentials").Single());
        Assert.Equal("set-uuid", response.Headers.GetValues("Access-Control-Allow-Headers").Single());
    }

    [Theory, InlineData("OPTIONS"), InlineData("GET")]
    public async Task I32_where_no_token_is_asked_for_pages_may_call_but_not_with_what_a_browser_adds_by_itself(
        string method
    )
    {
        using var request = new HttpRequestMessage(new(method), "info")
        {
            Headers = { { "Origin", "https://map.example" }, { "Access-Control-Request-Method", "GET" } },
        };
        using var response = await _gateway.Http.SendAsync(request, Ct);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    [Fact]
    public async Task I32_a_browser_may_ask_before_it_has_a_token_and_can_read_that_it_needs_one()
    {
        await using var closed = await TestGateway.StartAsync(options => options with { Token = "right" });
        foreach (
            var (method, status) in ((string, HttpStatusCode)[])
                [("OPTIONS", HttpStatusCode.NoContent), ("GET", HttpStatusCode.Unauthorized)]
        )
        {
            using var request = new HttpRequestMessage(new(method), "task/list")
            {
                Headers = { { "Origin", "https://map.example" }, { "Access-Control-Request-Method", "GET" } },
            };
            using var response = await closed.Http.SendAsync(request, Ct);
            Assert.Equal(
                (status, "https://map.example"),
                (response.StatusCode, response.Headers.GetValues("Access-Control-Allow-Origin").Single())
            );
        }
    }

    [Fact]
    public void Each_of_the_32_has_a_test_that_bears_its_number() =>
        Assert.Equal(
            Enumerable.Range(1, 32),
            (
                from type in typeof(InvariantTests).Assembly.GetTypes()
                where type.Namespace == typeof(InvariantTests).Namespace
                from method in type.GetMethods()
                from Match number in Number().Matches(method.Name)
                select int.Parse(number.Value, System.Globalization.CultureInfo.InvariantCulture)
            )
                .Distinct()
                .Order()
        );

    [GeneratedRegex("(?<=(^|_)I)[0-9]{2}(?=_)")]
    private static partial Regex Number();

    private async Task<List<string>> LinesAsync(string path) =>
        [.. (await _gateway.GetAsync(path)).EnumerateArray().Select(line => line.GetString()!)];

    private async Task<string> RawAsync(string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _gateway.Host.Address.Port, Ct);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Ct);
        using var reader = new StreamReader(socket.GetStream());
        return await reader.ReadToEndAsync(Ct);
    }

    private static string Chunk(string text) => $"{text.Length:x}\r\n{text}\r\n";
}
