using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Node.Engines;
using Muster.NodeOdm;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>What clients hand in, be it odd, too much, or meant badly; and what a node calls in return.</summary>
public sealed class InputTests
{
    [Fact]
    public async Task Files_beside_the_photos_find_their_places()
    {
        await using var node = await StartAsync();
        var form = Photos(
            ("a.jpg", Bytes(2)),
            ("gcp_list.txt", Bytes(2)),
            ("geo.txt", Bytes(2)),
            ("align.laz", Bytes(2)),
            ("other.zip", Bytes(2)),
            ("movie.srt", Bytes(2)),
            (
                "seed.zip",
                Zip(("opensfm/deep/reconstruction.json", "{}"u8.ToArray()), ("images/from-seed.jpg", Bytes(3)))
            )
        );
        var uuid = (await node.PostAsync("task/new", form)).GetProperty("uuid").GetString()!;
        Assert.Equal(3, (await node.EndAsync(uuid)).GetProperty("imagesCount").GetInt32());
        string[] In(string folder) =>
            [
                .. Directory
                    .GetFiles(Path.Combine(node.Settings.Folder, "data", uuid, folder))
                    .Select(path => Path.GetFileName(path)!)
                    .Order(StringComparer.Ordinal),
            ];
        Assert.Equal(["a.jpg", "from-seed.jpg", "movie.srt"], In("images"));
        Assert.Equal(["align.laz", "gcp_list.txt", "geo.txt"], In("gcp"));
        Assert.Equal(["reconstruction.json"], In("opensfm/deep"));
    }

    [Fact]
    public async Task Links_in_a_seed_are_left_out_and_told()
    {
        await using var node = await StartAsync();
        var form = Photos(("a.jpg", Bytes(2)), ("seed.zip", Zip(("images/b.jpg", Bytes(3)), ("images/c.jpg ->", []))));
        var uuid = (await node.PostAsync("task/new", form)).GetProperty("uuid").GetString()!;
        Assert.Equal(2, (await node.EndAsync(uuid)).GetProperty("imagesCount").GetInt32());
        Assert.Contains(
            "Skipped 1 symbolic link in the archive: only files are taken.",
            (await node.GetAsync($"task/{uuid}/output")).ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_limit_on_photos_counts_photos_and_is_told_early()
    {
        await using var node = await StartAsync(change: settings => settings with { MaxImages = 2 });
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        for (var again = 0; again < 2; again++)
            await node.PostAsync(
                $"task/new/upload/{uuid}",
                Photos(("a.jpg", Bytes(5)), ("b.jpg", Bytes(5)), ("gcp.txt", Bytes(5)), ("seed.zip", Zip()))
            );
        Assert.Equal(
            """{"error":"3 images uploaded, but this node can only process up to 2.","noRetry":true}""",
            (await node.PostAsync($"task/new/upload/{uuid}", Photos(("c.jpg", Bytes(5))))).ToString()
        );
        await node.PostAsync($"task/new/commit/{uuid}");
        Assert.Equal(40, Code(await node.EndAsync(uuid)));
        Assert.Equal(
            "3 images uploaded, but this node can only process up to 2.",
            (await node.PostAsync("task/new", Photos(("a.jpg", Bytes(1)), ("b.jpg", Bytes(1)), ("c.jpg", Bytes(1)))))
                .GetProperty("error")
                .GetString()
        );
        Assert.Equal(
            [".gone", ".parts"],
            Directory
                .GetDirectories(Path.Combine(node.Settings.Folder, "tmp"))
                .Select(path => Path.GetFileName(path)!)
                .Order()
        );
    }

    [Fact]
    public async Task A_full_disk_is_told_before_anything_is_sent()
    {
        await using var node = await StartAsync(change: settings => settings with { SpareBytes = long.MaxValue / 2 });
        Assert.Equal(
            """{"error":"Not enough disk space on this node","noRetry":true}""",
            (await node.PostAsync("task/new/init")).ToString()
        );
        Assert.Equal(
            """{"error":"Not enough disk space on this node","noRetry":true}""",
            (await node.PostAsync("task/new", Photos(("a.jpg", Bytes(1))))).ToString()
        );
    }

    [Theory]
    [InlineData("../../outside.txt", "The archive names a file outside of it: ../../outside.txt")]
    [InlineData("/tmp/outside.txt", "The archive names a file outside of it: /tmp/outside.txt")]
    public async Task An_archive_that_leads_out_is_refused(string name, string error)
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new", Photos(("a.jpg", Bytes(1)), ("seed.zip", Zip((name, Bytes(1)))))))
            .GetProperty("uuid")
            .GetString()!;
        var info = await node.EndAsync(uuid);
        Assert.Equal((30, error), (Code(info), info.GetProperty("status").GetProperty("errorMessage").GetString()));
        Assert.False(Directory.Exists(Path.Combine(node.Settings.Folder, "data", uuid)));
        Assert.Equal(
            "Task cannot be restarted",
            (await node.PostAsync("task/restart", Uuid(uuid))).GetProperty("error").GetString()
        );
    }

    [Fact]
    public async Task An_archive_does_not_hold_itself_nor_what_the_node_notes()
    {
        await using var node = await StartAsync();
        var uuid = await node.CommitAsync(
            ("outputs", """["all.zip.part", "all.zip", ".muster", "ALL.ZIP", "./.muster/output.log", "images"]""")
        );
        Assert.Equal(40, Code(await node.EndAsync(uuid)));
        using var zip = new ZipArchive(await node.Http.GetStreamAsync($"task/{uuid}/download/all.zip", Ct));
        Assert.Equal(
            ["images/a.jpg", "images/b.jpg"],
            zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal)
        );
        Assert.Empty(Directory.GetFiles(Path.Combine(node.Settings.Folder, "tmp", ".parts")));
    }

