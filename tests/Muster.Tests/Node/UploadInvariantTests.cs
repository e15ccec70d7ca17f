using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>What clients rely on when they hand in a task, by the numbers of the list of invariants.</summary>
public sealed class UploadInvariantTests
{
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
    public async Task A_task_that_is_removed_before_its_commit_leaves_nothing()
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        await node.PostAsync($"task/new/upload/{uuid}", Photos(("a.jpg", Bytes(2))));
        Assert.Equal("""{"success":true}""", (await node.PostAsync("task/remove", Uuid(uuid))).ToString());
        Assert.False(Directory.Exists(Path.Combine(node.Settings.Folder, "tmp", uuid)));
        Assert.Equal(
            """{"error":"Invalid uuid (not found)","noRetry":true}""",
            (await node.PostAsync($"task/new/upload/{uuid}", Photos(("b.jpg", Bytes(2))))).ToString()
        );
        Assert.Equal(
            $$"""{"success":false,"error":"{{uuid}} not found"}""",
            (await node.PostAsync("task/remove", Uuid(uuid))).ToString()
        );
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
