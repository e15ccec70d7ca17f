using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Clients that take places, room and time from others: the others still get theirs.</summary>
public sealed class LoadTests : IAsyncLifetime
{
    private ScriptedNode _node = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _node = await ScriptedNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Announced_lengths_take_no_room_from_others()
    {
        await using var gateway = await StartAsync(options => options with { SpoolBudget = 100_000_000 });
        var id = await BeginAsync(gateway);
        var silent = new List<TcpClient>();
        for (var n = 0; n < 12; n++)
            silent.Add(await UploadAsync(gateway.Host.Address.Port, id, bytes: 90_000_000));
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        Assert.InRange(gateway.Host.Spool.Used, 0, 1_000);
        silent.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task Where_too_many_uploads_stand_still_one_makes_room()
    {
        await using var gateway = await StartAsync(options =>
            options with
            {
                Limits = new() { Uploads = 8, UploadsOfOne = 4 },
            }
        );
        var id = await BeginAsync(gateway);
        var still = new List<TcpClient>();
        for (var n = 0; n < 4; n++)
            still.Add(await UploadAsync(gateway.Host.Address.Port, id, bytes: 1_000));
        await gateway.UntilAsync(() => gateway.Files("incoming").Count() == 4);
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        Assert.True(await await Task.WhenAny(still.Select(IsClosedAsync)));
        still.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task An_upload_that_does_not_come_is_given_up_and_one_that_crawls_too()
    {
        var limits = new InputLimits { Window = TimeSpan.FromSeconds(1), WindowBytes = 4_000 };
        await using var gateway = await StartAsync(options => options with { Limits = limits });
        var id = await BeginAsync(gateway);
        using var still = await UploadAsync(gateway.Host.Address.Port, id, bytes: 1_000_000);
        using var crawling = await UploadAsync(gateway.Host.Address.Port, id, bytes: 1_000_000);
        var crawls = Task.Run(
            async () =>
            {
                try
                {
                    for (; ; await Task.Delay(50, Ct))
                        await crawling.GetStream().WriteAsync(new byte[10], Ct);
                }
                catch (IOException) { } // it was given up
            },
            Ct
        );
        await IsClosedAsync(still);
        await crawls;
        await gateway.UntilAsync(() => !gateway.Files("incoming").Any());
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
    }

    [Fact]
    public async Task More_connections_than_files_may_be_open_keep_nobody_out()
    {
        await using var gateway = new GatewayProcess("--engine", "none") { OpenFiles = 256 };
        await gateway.StartAsync();
        var silent = new List<TcpClient>();
        for (var n = 0; n < 400; n++)
        {
            var socket = new TcpClient();
            silent.Add(socket);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, gateway.Port, Ct);
            }
            catch (SocketException) { } // all seats are taken for the moment, and this one was dropped
        }
        await AnswersAsync(gateway, "task/list");
        await AnswersAsync(gateway, "options");
        await AnswersAsync(gateway, "swagger.json");
        Assert.DoesNotContain("Could not load", gateway.Notes, StringComparison.Ordinal);
        silent.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task A_result_that_no_task_of_its_size_can_give_is_not_collected()
    {
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    if (!http.Request.Path.Value!.Contains("/download/", StringComparison.Ordinal))
                        return false;
                    http.Response.ContentType = "application/zip";
                    try
                    {
                        for (var block = new byte[1 << 16]; ; )
                            await http.Response.Body.WriteAsync(block, http.RequestAborted);
                    }
                    catch (Exception fault) when (fault is OperationCanceledException or IOException) { } // it hung up
                    return true;
                },
            }
        );
        var limits = new InputLimits { ResultAllowance = 1 << 20 };
        await using var gateway = await TestGateway.StartAsync(options => options with { Limits = limits }, node);
        var info = await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Failed);
        Assert.Contains("which is no result of this task", info.Status.ErrorMessage, StringComparison.Ordinal);
        await gateway.UntilAsync(() => gateway.Host.Spool.Used < 1_000 && !gateway.Files("incoming").Any());
    }

    [Fact]
    public async Task Nodes_that_claim_all_memory_there_is_do_not_take_the_answer_from_clients()
    {
        await using var one = await ScriptedNode.StartAsync(new() { Memory = long.MaxValue });
        await using var other = await ScriptedNode.StartAsync(new() { Memory = 1L << 50 });
        await using var gateway = await TestGateway.StartAsync(one, other, _node);
        Assert.Equal((1L << 50) + _node.Memory, (await gateway.GetAsync("info")).GetProperty("totalMemory").GetInt64());
    }

    [Fact]
    public async Task A_commit_without_a_host_is_answered()
    {
        await using var gateway = await TestGateway.StartAsync(_node);
        var id = await BeginAsync(gateway);
        TestGateway.Said(await gateway.Client().UploadAsync(id.ToString(), [TestGateway.File("a.jpg", [1])], Ct));
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Host.Address.Port, Ct);
        await SendAsync(socket, $"POST /task/new/commit/{id} HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
        var answer = await new StreamReader(socket.GetStream()).ReadToEndAsync(Ct);
        Assert.Contains($"{{\"uuid\":\"{id}\"}}", answer, StringComparison.Ordinal);
        await gateway.UntilAsync(id, TaskCode.Completed);
    }

    [Fact]
    public async Task A_form_at_commit_is_refused_early_and_needs_no_token()
    {
        await using var gateway = await TestGateway.StartAsync(options => options with { Token = "secret" }, _node);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Host.Address.Port, Ct);
        var stream = socket.GetStream();
        await SendAsync(socket, $"POST /commit?seal=x HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n{Form}");
        var field = Encoding.ASCII.GetBytes($"{Head("name=\"x\"")}{new string('a', 1_000_000)}\r\n");
        var sent = 0L;
        try
        {
            for (; !stream.DataAvailable && sent < 1_000_000_000; sent += field.Length)
                await stream.WriteAsync(field, Ct);
        }
        catch (IOException) { } // it closed the door
        Assert.True(sent < 20_000_000, $"it took {sent} bytes");
    }

    [Fact]
    public async Task An_output_of_many_lines_is_answered_whole_and_one_line_without_end_is_cut()
    {
        await using var gateway = await TestGateway.StartAsync(_node);
        var id = await gateway.SubmitAsync();
        await gateway.UntilAsync(id, TaskCode.Completed);
        var before = gateway.TaskOf(id).Lines;
        string[] lines = [.. Enumerable.Range(0, 12_345).Select(n => $"line {n} \"\\ü")];
        await gateway.Host.Tasks.ChangeAsync(id, (book, task) => book.Say(task, lines));
        Assert.Equal(lines, TestGateway.Said(await gateway.Client().OutputAsync(id.ToString(), before, Ct)));
        Assert.Equal(lines[^3..], (await gateway.InfoAsync(id, -3)).Output!);
        Assert.Empty((await gateway.InfoAsync(id, 1_000_000)).Output!);
    }

    private const string Form = "Content-Type: multipart/form-data; boundary=b\r\n\r\n";

    private static string Head(string names) => $"--b\r\nContent-Disposition: form-data; {names}\r\n\r\n";

    private static async Task SendAsync(TcpClient socket, string text) =>
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), Ct);

    private Task<TestGateway> StartAsync(Func<GatewayOptions, GatewayOptions> change) =>
        TestGateway.StartAsync(change, _node);

    private static async Task<Guid> BeginAsync(TestGateway gateway)
    {
        var reply = await gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct);
        return Guid.Parse(TestGateway.Said(reply));
    }

    /// <summary>An upload that has begun, and brings no more.</summary>
    private static async Task<TcpClient> UploadAsync(int port, Guid id, long bytes)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, port, Ct);
        var head = Head("name=\"images\"; filename=\"a.jpg\"");
        await SendAsync(
            socket,
            $"POST /task/new/upload/{id} HTTP/1.1\r\nHost: x\r\nContent-Length: {bytes}\r\n{Form}{head}abc"
        );
        return socket;
    }

    private static async Task<bool> IsClosedAsync(TcpClient socket)
    {
        try
        {
            return await socket.GetStream().ReadAsync(new byte[1], Ct) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Clients try again after a drop, and are answered then.</summary>
    private static async Task AnswersAsync(GatewayProcess gateway, string path)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                using var http = new HttpClient { BaseAddress = gateway.Address, Timeout = TestGateway.Patience };
                using var response = await http.GetAsync(path, Ct);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                return;
            }
            catch (HttpRequestException) when (tries < 20)
            {
                await Task.Delay(200, Ct);
            }
        }
    }
}
