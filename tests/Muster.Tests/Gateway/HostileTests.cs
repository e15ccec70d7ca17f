using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// What nobody should send: it is refused with a clear answer, leaves nothing behind, and disturbs nobody else.
/// </summary>
public sealed class HostileTests : IAsyncLifetime
{
    private ScriptedNode _node = null!;
    private TestGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await ScriptedNode.StartAsync();
        _gateway = await TestGateway.StartAsync(_node);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Fuzzed_bodies_are_answered_or_dropped_and_leave_nothing()
    {
        var random = new Random(7);
        var id = await BeginAsync();
        const string sound =
            "--b\r\nContent-Disposition: form-data; name=\"images\"; filename=\"a.jpg\"\r\nContent-Type: "
            + "image/jpeg\r\n\r\ncontent of a photo\r\n--b--\r\n";
        for (var n = 0; n < 300; n++)
        {
            var body = Encoding.ASCII.GetBytes(sound);
            for (var change = 0; change < 1 + (n % 6); change++)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            if (n % 5 == 0)
                body = body[..random.Next(body.Length)];
            using var content = new ByteArrayContent(body);
            content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
            using var response = await _gateway.Http.PostAsync($"task/new/upload/{id}", content, Ct);
            var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct)).RootElement;
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(answer.TryGetProperty("error", out _) ^ answer.TryGetProperty("success", out _));
        }
        var kept = _gateway.TaskOf(id).Received.Values.Select(file => file.Hash).ToHashSet();
        await _gateway.UntilAsync(() => _gateway.Files("spool").ToHashSet().SetEquals(kept));
        await StillWorksAsync();
    }

    [Theory]
    [
        InlineData("../../../etc/cron.d/x", "x"),
        InlineData("..\\..\\windows\\x.jpg", "x.jpg"),
        InlineData("/etc/passwd", "passwd"),
        InlineData("a/b/c.jpg", "c.jpg"),
        InlineData("..", null),
        InlineData("nul\u0000byte.jpg", "nulbyte.jpg")
    ]
    public async Task No_name_leads_out_of_its_task(string sent, string? kept)
    {
        var id = await BeginAsync();
        var reply = await _gateway.Client().UploadAsync(id.ToString(), [TestGateway.File(sent, [1])], Ct);
        if (kept is null)
            Assert.True(Assert.IsType<NodeReply<bool>.Denied>(reply).NoRetry);
        else
            Assert.Equal(kept, Assert.Single(_gateway.TaskOf(id).Received).Key);
    }

    [Fact]
    public async Task A_name_of_255_bytes_an_empty_file_and_another_content_of_the_same_long_name_are_kept_apart()
    {
        var name = new string('n', 251) + ".jpg";
        var id = await BeginAsync();
        var client = _gateway.Client();
        foreach (
            var content in (byte[][])
                [
                    [],
                    [1],
                    [2],
                    [1],
                ]
        )
            TestGateway.Said(await client.UploadAsync(id.ToString(), [TestGateway.File(name, content)], Ct));
        TestGateway.Said(await client.CommitAsync(id.ToString(), Ct));
        await _gateway.UntilAsync(id, TaskCode.Completed);
        Assert.Equal([0, 1, 1], (await _gateway.ArchiveAsync(id)).Values.Select(content => content.Length).Order());
        Assert.IsType<NodeReply<bool>.Denied>(
            await client.UploadAsync((await BeginAsync()).ToString(), [TestGateway.File(name + "x", [1])], Ct)
        );
    }

    [Fact]
    public async Task One_photo_none_and_many_tiny_ones_are_each_what_they_are()
    {
        var many = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1" ? 20_000 : 300;
        await _gateway.UntilAsync(await _gateway.SubmitAsync(files: 1), TaskCode.Completed);
        var client = _gateway.Client();
        var (none, tiny) = (await BeginAsync(), await BeginAsync());
        Assert.Equal(
            "Not enough images (0 files uploaded)",
            Assert.IsType<NodeReply<string>.Denied>(await client.CommitAsync(none.ToString(), Ct)).Error
        );
        Assert.True(
            TestGateway.Said(
                await client.UploadAsync(
                    tiny.ToString(),
                    [.. Enumerable.Range(0, many).Select(n => TestGateway.File($"{n}.jpg", BitConverter.GetBytes(n)))],
                    Ct
                )
            )
        );
        TestGateway.Said(await client.CommitAsync(tiny.ToString(), Ct));
        Assert.Equal(many, (await _gateway.UntilAsync(tiny, TaskCode.Completed)).ImagesCount);
        Assert.Equal(many, (await _gateway.ArchiveAsync(tiny)).Count);
    }

    [Fact]
    public async Task A_text_field_without_end_is_refused_early()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _gateway.Host.Address.Port, Ct);
        var stream = socket.GetStream();
        await stream.WriteAsync(
            "POST /task/new/init HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n"u8.ToArray(),
            Ct
        );
        var block = new byte[1 << 16];
        Array.Fill(block, (byte)'a');
        var sent = 0L;
        try
        {
            while (!stream.DataAvailable && sent < 100_000_000)
            {
                await stream.WriteAsync(block, Ct);
                sent += block.Length;
            }
        }
        catch (IOException) { } // it closed the door
        Assert.True(sent < 20_000_000, $"it took {sent} bytes");
        await StillWorksAsync();
    }

    [Theory]
    [InlineData("""{"name": "a\u0000b"}""")]
    [InlineData("""{"name": "a\ud800b"}""")]
    [InlineData("""{"webhook": "http://a/\u0000"}""")]
    [InlineData("""{"options": "[{\"name\": \"fast\\udc00\", \"value\": true}]"}""")]
    [InlineData("""{"options": "[{\"name\": \"fast-orthophoto\", \"value\": \"\\ud800\"}]"}""")]
    public async Task What_is_no_text_is_refused_in_words(string body) =>
        Assert.NotEmpty(
            (await _gateway.PostAsync("task/new/init", TestGateway.Json(body))).GetProperty("error").GetString()!
        );

    [Fact]
    public async Task Many_slow_clients_keep_nobody_else_waiting()
    {
        var id = await BeginAsync();
        var slow = new List<TcpClient>();
        for (var n = 0; n < 500; n++)
        {
            var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, _gateway.Host.Address.Port, Ct);
            await socket
                .GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"POST /task/new/upload/{id} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nContent-Type: "
                            + $"multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Dis"
                    ),
                    Ct
                );
            slow.Add(socket);
        }
        await _gateway.GetAsync("info");
        await StillWorksAsync();
        slow.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task An_upload_that_the_disk_has_no_room_for_is_refused_before_it_begins()
    {
        await using var gateway = await TestGateway.StartAsync(
            options => options with { SpoolBudget = 100_000_000 },
            _node
        );
        var id = TestGateway.Said(
            await gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Host.Address.Port, Ct);
        await socket
            .GetStream()
            .WriteAsync(
                Encoding.ASCII.GetBytes(
                    $"POST /task/new/upload/{id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: "
                        + $"100-continue\r\nContent-Length: 200000000\r\nContent-Type: multipart/form-data; "
                        + $"boundary=b\r\n\r\n"
                ),
                Ct
            );
        var bytes = new byte[4096];
        var answer = Encoding.ASCII.GetString(bytes, 0, await socket.GetStream().ReadAsync(bytes, Ct));
        while (!answer.EndsWith('}'))
            answer += Encoding.ASCII.GetString(bytes, 0, await socket.GetStream().ReadAsync(bytes, Ct));
        Assert.Contains("no room for this upload", answer, StringComparison.Ordinal);
        Assert.Contains("\"noRetry\":true", answer, StringComparison.Ordinal);
        TestGateway.Said(await gateway.Client().UploadAsync(id, [TestGateway.File("a.jpg", [1])], Ct));
    }

    [Fact]
    public async Task A_client_that_sends_without_asking_gets_the_refusal_too()
    {
        await using var gateway = await TestGateway.StartAsync(
            options => options with { SpoolBudget = 100_000_000 },
            _node
        );
        var id = TestGateway.Said(
            await gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        var reply = await gateway.Client().UploadAsync(id, [TestGateway.File("a.jpg", new byte[150_000_000])], Ct);
        Assert.True(Assert.IsType<NodeReply<bool>.Denied>(reply).NoRetry);
    }

    [Fact]
    public async Task Uploads_that_were_given_up_and_old_results_are_forgotten()
    {
        await using var gateway = await TestGateway.StartAsync(
            options =>
                options with
                {
                    UploadsExpire = TimeSpan.FromMilliseconds(500),
                    ResultsExpire = TimeSpan.FromMilliseconds(500),
                },
            _node
        );
        var upload = TestGateway.Said(
            await gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        TestGateway.Said(
            await gateway.Client().UploadAsync(upload, [TestGateway.File("a.jpg", TestGateway.Photo("given up"))], Ct)
        );
        await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.Host.Tasks.Live.All().Count == 0 && gateway.Host.Tasks.Lists.Count == 0);
        await gateway.UntilNoFilesAsync("spool", "results");
        Assert.True(
            Assert
                .IsType<NodeReply<bool>.Denied>(
                    await gateway.Client().UploadAsync(upload, [TestGateway.File("b.jpg", [1])], Ct)
                )
                .NoRetry
        );
    }

    private async Task<Guid> BeginAsync() =>
        Guid.Parse(
            TestGateway.Said(await _gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct))
        );

    private async Task StillWorksAsync() => await _gateway.UntilAsync(await _gateway.SubmitAsync(), TaskCode.Completed);
}
