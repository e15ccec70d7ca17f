using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>A fault, as every path of the admin door tells it.</summary>
public sealed record AdminFault(string Error, string Fix);

/// <summary>What was asked for is not done.</summary>
internal sealed class Refused(int status, string error, string fix) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.FaultAsync(status, error, fix);
}

/// <summary>JSON in the form that ClusterODM's clients know, which has no record of ours.</summary>
internal sealed class WrittenJson(Action<Utf8JsonWriter> write) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(httpContext.Response.BodyWriter);
        write(json);
        await json.FlushAsync(httpContext.RequestAborted);
    }
}

internal static class AdminFaults
{
    public static Task FaultAsync(this HttpContext http, int status, string error, string fix) =>
        http.AnswerAsync(new AdminFault(error, fix), AdminJson.Plain.AdminFault, status);
}
