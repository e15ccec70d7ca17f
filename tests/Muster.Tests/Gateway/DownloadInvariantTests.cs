using System.Net;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>What clients rely on when they fetch results, by the numbers of the specification.</summary>
public sealed class DownloadInvariantTests : InvariantTestBase
{
    [Fact]
    public async Task I25_I27_downloads_have_exact_ranges_and_never_fewer_bytes_than_announced()
    {
        var id = await Gateway.SubmitAsync(
            files: 0,
            more: ("big.jpg", [.. Enumerable.Range(0, 40_000_000).Select(n => (byte)(n * 7))])
        );
        await Gateway.UntilAsync(id, TaskCode.Completed);
        using var idle = await Gateway.Http.GetAsync(
            $"task/{id}/download/all.zip",
            HttpCompletionOption.ResponseHeadersRead,
            Ct
        ); // as PyODM does, and never reads it
        var length = idle.Content.Headers.ContentLength!.Value;
        Assert.Contains("bytes", idle.Headers.AcceptRanges);
        var whole = await Gateway.Http.GetByteArrayAsync($"task/{id}/download/all.zip", Ct);
        Assert.Equal(length, whole.Length);
        var parts = await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(async n =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, $"task/{id}/download/all.zip");
                    var (from, to) = (n * length / 16, ((n + 1) * length / 16) - 1);
                    request.Headers.Range = new(from, to);
                    using var response = await Gateway.Http.SendAsync(request, Ct);
                    Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
                    Assert.Equal(
                        (from, to, length),
                        (
                            response.Content.Headers.ContentRange!.From,
                            response.Content.Headers.ContentRange.To,
                            response.Content.Headers.ContentRange.Length
                        )
                    );
                    return await response.Content.ReadAsByteArrayAsync(Ct);
                })
        );
        Assert.True(whole.AsSpan().SequenceEqual(parts.SelectMany(part => part).ToArray()));
    }

    [Fact]
    public async Task I26_a_nodes_redirect_is_followed_on_the_node_itself_and_our_clients_are_not_sent_anywhere()
    {
        var id = await Gateway.SubmitAsync(files: 3);
        Node.Before = http =>
        {
            var path = http.Request.Path.Value!;
            if (!path.Contains("/download/", StringComparison.Ordinal) || http.Request.Query.ContainsKey("signed"))
                return Task.FromResult(false);
            http.Response.Redirect($"{path}?signed=yes");
            return Task.FromResult(true);
        };
        await Gateway.UntilAsync(id, TaskCode.Completed);
        Assert.Equal(3, (await Gateway.ArchiveAsync(id)).Count);
        using var response = await Gateway.Http.GetAsync($"task/{id}/download/all.zip", Ct);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"/task/{id}/download/all.zip", response.RequestMessage!.RequestUri!.AbsolutePath);
    }

    [Fact]
    public async Task I28_what_is_not_ready_is_no_archive()
    {
        Node.Takes = TimeSpan.FromMinutes(5);
        var id = await Gateway.SubmitAsync();
        Assert.Equal(
            "Asset not ready",
            (await Gateway.GetAsync($"task/{id}/download/all.zip")).GetProperty("error").GetString()
        );
        foreach (var asset in (string[])["orthophoto.tif", "..%2f..%2fgateway.db"])
            Assert.Equal(
                "Invalid asset",
                (await Gateway.GetAsync($"task/{id}/download/{asset}")).GetProperty("error").GetString()
            );
    }
}
