using System.Net;
using System.Net.Sockets;
using System.Text;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>
/// Clients that mean no good, or are badly made: they get a clear answer or none, and nobody else notices.
/// </summary>
public sealed class HostilityTests
{
    [Fact]
    public async Task Slow_clients_by_the_thousand_slow_nobody_down()
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        var slow = new List<Socket>();
        try
        {
            for (var at = 0; at < 1_000; at++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                slow.Add(socket);
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.Server.Address.Port), Ct);
                var text =
                    at % 2 == 0
                        ? "GET /inf"
                        : $"POST /task/new/upload/{uuid} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "
                            + $"boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\nContent-Disp";
                await socket.SendAsync(Encoding.ASCII.GetBytes(text), Ct);
            }
            Assert.Equal(40, Code(await node.EndAsync(await node.CommitAsync())));
        }
        finally
        {
            slow.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task An_endless_text_field_is_refused_after_a_megabyte()
    {
        await using var node = await StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, node.Server.Address.Port, Ct);
        var stream = socket.GetStream();
        await stream.WriteAsync(
            "POST /task/new/init HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 10737418240\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n"u8.ToArray(),
            Ct
        );
        var answer = new StreamReader(stream).ReadLineAsync(Ct).AsTask();
        long sent = 0;
        try
        {
            for (var block = new byte[64 << 10]; sent < 200 << 20 && !answer.IsCompleted; sent += block.Length)
                await stream.WriteAsync(block, Ct);
        }
        catch (IOException) { } // it hangs up at last
        Assert.Equal("HTTP/1.1 200 OK", await answer);
        Assert.InRange(sent, 1 << 20, 100 << 20);
        Assert.Equal(
            [".gone", ".parts"],
            Directory
                .GetFileSystemEntries(Path.Combine(node.Settings.Folder, "tmp"))
                .Select(path => Path.GetFileName(path)!)
                .Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("multipart/form-data", "x", "Multipart: Boundary not found")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\n", "Unexpected end of form")]
    [InlineData(
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"images\"; filename=\"..\"\r\n\r\nx\r\n--b--",
        "Invalid file name"
    )]
    [InlineData(
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\n\r\nx\r\n--b--",
        "Unexpected field"
    )]
    public async Task A_broken_upload_is_told_what_is_wrong(string type, string body, string error)
    {
        await using var node = await StartAsync();
        var uuid = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        Assert.Equal(
            error,
            (await node.PostAsync($"task/new/upload/{uuid}", content)).GetProperty("error").GetString()
        );
        Assert.Empty(Directory.GetFiles(Path.Combine(node.Settings.Folder, "tmp", ".parts")));
    }

    [Fact]
    public async Task No_id_leads_out_of_the_folder()
    {
        await using var node = await StartAsync();
        foreach (var uuid in new[] { "..%2f..", "a%00b", ".parts", "%5c..%5c" })
        {
            using var upload = await node.Http.PostAsync($"task/new/upload/{uuid}", Photos(("a.jpg", Bytes(1))), Ct);
            using var commit = await node.Http.PostAsync($"task/new/commit/{uuid}", null, Ct);
            foreach (var answer in new[] { upload, commit })
            {
                if (answer.StatusCode == HttpStatusCode.OK)
                    Assert.Contains(
                        "Invalid uuid (not found)",
                        await answer.Content.ReadAsStringAsync(Ct),
                        StringComparison.Ordinal
                    );
                else
                    Assert.True(
                        answer.StatusCode
                            is HttpStatusCode.NotFound
                                or HttpStatusCode.BadRequest
                                or HttpStatusCode.MethodNotAllowed,
                        answer.StatusCode.ToString()
                    );
            }
        }
    }
}
