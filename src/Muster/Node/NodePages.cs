using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Muster.Node;

/// <summary>The node's own page, and the description of its API for programs. The gateway shows the same.</summary>
internal static class NodePages
{
    private static readonly ConcurrentDictionary<string, (byte[] Content, string Policy)> Known = [];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/", PageAsync);
        app.MapGet("/swagger.json", DescriptionAsync);
    }

    public static Task PageAsync(HttpContext http) => SendAsync(http, "Node/page.html", "text/html; charset=utf-8");

    public static Task DescriptionAsync(HttpContext http) =>
        SendAsync(http, "Node/swagger.json", "application/json; charset=utf-8");

    private static async Task SendAsync(HttpContext http, string resource, string type)
    {
        var (content, policy) = Known.GetOrAdd(resource, Read);
        var headers = http.Response.Headers;
        http.Response.ContentType = type;
        http.Response.ContentLength = content.Length;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = policy;
        headers["Referrer-Policy"] = "no-referrer"; // the token is in the page's address
        await http.Response.Body.WriteAsync(content, http.RequestAborted);
    }

    private static (byte[] Content, string Policy) Read(string resource)
    {
        using var stream = typeof(NodePages).Assembly.GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var text = Encoding.UTF8.GetString(content);
        return (
            content,
            $"default-src 'none'; script-src {HashIn(text, "script")}; style-src {HashIn(text, "style")}; connect-src "
                + "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
    }

    /// <summary>The page's own script or style, and no other: names of tasks and words of nodes stand in it.</summary>
    private static string HashIn(string page, string tag)
    {
        var (start, end) = (
            page.IndexOf($"<{tag}>", StringComparison.Ordinal),
            page.IndexOf($"</{tag}>", StringComparison.Ordinal)
        );
        if (start < 0)
            return "'none'";
        var own = Encoding.UTF8.GetBytes(page[(start + tag.Length + 2)..end]);
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(own))}'";
    }
}
