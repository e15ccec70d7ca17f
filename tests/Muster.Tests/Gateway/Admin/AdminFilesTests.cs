using System.IO.Compression;
using System.Net;
using System.Text;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>What lies in a task's archive, read in place.</summary>
public sealed class AdminFilesTests
{
    private static readonly byte[] Raster = [.. Enumerable.Range(0, 100_000).Select(n => (byte)(n * 31))];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_of_the_archive_are_listed_and_any_range_of_one_is_exact()
    {
        await using var node = await ArchiveNodeAsync();
        await using var caller = await AdminCaller.StartAsync("", node);
        var path = await TaskAsync(caller);
        var list = await caller.AskAsync("GET", path + "files");
        Assert.Equal(
            [
                "a/fake.pdf",
                "a/page.html",
                "a/plan.png",
                "a/report.pdf",
                "ortho/o.tif",
                "packed.txt",
                "a/ept-data/0-0-0-0.laz", // tiles are many, and come last
            ],
            list.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("path").GetString())
        );
        Assert.Equal(
            ["ortho/o.tif"],
            (await caller.AskAsync("GET", path + "files?prefix=ortho/"))
                .GetProperty("files")
                .EnumerateArray()
                .Select(file => file.GetProperty("path").GetString())
        );
        Assert.Equal(Raster, await caller.Http.GetByteArrayAsync(path + "files/ortho/o.tif", Ct));
        foreach (var (from, to) in ((int, int)[])[(0, 0), (17, 4_000), (99_999, 99_999), (50_000, 200_000)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path + "files/ortho/o.tif");
            request.Headers.Range = new(from, to);
            using var answer = await caller.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
            Assert.Equal(Raster[from..Math.Min(to + 1, Raster.Length)], await answer.Content.ReadAsByteArrayAsync(Ct));
        }
        Assert.Equal(new string('x', 50_000), await caller.Http.GetStringAsync(path + "files/packed.txt", Ct));
        using var all = await caller.Http.GetAsync(path + "archive", Ct);
        Assert.Equal(all.Content.Headers.ContentLength, list.GetProperty("bytes").GetInt64());
        foreach (var none in (string[])["files/ortho", "files/..%2fgateway.db", "files/%2fetc%2fpasswd"])
            await caller.AskAsync("GET", path + none, status: HttpStatusCode.NotFound);
        await caller.AskAsync("GET", $"api/v1/tasks/{Guid.NewGuid()}/files", status: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_a_stranger_wrote_is_saved_and_not_shown_but_for_pictures_and_real_reports()
    {
        await using var node = await ArchiveNodeAsync();
        await using var caller = await AdminCaller.StartAsync("", node);
        var path = await TaskAsync(caller);
        foreach (
            var (name, type, disposition) in ((string, string, string)[])
                [
                    ("a/page.html", "application/octet-stream", "attachment"),
                    ("a/fake.pdf", "application/octet-stream", "attachment"),
                    ("a/report.pdf", "application/pdf", "inline"),
                    ("a/plan.png", "image/png", "attachment"),
                ]
        )
        {
            using var answer = await caller.Http.GetAsync($"{path}files/{name}", Ct);
            var headers = answer.Content.Headers;
            Assert.Equal(
                (type, disposition),
                (headers.ContentType?.MediaType, headers.ContentDisposition?.DispositionType)
            );
            Assert.Contains(
                "default-src 'none'",
                answer.Headers.GetValues("Content-Security-Policy").Single(),
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public void A_directory_that_lies_gives_nothing_beyond_its_archive()
    {
        using var bytes = new MemoryStream(ArchiveOf(("x", [1, 2, 3])));
        var member = ZipDirectory.Read(bytes, 10).Single();
        Assert.Equal((3L, 3L), (member.Packed, member.Bytes));
        Assert.Throws<InvalidDataException>(() => (member with { Packed = 1_000_000 }).ContentAt(bytes));
        Assert.Throws<InvalidDataException>(() => (member with { HeadAt = 3 }).ContentAt(bytes));
        Assert.Throws<InvalidDataException>(() => (member with { HeadAt = 1_000_000 }).ContentAt(bytes));
    }

    private static async Task<string> TaskAsync(AdminCaller caller)
    {
        var id = await caller.Gateway.SubmitAsync();
        await caller.Gateway.UntilAsync(id, TaskCode.Completed);
        return $"api/v1/tasks/{id}/";
    }

    private static Task<ScriptedNode> ArchiveNodeAsync()
    {
        var archive = ArchiveOf(
            ("a/ept-data/0-0-0-0.laz", [7]),
            ("a/page.html", "<script>alert(1)</script>"u8.ToArray()),
            ("a/fake.pdf", "<script>alert(1)</script>"u8.ToArray()),
            ("a/report.pdf", "%PDF-1.4 and so on"u8.ToArray()),
            ("a/plan.png", [1, 2, 3]),
            ("ortho/o.tif", Raster),
            ("packed.txt", Encoding.ASCII.GetBytes(new string('x', 50_000)))
        );
        return ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    if (http.Request.Path.Value?.EndsWith("all.zip", StringComparison.Ordinal) is not true)
                        return false;
                    http.Response.ContentType = "application/zip";
                    http.Response.ContentLength = archive.Length;
                    await http.Response.Body.WriteAsync(archive, Ct);
                    return true;
                },
            }
        );
    }

    private static byte[] ArchiveOf(params (string Name, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                var level = name == "packed.txt" ? CompressionLevel.Optimal : CompressionLevel.NoCompression;
                using var entry = archive.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }
        return bytes.ToArray();
    }
}
