using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Pages;

namespace Muster.Node;

/// <summary>
/// The page where photos are handed in, and the description of the API for programs. The gateway shows the same.
/// </summary>
internal static class NodePages
{
    private static readonly Lazy<byte[]> Description = new(ReadDescription);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapMethods("/", ["GET", "HEAD"], http => PageAsync(http));
        app.MapMethods(PageFiles.App + "{file}", ["GET", "HEAD"], PageFiles.AppAsync);
        app.MapGet("/swagger.json", DescriptionAsync);
    }

    public static Task PageAsync(HttpContext http, int status = StatusCodes.Status200OK) =>
        PageFiles.PageAsync(http, "handin", status);

    public static async Task DescriptionAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = Description.Value.Length;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        await http.Response.Body.WriteAsync(Description.Value, http.RequestAborted);
    }

    private static byte[] ReadDescription()
    {
        using var stream = typeof(NodePages).Assembly.GetManifestResourceStream("Node/swagger.json")!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
