using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
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
    public async Task I10_I15_Uploads_and_commits_are_answered_exactly()
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init", Form(("name", "")))).GetProperty("uuid").GetString()!;
        Assert.Equal(
            """{"error":"Need at least 1 file.","noRetry":true}""",
            (await node.PostAsync($"task/new/upload/{uuid}", Form(("name", "x")))).ToString()
        );
        Assert.Equal(
            """{"success":true}""",
            (await node.PostAsync($"task/new/upload/{uuid}", Photos(("a.jpg", Bytes(2))))).ToString()
        );
        Assert.Equal($$"""{"uuid":"{{uuid}}"}""", (await node.PostAsync($"task/new/commit/{uuid}")).ToString());
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

    [Theory]
    [InlineData(null, "")]
    [InlineData("application/x-www-form-urlencoded", "")]
    [InlineData("application/json", "{}")]
    [InlineData("application/json", "{broken")]
    [InlineData("multipart/form-data; boundary=b", "--b--\r\n")]
    public async Task I16_A_commits_body_does_not_matter(string? type, string body)
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        await node.PostAsync($"task/new/upload/{uuid}", Photos(("a.jpg", Bytes(2))));
        for (var again = 0; again < 2; again++) // the answer to the first may have been lost
        {
            var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
            if (type is not null)
                content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            Assert.Equal(
                uuid,
                (await node.PostAsync($"task/new/commit/{uuid}", content)).GetProperty("uuid").GetString()
            );
        }
    }

    [Fact]
    public async Task I20_Odd_but_honest_uploads_arrive()
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        // Without a length, after asking for leave, with a line end too many before the last boundary.
        var body =
            "--b\r\nContent-Disposition: form-data; name=\"images\"; "
            + "filename=\"C:\\photos\\tiny.jpg\"\r\n\r\nxy\r\n--b\r\nContent-Disposition: form-data; "
            + "name=\"name\"\r\n\r\nn\r\n\r\n--b--\r\n";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"task/new/upload/{uuid}")
        {
            Content = new StreamContent(new NoLength(Encoding.UTF8.GetBytes(body))),
        };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
        request.Headers.ExpectContinue = true;
        using var response = await node.Http.SendAsync(request, Ct);
        Assert.Equal("""{"success":true}""", await response.Content.ReadAsStringAsync(Ct));
        Assert.Equal(
            "xy",
            await File.ReadAllTextAsync(Path.Combine(node.Settings.Folder, "tmp", uuid, "tiny.jpg"), Ct)
        );
    }

    [Fact]
    public async Task I21_An_id_may_be_proposed_once()
    {
        await using var node = await StartAsync();
        var uuid = Guid.CreateVersion7().ToString();
        Assert.Equal(
            uuid,
            (await node.PostAsync("task/new/init", null, uuid.ToUpperInvariant())).GetProperty("uuid").GetString()
        );
        await node.PostAsync($"task/new/upload/{uuid}", Photos(("a.jpg", Bytes(2))));
        Assert.Equal(
            uuid,
            (await node.PostAsync("task/new/init", Form(("name", "again")), uuid)).GetProperty("uuid").GetString()
        ); // before the commit: new fields, the same files
        await node.PostAsync($"task/new/commit/{uuid}");
        Assert.Equal(
            ("again", 1),
            (
                (await node.InfoAsync(uuid)).GetProperty("name").GetString(),
                (await node.InfoAsync(uuid)).GetProperty("imagesCount").GetInt32()
            )
        );
        foreach (var bad in new[] { uuid, "x", "../../etc", "00000000-0000-0000-0000-000000000000" })
        {
            Assert.Equal(
                $"Invalid set-uuid: {bad}",
                (await node.PostAsync("task/new/init", null, bad)).GetProperty("error").GetString()
            );
            Assert.Equal(
                $"Invalid set-uuid: {bad}",
                (await node.PostAsync("task/new", Photos(("a.jpg", Bytes(2))), bad)).GetProperty("error").GetString()
            );
        }
    }

    [Fact]
    public async Task I22_Fields_may_come_behind_the_files()
    {
        await using var node = await StartAsync();
        var form = Photos(("a.jpg", Bytes(2)));
        form.Add(new StringContent("late"), "name");
        form.Add(new StringContent("true"), "skipPostProcessing");
        form.Add(new StringContent("""["cameras.json", "nothing.txt"]"""), "outputs");
        form.Add(new StringContent("1700000000000"), "dateCreated");
        form.Add(new StringContent("""[{"name":"split","value":"7"}]"""), "options");
        var uuid = (await node.PostAsync("task/new", form)).GetProperty("uuid").GetString()!;
        var info = await node.EndAsync(uuid);
        Assert.Equal(
            ("late", 1700000000000, """[{"name":"split","value":7}]"""),
            (
                info.GetProperty("name").GetString(),
                info.GetProperty("dateCreated").GetInt64(),
                info.GetProperty("options").ToString()
            )
        );
        using var zip = new ZipArchive(await node.Http.GetStreamAsync($"task/{uuid}/download/all.zip", Ct));
        Assert.Equal(["cameras.json"], zip.Entries.Select(entry => entry.FullName));
        Assert.Equal("Asked for and not there: nothing.txt", (await node.OutputAsync(uuid, "-1")).Single());
        Assert.Equal(
            "Need at least 1 file or a zip file url.",
            (await node.PostAsync("task/new", Form(("name", "none")))).GetProperty("error").GetString()
        );
        Assert.Equal(
            """[{"name":"split","error":"Invalid value -1 (out of range)"}]""",
            (await node.PostAsync("task/new/init", Form(("options", """[{"name":"split","value":"-1"}]"""))))
                .GetProperty("error")
                .GetString()
        );
    }

    [Fact]
    public async Task I23_The_same_file_is_one_file_and_another_of_its_name_is_kept_beside_it()
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        string[] Stored() =>
            [
                .. Directory
                    .GetFiles(Path.Combine(node.Settings.Folder, "tmp", uuid))
                    .Select(path => Path.GetFileName(path)!)
                    .Order(StringComparer.Ordinal),
            ];
        for (var again = 0; again < 2; again++)
        {
            // Parts of one request, and requests side by side.
            await Task.WhenAll(
                Enumerable
                    .Range(0, 6)
                    .Select(seed =>
                        node.PostAsync(
                            $"task/new/upload/{uuid}",
                            Photos(
                                ("a.jpg", Bytes(5000, seed % 3)),
                                ("a.jpg", Bytes(5000, seed % 3)),
                                ("body.json", Bytes(3))
                            )
                        )
                    )
            );
            Assert.Equal(["_body.json", "a.jpg", "a_.jpg", "a__.jpg", "body.json"], Stored());
        }
    }

    [Fact]
    public async Task I25_I27_Ranges_are_exact_and_an_idle_download_harms_nobody()
    {
        await using var node = await StartAsync();
        var uuid = await node.CommitAsync();
        await node.EndAsync(uuid);
        var path = $"task/{uuid}/download/all.zip";
        using var idle = await node.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Ct);
        var whole = await node.Http.GetByteArrayAsync(path, Ct);
        Assert.Equal(
            (true, whole.Length, "attachment; filename=all.zip"),
            (
                idle.Headers.AcceptRanges.Contains("bytes"),
                (int)idle.Content.Headers.ContentLength!,
                idle.Content.Headers.ContentDisposition!.ToString()
            )
        );
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 16),
            Ct,
            async (part, ct) =>
            {
                var from = whole.Length * part / 16;
                var last = (whole.Length * (part + 1) / 16) - 1;
                using var request = new HttpRequestMessage(HttpMethod.Get, path)
                {
                    Headers = { Range = new(from, last) },
                };
                using var response = await node.Http.SendAsync(request, ct);
                Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
                Assert.Equal($"bytes {from}-{last}/{whole.Length}", response.Content.Headers.ContentRange!.ToString());
                Assert.Equal(whole[from..(last + 1)], await response.Content.ReadAsByteArrayAsync(ct));
            }
        );

        using var beyond = new HttpRequestMessage(HttpMethod.Get, path)
        {
            Headers = { Range = new(whole.Length, null) },
        };
        using var nothing = await node.Http.SendAsync(beyond, Ct);
        Assert.Equal(
            (HttpStatusCode.RequestedRangeNotSatisfiable, $"bytes */{whole.Length}"),
            (nothing.StatusCode, nothing.Content.Headers.ContentRange!.ToString())
        );

        using var several = new HttpRequestMessage(HttpMethod.Get, path);
        several.Headers.TryAddWithoutValidation("Range", "bytes=0-9,-5");
        using var parts = await node.Http.SendAsync(several, Ct);
        var text = Encoding.Latin1.GetString(await parts.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(
            ("multipart/byteranges", (long)text.Length),
            (parts.Content.Headers.ContentType!.MediaType, parts.Content.Headers.ContentLength!.Value)
        );
        Assert.Contains(
            $"bytes 0-9/{whole.Length}\r\n\r\n{Encoding.Latin1.GetString(whole[..10])}\r\n--",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains($"\r\n\r\n{Encoding.Latin1.GetString(whole[^5..])}\r\n--", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task I28_Nothing_but_a_whole_archive_is_served()
    {
        await using var node = await StartAsync(new TestEngine(new() { Takes = TimeSpan.FromSeconds(30) }));
        var uuid = await node.CommitAsync();
        Assert.Equal(
            "Asset not ready",
            (await node.GetAsync($"task/{uuid}/download/all.zip")).GetProperty("error").GetString()
        );
        Assert.Equal(
            "Invalid asset",
            (await node.GetAsync($"task/{uuid}/download/orthophoto.tif")).GetProperty("error").GetString()
        );
        Assert.Equal(
            "Invalid asset",
            (await node.GetAsync($"task/{uuid}/download/..%2f..%2fnode.db")).GetProperty("error").GetString()
        );
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
        Assert.Contains("Muster node", await node.Http.GetStringAsync("", Ct), StringComparison.Ordinal);
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

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_leaves_nothing_behind()
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(IPAddress.Loopback, node.Server.Address.Port, Ct);
            await socket
                .GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"POST /task/new/upload/{uuid} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "
                            + $"boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; "
                            + $"name=\"images\"; filename=\"a.jpg\"\r\n\r\nhalf"
                    ),
                    Ct
                );
            await Until(() => Directory.GetFiles(Path.Combine(node.Settings.Folder, "tmp", ".parts")).Length == 1);
        }
        await Until(() => Directory.GetFiles(Path.Combine(node.Settings.Folder, "tmp", ".parts")).Length == 0);
        Assert.Equal(
            ["body.json"],
            Directory.GetFiles(Path.Combine(node.Settings.Folder, "tmp", uuid)).Select(path => Path.GetFileName(path))
        );
    }

    private static async Task Until(Func<bool> done)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); !done(); await Task.Delay(10, Ct))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60));
    }

    private sealed class NoLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
