using System.Net;
using System.Text;
using Muster.Node.Engines;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>What clients rely on when they fetch results, by the numbers of the list of invariants.</summary>
public sealed class DownloadInvariantTests
{
    [Fact]
    public async Task I25_I27_Ranges_are_exact_and_an_idle_download_harms_nobody()
    {
        await using var node = await StartAsync();
        var uuid = await node.CommitAsync();
        await node.EndAsync(uuid);
        var path = $"task/{uuid}/download/all.zip";
        using var idle = await node.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Ct);
        var whole = await node.Http.GetByteArrayAsync(path, Ct);
        Assert.Equal(
            (true, whole.Length, "attachment; filename=all.zip"),
            (
                idle.Headers.AcceptRanges.Contains("bytes"),
                (int)idle.Content.Headers.ContentLength!,
                idle.Content.Headers.ContentDisposition!.ToString()
            )
        );
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 16),
            Ct,
            async (part, ct) =>
            {
                var from = whole.Length * part / 16;
                var last = (whole.Length * (part + 1) / 16) - 1;
                using var request = new HttpRequestMessage(HttpMethod.Get, path)
                {
                    Headers = { Range = new(from, last) },
                };
                using var response = await node.Http.SendAsync(request, ct);
                Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
                Assert.Equal($"bytes {from}-{last}/{whole.Length}", response.Content.Headers.ContentRange!.ToString());
                Assert.Equal(whole[from..(last + 1)], await response.Content.ReadAsByteArrayAsync(ct));
            }
        );

        using var beyond = new HttpRequestMessage(HttpMethod.Get, path)
        {
            Headers = { Range = new(whole.Length, null) },
        };
        using var nothing = await node.Http.SendAsync(beyond, Ct);
        Assert.Equal(
            (HttpStatusCode.RequestedRangeNotSatisfiable, $"bytes */{whole.Length}"),
            (nothing.StatusCode, nothing.Content.Headers.ContentRange!.ToString())
        );

        using var several = new HttpRequestMessage(HttpMethod.Get, path);
        several.Headers.TryAddWithoutValidation("Range", "bytes=0-9,-5");
        using var parts = await node.Http.SendAsync(several, Ct);
        var text = Encoding.Latin1.GetString(await parts.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(
            ("multipart/byteranges", (long)text.Length),
            (parts.Content.Headers.ContentType!.MediaType, parts.Content.Headers.ContentLength!.Value)
        );
        Assert.Contains(
            $"bytes 0-9/{whole.Length}\r\n\r\n{Encoding.Latin1.GetString(whole[..10])}\r\n--",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains($"\r\n\r\n{Encoding.Latin1.GetString(whole[^5..])}\r\n--", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task I28_Nothing_but_a_whole_archive_is_served()
    {
        await using var node = await StartAsync(new TestEngine(new() { Takes = TimeSpan.FromSeconds(30) }));
        var uuid = await node.CommitAsync();
        Assert.Equal(
            "Asset not ready",
            (await node.GetAsync($"task/{uuid}/download/all.zip")).GetProperty("error").GetString()
        );
        Assert.Equal(
            "Invalid asset",
            (await node.GetAsync($"task/{uuid}/download/orthophoto.tif")).GetProperty("error").GetString()
        );
        Assert.Equal(
            "Invalid asset",
            (await node.GetAsync($"task/{uuid}/download/..%2f..%2fnode.db")).GetProperty("error").GetString()
        );
    }
}
