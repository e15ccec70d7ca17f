using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Muster.NodeOdm;

/// <summary>A file as it can be downloaded.</summary>
/// <param name="CopyAsync">Sends these bytes of it; fewer only with a fault.</param>
public sealed record Download(
    string Name,
    string MediaType,
    long Length,
    string ETag,
    DateTimeOffset Modified,
    Func<ByteRange, Stream, CancellationToken, Task> CopyAsync
)
{
    /// <summary>Browsers show it, and do not save it.</summary>
    public bool IsShown { get; init; }
}

/// <summary>
/// Answers downloads: whole, or exactly the ranges asked for. Never fewer bytes than announced: then the connection
/// breaks.
/// </summary>
public static class DownloadEndpoints
{
    private const int BlockBytes = 256 << 10;

    /// <summary>A file on disk. It may be replaced meanwhile; what was opened is what is sent.</summary>
    public static async Task SendFileAsync(this HttpContext http, string path, string name, string mediaType)
    {
        await using var file = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0,
            FileOptions.Asynchronous
        );
        DateTimeOffset modified = new(File.GetLastWriteTimeUtc(path));
        await http.SendStreamAsync(file, name, mediaType, $"\"{file.Length:x}-{modified.Ticks:x}\"", modified);
    }

    /// <summary>A content that can be read from any place on.</summary>
    public static Task SendStreamAsync(
        this HttpContext http,
        Stream content,
        string name,
        string mediaType,
        string etag,
        DateTimeOffset modified
    ) => http.SendAsync(new(name, mediaType, content.Length, etag, modified, CopyOf(content, 0, name)));

    /// <summary>Sends ranges of a content that begins somewhere in a larger one.</summary>
    public static Func<ByteRange, Stream, CancellationToken, Task> CopyOf(Stream content, long from, string name) =>
        async (range, target, ct) =>
        {
            var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
            try
            {
                content.Position = from + range.From;
                for (var left = range.Length; left > 0; )
                {
                    var read = await content.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, left)), ct);
                    if (read == 0)
                        throw new EndOfStreamException($"{name} became shorter while it was sent");
                    await target.WriteAsync(block.AsMemory(0, read), ct);
                    left -= read;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(block);
            }
        };

    public static async Task SendAsync(this HttpContext http, Download file)
    {
        var headers = http.Response.Headers;
        headers.AcceptRanges = "bytes";
        headers.ETag = file.ETag;
        headers.LastModified = file.Modified.ToString("R");
        headers.ContentDisposition = $"{(file.IsShown ? "inline" : "attachment")}; filename={file.Name}";
        var ranges =
            HttpMethods.IsGet(http.Request.Method) && IsOfThisFile(http.Request.Headers.IfRange, file)
                ? ByteRanges.Read(http.Request.Headers.Range, file.Length)
                : null;
        switch (ranges)
        {
            case null:
                await SendAsync(http, file, new ByteRange(0, file.Length), StatusCodes.Status200OK);
                break;
            case []:
                http.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                headers.ContentRange = $"bytes */{file.Length}";
                break;
            case [var range]:
                headers.ContentRange = $"bytes {range.From}-{range.Last}/{file.Length}";
                await SendAsync(http, file, range, StatusCodes.Status206PartialContent);
                break;
            default:
                await SendPartsAsync(http, file, ranges);
                break;
        }
    }

    private static bool IsOfThisFile(string? condition, Download file) =>
        string.IsNullOrEmpty(condition) || condition == file.ETag || condition == file.Modified.ToString("R");

    private static async Task SendAsync(HttpContext http, Download file, ByteRange range, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = file.MediaType;
        http.Response.ContentLength = range.Length;
        if (HttpMethods.IsHead(http.Request.Method))
            return;
        await http.Response.StartAsync(http.RequestAborted);
        await file.CopyAsync(range, http.Response.Body, http.RequestAborted);
    }

    private static async Task SendPartsAsync(HttpContext http, Download file, IReadOnlyList<ByteRange> ranges)
    {
        var boundary = Guid.NewGuid().ToString("n");
        var heads = ranges
            .Select(range =>
                Encoding.ASCII.GetBytes(
                    $"\r\n--{boundary}\r\nContent-Type: {file.MediaType}\r\nContent-Range: bytes "
                        + $"{range.From}-{range.Last}/{file.Length}\r\n\r\n"
                )
            )
            .ToList();
        var tail = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        http.Response.StatusCode = StatusCodes.Status206PartialContent;
        http.Response.ContentType = $"multipart/byteranges; boundary={boundary}";
        http.Response.ContentLength =
            heads.Sum(head => (long)head.Length) + ranges.Sum(range => range.Length) + tail.Length;
        foreach (var (head, range) in heads.Zip(ranges))
        {
            await http.Response.Body.WriteAsync(head, http.RequestAborted);
            await file.CopyAsync(range, http.Response.Body, http.RequestAborted);
        }
        await http.Response.Body.WriteAsync(tail, http.RequestAborted);
    }
}
