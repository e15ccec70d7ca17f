using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Gateway.Shared;

/// <summary>Two servers: one leads, the other hands it what it is asked.</summary>
public sealed class LeaderProxyTests : IAsyncLifetime
{
    private readonly LeaderProxy _proxy = new();
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource _held = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private WebApplication _leader = null!;
    private WebApplication _front = null!;
    private Uri _at = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _leader = await ServeAsync(LeadAsync);
        _at = new(_leader.Urls.First());
        _front = await ServeAsync(async http =>
        {
            if (!await _proxy.ForwardAsync(http, _at, _over.Token))
                http.Response.StatusCode = StatusCodes.Status421MisdirectedRequest; // here: it may be asked again
        });
        _http.BaseAddress = new(_front.Urls.First());
    }

    [Fact]
    public async Task Status_headers_and_body_are_the_leaders_and_it_is_asked_what_the_client_asked()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "echo/a%2fb?token=x%20y&n=1")
        {
            Headers = { Range = new(3, 5) },
        };
        request.Headers.Host = "gateway.example:3000";
        using var answer = await _http.SendAsync(request, Ct);
        Assert.Equal(
            (HttpStatusCode.Found, "http://elsewhere/"),
            (answer.StatusCode, answer.Headers.Location!.ToString())
        );
        Assert.Equal(
            "GET /echo/a%2fb?token=x%20y&n=1 gateway.example:3000 bytes=3-5 1",
            await answer.Content.ReadAsStringAsync(Ct)
        );
        Assert.Equal(["a", "b"], answer.Headers.GetValues("Twice"));
    }

    [Theory]
    [
        InlineData("//{0}/echo/private?x=1", "//{0}/echo/private?x=1"),
        InlineData("http://{0}/echo/private?x=1", "/echo/private?x=1"),
        InlineData("/{0}@{0}/echo", "/{0}@{0}/echo")
    ]
    public async Task No_request_names_another_host_than_the_leader(string target, string asked)
    {
        var strangers = 0;
        await using var stranger = await ServeAsync(_ =>
        {
            strangers++;
            return Task.CompletedTask;
        });
        var host = new Uri(stranger.Urls.First()).Authority;
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _http.BaseAddress!.Port, Ct);
        var line = string.Format(System.Globalization.CultureInfo.InvariantCulture, target, host);
        await socket
            .GetStream()
            .WriteAsync(
                System.Text.Encoding.ASCII.GetBytes(
                    $"GET {line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
                ),
                Ct
            );
        using var answer = new StreamReader(socket.GetStream());
        var text = await answer.ReadToEndAsync(Ct);
        Assert.Equal(0, strangers);
        Assert.Contains(
            $"GET {string.Format(System.Globalization.CultureInfo.InvariantCulture, asked, host)} {host} ",
            text,
            StringComparison.Ordinal
        );
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_large_body_arrives_as_it_was_whether_its_length_is_known_or_not(bool chunked)
    {
        var content = RandomNumberGenerator.GetBytes(40 << 20);
        using var request = new HttpRequestMessage(HttpMethod.Post, "hash")
        {
            Content = new ByteArrayContent(content),
            Headers = { TransferEncodingChunked = chunked, ExpectContinue = !chunked },
        };
        using var answer = await _http.SendAsync(request, Ct);
        Assert.Equal(
            $"{(chunked ? "" : content.Length)} {Convert.ToHexStringLower(SHA256.HashData(content))}",
            await answer.Content.ReadAsStringAsync(Ct)
        );
    }

    [Fact]
    public async Task A_question_whose_leader_is_gone_may_be_asked_again_and_an_upload_that_had_begun_breaks_off()
    {
        var question = _http.GetAsync("hold", Ct);
        var upload = _http.PostAsync("hold", new ByteArrayContent(new byte[1 << 16]), Ct);
        await _held.Task.WaitAsync(TestGateway.Patience, Ct);
        await _over.CancelAsync();
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await question).StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => upload);

        await _leader.StopAsync(Ct);
        using var later = await _http.GetAsync("echo", Ct);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, later.StatusCode);
    }

    private int _holding;

    private async Task LeadAsync(HttpContext http)
    {
        switch (http.Request.Path.Value!.Split('/')[1])
        {
            case var _ when http.Request.Path.Value.Contains("/echo", StringComparison.Ordinal):
                http.Response.StatusCode = StatusCodes.Status302Found;
                http.Response.Headers.Location = "http://elsewhere/";
                http.Response.Headers["Twice"] = new(["a", "b"]);
                await http.Response.WriteAsync(
                    $"{http.Request.Method} "
                        + $"{http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget} "
                        + $"{http.Request.Host} {http.Request.Headers.Range} {http.Request.Headers[LeaderProxy.Mark]}",
                    Ct
                );
                break;
            case "hash":
                await http.Response.WriteAsync(
                    $"{http.Request.ContentLength} "
                        + $"{Convert.ToHexStringLower(await SHA256.HashDataAsync(http.Request.Body, Ct))}",
                    Ct
                );
                break;
            default:
                await http.Request.Body.CopyToAsync(Stream.Null, Ct);
                if (Interlocked.Increment(ref _holding) == 2)
                    _held.SetResult();
                await Task.Delay(Timeout.Infinite, http.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
        }
    }

    private static async Task<WebApplication> ServeAsync(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(OdmEndpoints.SetLimits);
        var web = builder.Build();
        web.Run(handle);
        await web.StartAsync(Ct);
        return web;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _front.DisposeAsync();
        await _leader.DisposeAsync();
        _proxy.Dispose();
        _over.Dispose();
    }
}
