using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Node.Engines;
using Muster.Storage;
using static Muster.Node.TestNode;

namespace Muster.Node;

public sealed class BucketTests
{
    [Fact]
    public async Task Results_go_into_the_bucket_and_their_task_says_so()
    {
        await using var cloud = await Cloud.StartAsync();
        await using var node = await StartAsync(change: settings =>
            settings with
            {
                Bucket = cloud.Place,
                BucketGetsAll = true,
            }
        );
        Assert.Equal(["test.txt"], cloud.Objects.Keys);
        var uuid = await node.CommitAsync();
        Assert.Equal(40, Code(await node.EndAsync(uuid)));
        Assert.Equal(
            await node.Http.GetByteArrayAsync($"task/{uuid}/download/all.zip", Ct),
            cloud.Objects[$"{uuid}/all.zip"]
        );
        Assert.Equal(
            "This stands for odm_dem/dsm.tif.\n",
            Encoding.UTF8.GetString(cloud.Objects[$"{uuid}/odm_dem/dsm.tif"])
        );
        var output = await node.OutputAsync(uuid, "278");
        Assert.Equal(("Uploading all.zip... 100%", "Done uploading to S3!"), (output[^2], output[^1]));
        Assert.Equal(["private"], cloud.Acls.Distinct());
    }

    [Fact]
    public async Task A_bucket_that_refuses_stops_the_start()
    {
        await using var cloud = await Cloud.StartAsync();
        cloud.Refuses = true;
        var fault = await Assert.ThrowsAsync<UserException>(() =>
            StartAsync(change: settings => settings with { Bucket = cloud.Place })
        );
        Assert.Contains("the bucket results at http://127.0.0.1", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("the-secret", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bucket_that_fails_later_fails_the_task_with_a_reason()
    {
        await using var cloud = await Cloud.StartAsync();
        await using var node = await StartAsync(
            new TestEngine(new() { Takes = TimeSpan.FromMilliseconds(200) }),
            settings => settings with { Bucket = cloud.Place }
        );
        cloud.Refuses = true;
        var info = await node.EndAsync(await node.CommitAsync());
        Assert.Equal(30, Code(info));
        Assert.StartsWith(
            "Could not write the result: the bucket results did not take",
            info.GetProperty("status").GetProperty("errorMessage").GetString(),
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// Stands in for an S3 service: takes objects that are signed with the right key, keeps them in memory.
    /// </summary>
    private sealed class Cloud(WebApplication app) : IAsyncDisposable
    {
        public ConcurrentDictionary<string, byte[]> Objects { get; } = new();
        public ConcurrentBag<string> Acls { get; } = [];
        public bool Refuses { get; set; }
        public S3Place Place =>
            new(
                app.Urls.First(),
                "results",
                "the-key",
                "the-secret",
                "private",
                ForcePathStyle: true,
                IgnoreCertificates: false
            );

        public static async Task<Cloud> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var cloud = new Cloud(app);
            app.MapPut(
                "/results/{**key}",
                async (string key, HttpContext http) =>
                {
                    using var body = new MemoryStream();
                    await http.Request.Body.CopyToAsync(body);
                    if (
                        cloud.Refuses
                        || !http
                            .Request.Headers.Authorization.ToString()
                            .StartsWith("AWS4-HMAC-SHA256 Credential=the-key/", StringComparison.Ordinal)
                    )
                        return Results.Text(
                            "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
                            "application/xml",
                            statusCode: 403
                        );
                    cloud.Acls.Add(http.Request.Headers["x-amz-acl"].ToString());
                    cloud.Objects[key] = http
                        .Request.Headers["x-amz-content-sha256"]
                        .ToString()
                        .StartsWith("STREAMING-", StringComparison.Ordinal)
                        ? Unchunked(body.ToArray())
                        : body.ToArray();
                    http.Response.Headers.ETag = "\"1\"";
                    return Results.Ok();
                }
            );
            await app.StartAsync(Ct);
            return cloud;
        }

        /// <summary>
        /// Signed chunks: each begins with its length in hexadecimal digits and a signature, on a line of their own.
        /// </summary>
        private static byte[] Unchunked(byte[] body)
        {
            using var content = new MemoryStream();
            for (var at = 0; ; )
            {
                var end = body.AsSpan(at).IndexOf("\r\n"u8) + at;
                var length = Convert.ToInt32(Encoding.ASCII.GetString(body, at, end - at).Split(';')[0], 16);
                if (length == 0)
                    return content.ToArray();
                content.Write(body, end + 2, length);
                at = end + 2 + length + 2;
            }
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
