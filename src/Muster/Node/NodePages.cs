using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Muster.Node;

/// <summary>The node's own page, and the description of its API for programs.</summary>
internal static class NodePages
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/", http => SendAsync(http, "Node/page.html", "text/html; charset=utf-8"));
        app.MapGet("/swagger.json", http => SendAsync(http, "Node/swagger.json", "application/json; charset=utf-8"));
    }

    private static async Task SendAsync(HttpContext http, string resource, string type)
    {
        await using var content = typeof(NodePages).Assembly.GetManifestResourceStream(resource)!;
        http.Response.ContentType = type;
        http.Response.ContentLength = content.Length;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        await content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
