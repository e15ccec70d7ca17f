using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Nodes that put results into a bucket of their own, as under ClusterODM.</summary>
public sealed class DownloadTests : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, bool> _there = [];
    private readonly WebApplication _bucket;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private ScriptedNode _node = null!;
    private TestGateway _gateway = null!;
    private Guid _id;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public DownloadTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _bucket = builder.Build();
        _bucket.Run(http =>
        {
            http.Response.StatusCode = _there.ContainsKey(http.Request.Path)
                ? StatusCodes.Status200OK
                : StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    public async ValueTask InitializeAsync()
    {
        await _bucket.StartAsync(Ct);
        _node = await ScriptedNode.StartAsync();
        _gateway = await TestGateway.StartAsync(
            options => options with { DownloadsFromS3 = new($"{_bucket.Urls.First()}/results/") },
            _node
        );
        _id = await _gateway.SubmitAsync();
        await _gateway.UntilAsync(_id, TaskCode.Completed);
    }

    [Fact]
    public async Task What_is_there_is_downloaded_there()
    {
        var (map, archive) = ($"/results/{_id}/odm_orthophoto/odm_orthophoto.tif", $"/results/{_id}/all.zip");
        _there[map] = _there[archive] = true;
        foreach (
            var (asset, path) in new[]
            {
                ("orthophoto.tif", map),
                ("odm_orthophoto/odm_orthophoto.tif", map),
                ("all.zip", archive),
            }
        )
        {
            using var answer = await AskAsync(HttpMethod.Get, asset);
            Assert.Equal(
                (HttpStatusCode.Found, $"{_bucket.Urls.First()}{path}"),
                (answer.StatusCode, answer.Headers.Location!.ToString())
            );
        }
        using var head = await AskAsync(HttpMethod.Head, "all.zip");
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
    }

    [Fact]
    public async Task What_is_not_there_is_not_promised_and_the_archive_is_always_here()
    {
        _there[$"/{_id}/secret"] = true;
        foreach (var asset in (string[])["orthophoto.tif", "..%2f..%2fsecret", "a//b"])
        {
            using var answer = await AskAsync(HttpMethod.Get, asset);
            Assert.Equal(
                ("Invalid asset", HttpStatusCode.OK),
                (
                    JsonElement.Parse(await answer.Content.ReadAsStringAsync(Ct)).GetProperty("error").GetString(),
                    answer.StatusCode
                )
            );
        }
        Assert.Equal(2, (await _gateway.ArchiveAsync(_id)).Count);
        await _bucket.StopAsync(Ct);
        Assert.Equal(2, (await _gateway.ArchiveAsync(_id)).Count);
    }

    private Task<HttpResponseMessage> AskAsync(HttpMethod method, string asset) =>
        _http.SendAsync(new(method, new Uri(_gateway.Host.Address, $"task/{_id}/download/{asset}")), Ct);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
        await _bucket.DisposeAsync();
    }
}
