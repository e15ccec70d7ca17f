using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>What clients rely on when they hand in a task, by the numbers of the specification.</summary>
public sealed class UploadInvariantTests : InvariantTestBase
{
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
                await Gateway.PostAsync(
                    "task/new/init",
                    new MultipartFormDataContent { { new StringContent("x"), "name" } }
                )
            )
                .GetProperty("uuid")
                .GetString();
            using var upload = new MultipartFormDataContent { { new ByteArrayContent([1, 2]), "images", "a.jpg" } };
            Assert.Equal(
                """{"success":true}""",
                (await Gateway.PostAsync($"task/new/upload/{id}", upload)).GetRawText()
            );
            for (var twice = 0; twice < 2; twice++)
                Assert.Equal(
                    $$"""{"uuid":"{{id}}"}""",
                    (await Gateway.PostAsync($"task/new/commit/{id}", body())).GetRawText()
                );
        }
        Assert.Equal(5, (await Gateway.GetAsync("task/list")).GetArrayLength());
    }

    private static ByteArrayContent EmptyMultipart()
    {
        var content = new ByteArrayContent("--b--\r\n"u8.ToArray());
        content.Headers.ContentType = new("multipart/form-data") { Parameters = { new("boundary", "b") } };
        return content;
    }

    [Fact]
    public async Task I15_I17_uploads_that_can_never_succeed_say_so()
    {
        using var file = new MultipartFormDataContent { { new ByteArrayContent([1, 2]), "images", "a.jpg" } };
        Assert.Equal(
            """{"error":"Invalid taskId: the task no longer exists.","noRetry":true}""",
            (await Gateway.PostAsync($"task/new/upload/{Guid.NewGuid()}", file)).GetRawText()
        );
        var id = TestGateway.Said(
            await Gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        Assert.True(
            (
                await Gateway.PostAsync(
                    $"task/new/upload/{id}",
                    new MultipartFormDataContent { { new StringContent("x"), "name" } }
                )
            )
                .GetProperty("noRetry")
                .GetBoolean()
        );
        Assert.True((await Gateway.PostAsync($"task/new/upload/{id}")).GetProperty("noRetry").GetBoolean());
    }

    [Fact]
    public async Task I20_bodies_of_every_make_are_taken()
    {
        var id = TestGateway.Said(
            await Gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
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
            Gateway.TaskOf(Guid.Parse(id)).Received.Values.Select(file => $"{file.Name}:{file.Bytes}").Order()
        );
    }

    [Fact]
    public async Task I20_an_upload_that_breaks_off_leaves_nothing_and_can_be_sent_again()
    {
        var id = TestGateway.Said(
            await Gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(IPAddress.Loopback, Gateway.Host.Address.Port, Ct);
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
        TestGateway.Said(await Gateway.Client().UploadAsync(id, [TestGateway.File("a.jpg", "whole"u8.ToArray())], Ct));
        Assert.Equal(5, Assert.Single(Gateway.TaskOf(Guid.Parse(id)).Received).Value.Bytes);
        await Gateway.UntilAsync(() => Gateway.Host.Spool.Used == 5);
        Assert.Single(Gateway.Files("spool"));
    }

    [Fact]
    public async Task I21_a_proposed_id_is_taken_once()
    {
        foreach (var version in "1234567")
        {
            var id = $"1f0c6b7e-3a55-{version}c0e-9d7f-0b7a5d1e2f30";
            Assert.Equal(id, TestGateway.Said(await Gateway.Client().InitAsync(id, new() { Name = "x" }, Ct)));
        }
        var used = await Gateway.SubmitAsync();
        Assert.Equal(
            $"Invalid set-uuid: {used}",
            Assert
                .IsType<NodeReply<string>.Denied>(
                    await Gateway.Client().InitAsync(used.ToString(), new() { Name = "x" }, Ct)
                )
                .Error
        );
        await Gateway.UntilAsync(used, TaskCode.Completed);
        Assert.Equal(
            $"Invalid set-uuid: {used}",
            Assert
                .IsType<NodeReply<string>.Denied>(
                    await Gateway.Client().InitAsync(used.ToString(), new() { Name = "x" }, Ct)
                )
                .Error
        );
    }

    [Fact]
    public async Task I21_init_may_be_repeated_before_the_commit_and_keeps_the_files()
    {
        var id = Guid.NewGuid().ToString();
        TestGateway.Said(await Gateway.Client().InitAsync(id, new() { Name = "first" }, Ct));
        TestGateway.Said(await Gateway.Client().UploadAsync(id, [TestGateway.File("a.jpg", [1])], Ct));
        TestGateway.Said(await Gateway.Client().InitAsync(id, new() { Name = "second" }, Ct));
        TestGateway.Said(await Gateway.Client().CommitAsync(id, Ct));
        var info = await Gateway.InfoAsync(Guid.Parse(id));
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
        var id = Guid.Parse((await Gateway.PostAsync("task/new/init", form)).GetProperty("uuid").GetString()!);
        var task = Gateway.TaskOf(id);
        Assert.Equal(
            ("field", 1712345678901, true, "http://hook.example/x"),
            (task.Name, task.Created.ToUnixTimeMilliseconds(), task.SkipPostProcessing, task.Webhook)
        );
        Assert.Equal(["odm_dem", "out"], task.Outputs!);
        Assert.Equal(
            "Unexpected field",
            (
                await Gateway.PostAsync(
                    "task/new/init",
                    new MultipartFormDataContent { { new ByteArrayContent([1]), "images", "a.jpg" } }
                )
            )
                .GetProperty("error")
                .GetString()
        );
        var wrong = (
            await Gateway.PostAsync(
                "task/new/init",
                new MultipartFormDataContent { { new StringContent("""[{"name":"split","value":-1}]"""), "options" } }
            )
        )
            .GetProperty("error")
            .GetString()!;
        Assert.Equal("""[{"name":"split","error":"Invalid value -1 (out of range)"}]""", wrong);
    }

    private async Task<string> RawAsync(string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Gateway.Host.Address.Port, Ct);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Ct);
        using var reader = new StreamReader(socket.GetStream());
        return await reader.ReadToEndAsync(Ct);
    }

    private static string Chunk(string text) => $"{text.Length:x}\r\n{text}\r\n";
}
