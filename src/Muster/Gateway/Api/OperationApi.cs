using System.Net;
using Microsoft.AspNetCore.Http;
using Muster.Gateway.Tasks;
using Muster.Gateway.Telemetry;

namespace Muster.Gateway.Api;

/// <summary>What operators and their machines ask: is it alive, is it ready, how much of what. None of it depends on a node.</summary>
internal sealed class OperationApi(TaskLedger ledger, GatewayMeasures measures)
{
    private volatile bool _stopping;

    public void Stopping() => _stopping = true;

    /// <summary>False when the path is none of these.</summary>
    public async Task<bool> HandleAsync(HttpContext http)
    {
        switch (http.Request.Path.Value)
        {
            case "/healthz":
                await SayAsync(http, StatusCodes.Status200OK, "ok\n");
                return true;
            case "/readyz":
                var ready = !_stopping && ledger.WriteFault is null;
                await SayAsync(http, ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, ready ? "ready\n" : _stopping ? "stopping\n" : "the database cannot be written\n");
                return true;
            case "/metrics" when IsOfThisMachine(http):
                await SayAsync(http, StatusCodes.Status200OK, measures.Text(), GatewayMeasures.PrometheusType);
                return true;
            default:
                return false;
        }
    }

    /// <summary>A proxy on this machine speaks for others.</summary>
    private static bool IsOfThisMachine(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } from && IPAddress.IsLoopback(from) && !http.Request.Headers.ContainsKey("X-Forwarded-For") && !http.Request.Headers.ContainsKey("Forwarded");

    private static Task SayAsync(HttpContext http, int status, string text, string type = "text/plain; charset=utf-8")
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
