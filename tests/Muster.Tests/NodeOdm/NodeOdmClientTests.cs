using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Muster.NodeOdm;

public sealed class NodeOdmClientTests
{
    private const string Token = "s3cret word";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refused_connection_is_nobody_there()
    {
        var reply = await Client(new(Gateway.GatewayProcess.FreePort())).InfoAsync(Ct);
        Assert.DoesNotContain("s3cret", Assert.IsType<NodeReply<NodeInfo>.Away>(reply).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_not_known_is_nobody_there() =>
        Assert.IsType<NodeReply<NodeInfo>.Away>(await Client(new(1, "nowhere.invalid")).InfoAsync(Ct));

    [Theory]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n7")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n[\"no\"]")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"error\":\"\\ud800\"}"
    )]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    public async Task What_is_not_of_this_api_is_garbled(string answer) =>
        Assert.DoesNotContain(
            "s3cret",
            Assert.IsType<NodeReply<NodeInfo>.Garbled>(await AskRaw(answer)).Why,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"version\":")]
    public async Task A_broken_connection_is_silence(string answer) =>
        Assert.IsType<NodeReply<NodeInfo>.Silent>(await AskRaw(answer));

    [Fact]
    public async Task A_node_that_never_answers_is_silence()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var reply = await Client(new(((IPEndPoint)listener.LocalEndpoint).Port), TimeSpan.FromMilliseconds(200))
            .InfoAsync(Ct);
        Assert.Contains(
            "did not answer within",
            Assert.IsType<NodeReply<NodeInfo>.Silent>(reply).Why,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_redirect_leads_no_request_to_another_server_but_a_download_where_that_is_wanted()
    {
        var asked = 0;
        await using var other = await Serving(app =>
            app.Run(async http =>
            {
                asked++;
                await http.Response.WriteAsync("secret", Ct);
            })
        );
        await using var server = await Serving(app =>
            app.Run(http =>
            {
                http.Response.Redirect(
                    $"http://127.0.0.1:{other.Port}{http.Request.Path}",
                    permanent: false,
                    preserveMethod: http.Request.Method == "POST"
                );
                return Task.CompletedTask;
            })
        );
        var (client, path) = (Client(new(server.Port)), Path.GetTempFileName());
        await using (var file = new FileStream(path, FileMode.Create))
        {
            Assert.Contains(
                "status 302, a redirect that is not followed",
                Assert.IsType<NodeReply<long>.Garbled>(await client.DownloadAsync("x", "all.zip", file, Ct)).Why,
                StringComparison.Ordinal
            );
            Assert.IsType<NodeReply<bool>.Garbled>(
                await client.UploadAsync("x", [new("a.jpg", 1, () => new MemoryStream([1]))], Ct)
            );
            Assert.IsType<NodeReply<bool>.Garbled>(await client.CancelAsync("x", Ct));
            Assert.IsType<NodeReply<NodeInfo>.Garbled>(await client.InfoAsync(Ct));
            Assert.Equal(0, asked);
            var trusting = new NodeOdmClient(
                NodeOdmClient.Connections(),
                new($"http://127.0.0.1:{server.Port}/"),
                null,
                TimeSpan.FromSeconds(10),
                TimeProvider.System
            )
            {
                DownloadsFromElsewhere = true,
            };
            Assert.Equal(new NodeReply<long>.Said(6), await trusting.DownloadAsync("x", "all.zip", file, Ct));
            Assert.IsType<NodeReply<bool>.Garbled>(await trusting.CancelAsync("x", Ct));
            Assert.Equal(1, asked);
        }
        System.IO.File.Delete(path);
    }

    [Fact]
    public async Task An_error_answer_is_the_nodes_word()
    {
        await using var server = await Serving(app =>
            app.MapGet(
                "/info",
                (HttpContext http) =>
                    http.Request.Query["token"] == Token
                        ? http.RefuseAsync("not today", noRetry: true)
                        : http.RefuseAsync("Invalid authentication token: token does not match.")
            )
        );
        Assert.Equal(new NodeReply<NodeInfo>.Denied("not today", true), await Client(new(server.Port)).InfoAsync(Ct));
        var stranger = new NodeOdmClient(
            NodeOdmClient.Connections(),
            new($"http://127.0.0.1:{server.Port}/"),
            null,
            TimeSpan.FromSeconds(10),
            TimeProvider.System
        );
        Assert.True(Assert.IsType<NodeReply<NodeInfo>.Denied>(await stranger.InfoAsync(Ct)).IsUnauthorized);
    }

    [Fact]
    public async Task Files_arrive_as_they_are_whatever_their_names()
    {
        var received = new Dictionary<string, byte[]>();
        await using var server = await Serving(app =>
            app.MapPost(
                "/task/new/upload/{uuid}",
                async (HttpContext http) =>
                {
                    await FormReader.ReadAsync(
                        http.Request.ContentType,
                        http.Request.Body,
                        async (part, ct) =>
                        {
                            using var content = new MemoryStream();
                            await part.OpenRead().CopyToAsync(content, ct);
                            received[part.FileName!] = content.ToArray();
                        },
                        Ct
                    );
                    await http.AnswerAsync(ActionAnswer.Done, OdmJson.Wire.ActionAnswer);
                }
            )
        );
        var large = new byte[3 << 20];
        new Random(1).NextBytes(large);
        var reply = await Client(new(server.Port))
            .UploadAsync("u", [File("nördlich 1.jpg", large), File("leer.jpg", [])], Ct);
        Assert.Equal(new NodeReply<bool>.Said(true), reply);
        Assert.Equal(large, received["nördlich 1.jpg"]);
        Assert.Empty(received["leer.jpg"]);
    }

    [Fact]
    public async Task A_byte_now_and_then_is_no_download()
    {
        await using var server = await Serving(app =>
            app.MapGet(
                "/task/u/download/all.zip",
                async (HttpContext http) =>
                {
                    http.Response.ContentType = "application/zip";
                    http.Response.ContentLength = 1 << 20;
                    for (; !http.RequestAborted.IsCancellationRequested; await Task.Delay(20, http.RequestAborted))
                    {
                        await http.Response.Body.WriteAsync(new byte[1], http.RequestAborted);
                        await http.Response.Body.FlushAsync(http.RequestAborted);
                    }
                }
            )
        );
        var path = Path.Combine(Directory.CreateTempSubdirectory("muster-download-").FullName, "all.zip");
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var (why, moved) = ("", 0L);
        var watch = new DownloadWatch(
            reason =>
            {
                why = reason;
                enough.Cancel();
            },
            (bytes, _) => moved = bytes
        );
        await using (var file = new FileStream(path, FileMode.Create))
        {
            var client = Client(new(server.Port), TimeSpan.FromMilliseconds(500));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                client.DownloadAsync("u", "all.zip", file, enough.Token, watch)
            );
        }
        Assert.Contains("did not answer within", why, StringComparison.Ordinal);
        Assert.NotEqual(0, moved);
        System.IO.File.Delete(path);
    }

    [Fact]
    public async Task A_broken_download_goes_on_where_it_stopped()
    {
        var bytes = new byte[5 << 20];
        new Random(2).NextBytes(bytes);
        var sent = 0L;
        var asked = 0;
        await using var server = await Serving(app =>
            app.MapGet(
                "/task/u/download/all.zip",
                (HttpContext http) =>
                    http.SendAsync(
                        new(
                            "all.zip",
                            "application/zip",
                            bytes.Length,
                            "\"1\"",
                            DateTimeOffset.UnixEpoch,
                            async (range, target, ct) =>
                            {
                                // Each of the first three answers breaks after a megabyte or so.
                                var length = asked++ < 3 ? Math.Min(range.Length, 1 << 20) : range.Length;
                                await target.WriteAsync(bytes.AsMemory((int)range.From, (int)length), ct);
                                await target.FlushAsync(ct);
                                sent += length;
                                if (length < range.Length)
                                    http.Abort();
                            }
                        )
                    )
            )
        );
        var path = Path.Combine(Directory.CreateTempSubdirectory("muster-download-").FullName, "all.zip");
        await using (var file = new FileStream(path, FileMode.Create))
        {
            Assert.Equal(
                new NodeReply<long>.Said(bytes.Length),
                await Client(new(server.Port)).DownloadAsync("u", "all.zip", file, Ct)
            );
        }
        Assert.Equal(bytes, await System.IO.File.ReadAllBytesAsync(path, Ct));
        Assert.Equal(4, asked);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    private static UploadFile File(string name, byte[] content) =>
        new(name, content.Length, () => new MemoryStream(content));

    private static NodeOdmClient Client(Where where, TimeSpan? patience = null) =>
        new(
            NodeOdmClient.Connections(),
            new($"http://{where.Host}:{where.Port}/"),
            Token,
            patience ?? TimeSpan.FromSeconds(10),
            TimeProvider.System
        );

    private static async Task<NodeReply<NodeInfo>> AskRaw(string answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var asking = Client(new(((IPEndPoint)listener.LocalEndpoint).Port)).InfoAsync(Ct);
        // Where nothing at all was answered, the HTTP library itself asks once more.
        while (await Task.WhenAny(asking, listener.AcceptTcpClientAsync(Ct).AsTask()) is Task<TcpClient> accepted)
        {
            using var connection = await accepted;
            await connection.GetStream().ReadAtLeastAsync(new byte[16], 16, cancellationToken: Ct);
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), Ct);
        }
        return await asking;
    }

    private static async Task<Server> Serving(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(OdmEndpoints.SetLimits).UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseOdmFaults(app.Logger);
        map(app);
        await app.StartAsync(Ct);
        return new(app);
    }

    private sealed record Where(int Port, string Host = "127.0.0.1");

    private sealed class Server(WebApplication app) : IAsyncDisposable
    {
        public int Port => new Uri(app.Urls.First()).Port;

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