    [Fact]
    public async Task A_line_of_output_without_end_is_cut_and_the_next_one_is_whole()
    {
        var folder = NewFolder();
        var path = Path.Combine(folder, "output.log");
        await File.WriteAllTextAsync(
            path,
            $"first\n{new string('x', 3_000_000)}\nthird\n\nfifth\n{new string('y', 64 << 10)}\nopen",
            Ct
        );
        var lines = new TaskOutput(path).Lines(null);
        Assert.Equal(
            (6, "first", 64 << 10, "third", "", "fifth", 64 << 10),
            (lines.Count, lines[0], lines[1].Length, lines[2], lines[3], lines[4], lines[5].Length)
        );
        Assert.Equal(["fifth"], new TaskOutput(path).Lines("-2").Take(1));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_zip_bomb_stops_at_what_the_disk_can_bear()
    {
        var folder = NewFolder();
        var path = Path.Combine(folder, "bomb.zip");
        File.WriteAllBytes(path, Zip(("zeros", new byte[50 << 20])));
        Assert.True(new FileInfo(path).Length < 1 << 20);
        Assert.Equal(
            "The archive becomes too large when it is unpacked",
            Assert
                .Throws<RefusalException>(() =>
                    ZipFiles.Unpack(path, Path.Combine(folder, "out"), flatten: true, 10 << 20, Ct)
                )
                .Message
        );
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "out")));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_broken_seed_an_empty_photo_and_twenty_thousand_tiny_files_are_told_apart()
    {
        await using var node = await StartAsync();
        var broken = (await node.PostAsync("task/new", Photos(("a.jpg", Bytes(1)), ("seed.zip", Bytes(500)))))
            .GetProperty("uuid")
            .GetString()!;
        Assert.StartsWith(
            "This is no zip archive that can be read",
            (await node.EndAsync(broken)).GetProperty("status").GetProperty("errorMessage").GetString(),
            StringComparison.Ordinal
        );

        var empty = (await node.PostAsync("task/new", Photos(("a.jpg", [])))).GetProperty("uuid").GetString()!;
        Assert.Equal(40, Code(await node.EndAsync(empty)));

        var many = (
            await node.PostAsync(
                "task/new",
                Photos(Enumerable.Range(0, 20_000).Select(at => ($"{at}.jpg", BitConverter.GetBytes(at))))
            )
        )
            .GetProperty("uuid")
            .GetString()!;
        Assert.Equal(
            (40, 20_000),
            (Code(await node.EndAsync(many)), (await node.InfoAsync(many)).GetProperty("imagesCount").GetInt32())
        );
    }

    [Fact]
    public async Task A_zip_address_is_fetched_flat_where_private_networks_are_permitted_and_refused_where_not()
    {
        await using var web = await Web.StartAsync(app =>
        {
            app.MapGet(
                "/photos.zip",
                () => TypedResults.Bytes(Zip(("field/north/a.jpg", Bytes(3)), ("field/b.jpg", Bytes(3))))
            );
            app.MapGet("/moved", () => TypedResults.Redirect("/photos.zip"));
            app.MapGet("/nothing.zip", () => TypedResults.Bytes(Zip()));
        });
        await using var open = await StartAsync(change: settings => settings with { AllowPrivateUrls = true });
        async Task<JsonElement> EndAsync(TestNode node, string url) =>
            await node.EndAsync(
                (await node.PostAsync("task/new", Form(("zipurl", url)))).GetProperty("uuid").GetString()!
            );
        foreach (var path in new[] { "photos.zip", "moved" })
        {
            var info = await EndAsync(open, web.Url + path);
            Assert.Equal((40, 2), (Code(info), info.GetProperty("imagesCount").GetInt32()));
        }
        Assert.Equal("The zip address answered with status 404", Error(await EndAsync(open, web.Url + "missing.zip")));
        Assert.Equal("The archive holds no file", Error(await EndAsync(open, web.Url + "nothing.zip")));
        Assert.Equal("The zip address is no http or https address", Error(await EndAsync(open, "file:///etc/passwd")));

        await using var closed = await StartAsync();
        foreach (
            var url in new[]
            {
                web.Url + "photos.zip",
                web.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "photos.zip",
                "http://[::1]:1/x.zip",
                "http://169.254.169.254/latest/meta-data",
            }
        )
        {
            Assert.Contains(
                "is in a private network, where this server does not go for others",
                Error(await EndAsync(closed, url)),
                StringComparison.Ordinal
            );
        }
    }

    [Theory]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:2800:220:1::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::10.0.0.1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:a00:1::", false)]
    public void Private_addresses_are_known(string address, bool isPublic) =>
        Assert.Equal(isPublic, OutsideHttp.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task Webhooks_are_called_at_every_end_and_again_until_they_are_heard()
    {
        var calls = new List<JsonElement>();
        var status = new Queue<int>([500, 302, 201, 200, 200]);
        await using var web = await Web.StartAsync(app =>
            app.MapPost(
                "/done",
                async (HttpContext http) =>
                {
                    var body = await JsonDocument.ParseAsync(http.Request.Body);
                    lock (calls)
                    {
                        calls.Add(body.RootElement);
                        http.Response.StatusCode = status.Count > 0 ? status.Dequeue() : 200;
                    }
                }
            )
        );
        await using var node = await StartAsync(change: settings =>
            settings with
            {
                AllowPrivateUrls = true,
                WebhookWaits = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(10), 6)],
            }
        );
        var uuid = await node.CommitAsync(("webhook", web.Url + "done"));
        await QueueTests.Until(() => Task.FromResult(calls.Count == 4));
        Assert.All(
            calls,
            call =>
                Assert.Equal(
                    (uuid, 40, 0),
                    (call.GetProperty("uuid").GetString(), Code(call), call.GetProperty("images").GetArrayLength())
                )
        );
        await node.PostAsync("task/restart", Uuid(uuid));
        await QueueTests.Until(() => Task.FromResult(calls.Count == 5));
    }

    [Fact]
    public async Task A_clients_webhook_does_not_reach_a_private_network_and_the_operators_own_does()
    {
        var heard = new List<string>();
        await using var web = await Web.StartAsync(app =>
            app.MapPost(
                "/{who}",
                (string who) =>
                {
                    lock (heard)
                        heard.Add(who);
                }
            )
        );
        await using var node = await StartAsync(change: settings =>
            settings with
            {
                Webhook = web.Url + "operator",
                WebhookWaits = [TimeSpan.Zero],
            }
        );
        await node.CommitAsync(("webhook", web.Url + "client"));
        await node.CommitAsync(("webhook", web.Url + "client"));
        await QueueTests.Until(() => Task.FromResult(heard.Count == 2));
        Assert.Equal(["operator", "operator"], heard);
    }

    [Fact]
    public async Task An_archive_whose_server_falls_silent_fails_its_task()
    {
        await using var web = await Web.StartAsync(app =>
            app.MapGet(
                "/photos.zip",
                async http =>
                {
                    await http.Response.Body.WriteAsync(new byte[10], Ct);
                    await http.Response.Body.FlushAsync(Ct);
                    await Task.Delay(Timeout.Infinite, http.RequestAborted);
                }
            )
        );
        await using var node = await StartAsync(change: settings =>
            settings with
            {
                AllowPrivateUrls = true,
                FetchSilence = TimeSpan.FromSeconds(0.5),
            }
        );
        var uuid = (await node.PostAsync("task/new", Form(("zipurl", web.Url + "photos.zip"))))
            .GetProperty("uuid")
            .GetString()!;
        Assert.Equal("The zip address was silent for too long", Error(await node.EndAsync(uuid)));
    }

    [Fact]
    public async Task A_webhook_that_can_never_be_called_is_not_tried_again()
    {
        await using var node = await StartAsync(change: settings =>
            settings with
            {
                WebhookWaits = [TimeSpan.Zero, TimeSpan.FromMinutes(5)],
            }
        );
        var uuid = await node.CommitAsync(("webhook", "http://127.0.0.1:9/done"));
        await node.EndAsync(uuid);
        await QueueTests.Until(() =>
            Task.FromResult(!QueueTests.RecordOf(node, uuid).Contains("\"webhookDue\":true", StringComparison.Ordinal))
        );
    }

    private static string Error(JsonElement info) =>
        info.GetProperty("status").GetProperty("errorMessage").GetString()!;

    private static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                var entry = zip.CreateEntry(name.Replace(" ->", "", StringComparison.Ordinal));
                if (name.EndsWith(" ->", StringComparison.Ordinal))
                    entry.ExternalAttributes = unchecked((int)0xA1FF0000);
                using var stream = entry.Open();
                stream.Write(content);
            }
        }
        return bytes.ToArray();
    }

    private sealed class Web(WebApplication app) : IAsyncDisposable
    {
        public string Url => app.Urls.First() + "/";

        public static async Task<Web> StartAsync(Action<WebApplication> map)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            map(app);
            await app.StartAsync(Ct);
            return new(app);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
