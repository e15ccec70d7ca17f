using System.Collections.Frozen;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Muster.Pages;

/// <summary>
/// The pages that were built from <c>web/</c> and lie in this program, compressed. Where it was built without Node.js
/// there are none, and whoever opens one is told how to get them.
/// </summary>
internal static class PageFiles
{
    /// <summary>Below this path lies all that a page loads; the code of a page is no secret.</summary>
    public const string App = "/app/";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + "worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private const string None =
        "This Muster was built without its pages, as Node.js was not there: install nodejs and npm (18 or newer), and "
        + "build it again.\n";

    private static readonly FrozenSet<string> Known = typeof(PageFiles)
        .Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith("pages/", StringComparison.Ordinal))
        .ToFrozenSet();

    /// <summary>A page by its name, for whoever may see it or has yet to say who they are.</summary>
    public static async Task PageAsync(HttpContext http, string name, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        if (await SendAsync(http, $"{name}.html", "no-cache"))
            return;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(None, http.RequestAborted);
    }

    /// <summary>What a page loads; its name holds a hash, so it never changes.</summary>
    public static async Task AppAsync(HttpContext http)
    {
        if (!await SendAsync(http, http.Request.Path.Value![1..], "public, max-age=31536000, immutable"))
            http.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    private static async Task<bool> SendAsync(HttpContext http, string name, string keep)
    {
        var accepted = http.Request.Headers.AcceptEncoding.ToString();
        var coding = accepted.Contains("br", StringComparison.Ordinal) ? "br" : "gz";
        if (!Known.Contains($"pages/{name}.{coding}"))
            return false;
        using var content = typeof(PageFiles).Assembly.GetManifestResourceStream($"pages/{name}.{coding}")!;
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer"; // a token may be in the page's address
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = keep;
        headers.Vary = HeaderNames.AcceptEncoding;
        http.Response.ContentType = TypeOf(name);
        if (coding == "gz" && !accepted.Contains("gzip", StringComparison.Ordinal))
        {
            await using var plain = new GZipStream(content, CompressionMode.Decompress);
            await plain.CopyToAsync(http.Response.Body, http.RequestAborted);
            return true;
        }
        headers.ContentEncoding = coding == "br" ? "br" : "gzip";
        http.Response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await content.CopyToAsync(http.Response.Body, http.RequestAborted);
        return true;
    }

    private static string TypeOf(string name) =>
        Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
}
