using System.Net;
using System.Security.Cryptography;
using Muster.Faults;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway;

/// <summary>Uploads and results in a bucket of a real S3 server.</summary>
[Collection(Sharing.Services)]
public sealed class BucketTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_task_goes_through_the_bucket_and_its_client_is_sent_there_for_the_result()
    {
        var place = await Services.BucketAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(options => options with { Bucket = place }, node);
        var id = await gateway.SubmitAsync(files: 3);
        await gateway.UntilAsync(id, TaskCode.Completed);
        Assert.Equal(["0.jpg", "1.jpg", "2.jpg"], (await gateway.ArchiveAsync(id)).Keys.Order());
        Assert.Empty(gateway.Files("spool").Concat(gateway.Files("results")).Concat(gateway.Files("incoming")));

        using var plain = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false })
        {
            BaseAddress = gateway.Host.Address,
        };
        using var redirect = await plain.GetAsync($"task/{id}/download/all.zip", Ct);
        Assert.Equal(
            (HttpStatusCode.Found, "127.0.0.1:26080"),
            (redirect.StatusCode, redirect.Headers.Location!.Authority)
        );
        Assert.DoesNotContain("testing", redirect.Headers.Location!.Query, StringComparison.Ordinal);
        using var unsigned = await plain.GetAsync(redirect.Headers.Location.GetLeftPart(UriPartial.Path), Ct);
        Assert.False(unsigned.IsSuccessStatusCode);
        using var range = new HttpRequestMessage(HttpMethod.Get, $"task/{id}/download/all.zip")
        {
            Headers = { Range = new(2, 5) },
        };
        using var part = await gateway.Http.SendAsync(range, Ct);
        Assert.Equal(
            (HttpStatusCode.PartialContent, 4),
            (part.StatusCode, (await part.Content.ReadAsByteArrayAsync(Ct)).Length)
        );
        using var head = await plain.SendAsync(new(HttpMethod.Head, $"task/{id}/download/all.zip"), Ct);
        Assert.Equal(
            (HttpStatusCode.OK, part.Content.Headers.ContentRange!.Length),
            (head.StatusCode, head.Content.Headers.ContentLength)
        );

        Assert.True(await gateway.Host.Actions.RemoveAsync(id, "the test"));
        using var bucket = new S3Bucket(place);
        await gateway.UntilAsync(
            async () =>
                (await bucket.KeysAsync("results/", Ct).ToListAsync(Ct)).Count
                    + (await bucket.KeysAsync("spool/", Ct).ToListAsync(Ct)).Count
                == 0,
            () => "the bucket is not empty"
        );
    }

    [Fact]
    public async Task Where_clients_cannot_reach_the_bucket_results_go_through_the_gateway_with_exact_ranges()
    {
        var place = await Services.BucketAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options => options with { Bucket = place, StreamDownloads = true },
            node
        );
        var id = await gateway.SubmitAsync(files: 2);
        await gateway.UntilAsync(id, TaskCode.Completed);
        var whole = await gateway.Http.GetByteArrayAsync($"task/{id}/download/all.zip", Ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"task/{id}/download/all.zip")
        {
            Headers = { Range = new(7, 20) },
        };
        using var part = await gateway.Http.SendAsync(request, Ct);
        Assert.Equal(whole[7..21], await part.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task What_tasks_need_is_there_after_a_start_and_what_nobody_needs_is_swept()
    {
        var place = await Services.BucketAsync();
        await using var gateway = await TestGateway.StartAsync(options => options with { Bucket = place });
        gateway.Host.Fleet.Add(new("http://127.0.0.1:9/"), "");
        await gateway.SubmitAsync(files: 3);
        var name = (await KeysAsync(place)).First().Split('/')[1];
        await gateway.StopAsync();
        var orphan = Path.Combine(gateway.Folder, "orphan");
        await File.WriteAllTextAsync(orphan, "x", Ct);
        using (var bucket = new S3Bucket(place))
        {
            await bucket.PutAsync(orphan, $"spool/{name}/ab/orphan", _ => { }, Ct);
            await bucket.PutAsync(orphan, "spool/other/ab/of another gateway", _ => { }, Ct);
        }
        await gateway.StartAsync();
        await gateway.UntilAsync(
            async () => !(await KeysAsync(place)).Contains($"spool/{name}/ab/orphan"),
            () => "the orphan is still there"
        );
        Assert.Equal(4, (await KeysAsync(place)).Count);
    }

    [Fact]
    public async Task Large_contents_go_in_parts_and_come_back_from_any_place()
    {
        var place = await Services.BucketAsync();
        var folder = Directory.CreateTempSubdirectory("muster-bucket-test-");
        using (var blobs = new BlobBucket(place, Path.Combine(folder.FullName, "incoming")))
        {
            var content = RandomNumberGenerator.GetBytes(70 << 20);
            var part = blobs.NewPart();
            await File.WriteAllBytesAsync(part, content, Ct);
            await blobs.PutAsync(part, "large", Ct);
            Assert.False(File.Exists(part));
            await using var stream = blobs.Open("large", content.Length);
            foreach (var at in new[] { content.Length - 10, 0, 33 << 20 })
            {
                stream.Position = at;
                var read = new byte[10];
                await stream.ReadExactlyAsync(read, Ct);
                Assert.Equal(content[at..(at + 10)], read);
            }
            stream.Position = 0;
            Assert.Equal(SHA256.HashData(content), await SHA256.HashDataAsync(stream, Ct));
        }
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_wrong_key_and_a_bucket_that_is_not_there_stop_the_start_without_showing_the_key()
    {
        var place = await Services.BucketAsync();
        foreach (
            var (wrong, named) in new[]
            {
                (place with { SecretKey = "not-the-secret" }, place.Bucket),
                (place with { Bucket = "muster-missing" }, "muster-missing"),
                (place with { Endpoint = "http://127.0.0.1:9" }, "127.0.0.1:9"),
            }
        )
        {
            var fault = await Assert.ThrowsAsync<UserException>(() =>
                TestGateway.StartAsync(options => options with { Bucket = wrong })
            );
            Assert.Contains(named, fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("not-the-secret", fault.ToString(), StringComparison.Ordinal);
        }
    }

    private static async Task<List<string>> KeysAsync(S3Place place)
    {
        using var bucket = new S3Bucket(place);
        return await bucket.KeysAsync("spool/", Ct).ToListAsync(Ct);
    }
}
