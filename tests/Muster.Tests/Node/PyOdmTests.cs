using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>
/// A client that behaves as PyODM is documented to: what it retries, how much it does at once, how it downloads.
/// </summary>
public sealed class PyOdmTests : IDisposable
{
    private const int Uploads = 10;
    private const int Connections = 16;
    private const int RangeBytes = 10 << 20;
    private readonly string _folder = NewFolder();

    [Fact]
    public async Task A_dataset_goes_in_through_lost_uploads_and_its_archive_comes_out_in_ranges()
    {
        await using var node = await StartAsync(
            CommandNode.Engine(
                _folder,
                "mkdir -p \"$1/out\" && cp \"$1\"/images/* \"$1/out\" && head -c 35000000 /dev/urandom "
                    + ">\"$1/out/large\""
            ),
            settings => settings with { DropUploads = true, Token = "to ken" }
        );
        var photos = Enumerable.Range(0, 25).Select(at => ($"IMG {at}é.jpg", Bytes(20_000, at))).ToList();

        var uuid = await CreateTaskAsync(node, photos);
        while (await StatusAsync(node, uuid) is 10 or 20)
            await Task.Delay(50, Ct);
        Assert.Equal(40, await StatusAsync(node, uuid));

        using var zip = new ZipArchive(await DownloadAsync(node, uuid));
        foreach (var (name, content) in photos)
        {
            using var stored = new MemoryStream();
            await zip.GetEntry($"out/{name}")!.Open().CopyToAsync(stored, Ct);
            Assert.Equal(content, stored.ToArray());
        }
        Assert.Equal(
            photos.Count + 1,
            zip.Entries.Count(entry => entry.FullName.StartsWith("out/", StringComparison.Ordinal))
        );
    }

    private static async Task<string> CreateTaskAsync(TestNode node, List<(string Name, byte[] Content)> photos)
    {
        var version = Version.Parse((await GetAsync(node, "info")).GetProperty("version").GetString()!);
        Assert.True(version >= new Version(1, 4, 0));
        var uuid = (await PostAsync(node, "task/new/init", Form(("name", ""), ("options", "[]"))))!
            .Value.GetProperty("uuid")
            .GetString()!;
        await Parallel.ForEachAsync(
            photos,
            new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = Ct },
            async (photo, ct) =>
            {
                // Five tries with growing waits; the test's waits are short and its tries many, as every second one is
                // dropped.
                for (var tries = 1; ; tries++)
                {
                    if (await PostAsync(node, $"task/new/upload/{uuid}", Photos(photo)) is { } said)
                    {
                        Assert.True(said.GetProperty("success").GetBoolean());
                        return;
                    }
                    Assert.True(tries < 50);
                    await Task.Delay(tries, ct);
                }
            }
        );
        return (await PostAsync(node, $"task/new/commit/{uuid}", null))!.Value.GetProperty("uuid").GetString()!;
    }

    /// <summary>The first answer is opened and never read while sixteen others bring the ranges.</summary>
    private static async Task<MemoryStream> DownloadAsync(TestNode node, string uuid)
    {
        var path = Address(node, $"task/{uuid}/download/all.zip");
        using var first = await node.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("bytes", first.Headers.AcceptRanges.Single());
        var length = first.Content.Headers.ContentLength!.Value;
        Assert.True(length > RangeBytes);
        var bytes = new byte[length];
        var parts = (int)((length + RangeBytes - 1) / RangeBytes);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, parts),
            new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = Ct },
            async (part, ct) =>
            {
                var (from, last) = ((long)part * RangeBytes, Math.Min(length, (part + 1L) * RangeBytes) - 1);
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.Range = new RangeHeaderValue(from, last);
                using var response = await node.Http.SendAsync(request, ct);
                Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
                var chunk = await response.Content.ReadAsByteArrayAsync(ct);
                Assert.Equal(last - from + 1, chunk.Length);
                chunk.CopyTo(bytes, from);
            }
        );
        return new(bytes);
    }

    private static string Address(TestNode node, string path) =>
        $"{path}?token={Uri.EscapeDataString(node.Settings.Token!)}";

    private static async Task<JsonElement> GetAsync(TestNode node, string path) =>
        await node.GetAsync(Address(node, path));

    /// <summary>Null for a server error.</summary>
    private static async Task<JsonElement?> PostAsync(TestNode node, string path, HttpContent? content)
    {
        using var response = await node.Http.PostAsync(Address(node, path), content, Ct);
        if (response.StatusCode == HttpStatusCode.InternalServerError)
            return null;
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Forbidden);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct));
        Assert.False(document.RootElement.TryGetProperty("error", out var error), error.ToString());
        return document.RootElement.Clone();
    }

    private static async Task<int> StatusAsync(TestNode node, string uuid)
    {
        var info = await GetAsync(node, $"task/{uuid}/info");
        foreach (
            var key in new[] { "uuid", "name", "dateCreated", "processingTime", "status", "options", "imagesCount" }
        )
            Assert.True(info.TryGetProperty(key, out _), key);
        return Code(info);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
