using System.Net;
using Microsoft.AspNetCore.Http;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Telemetry;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway.Api;

/// <summary>
/// What operators and their machines ask: is it alive, is it ready, how much of what. None of it depends on a node.
/// </summary>
internal sealed class OperationApi(TaskLedger ledger, GatewayMeasures measures, IBlobStore blobs, TimeProvider clock)
{
    private static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(4);
    private volatile bool _stopping;
    private volatile Try _tried = new(clock.GetTimestamp(), null);

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
                var fault =
                    _stopping ? "stopping"
                    : ledger.WriteFault is not null ? "the database cannot be written"
                    : await BlobFaultAsync(http.RequestAborted);
                await SayAsync(
                    http,
                    fault is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
                    $"{fault ?? "ready"}\n"
                );
                return true;
            case "/metrics" when IsOfThisMachine(http):
                await SayAsync(http, StatusCodes.Status200OK, measures.Text(), GatewayMeasures.PrometheusType);
                return true;
            default:
                return false;
        }
    }

    private static readonly string[] OfOthers = ["X-Forwarded-For", "Forwarded", OutsideHttp.Mark];

    /// <summary>
    /// A proxy on this machine speaks for others, and so does a server that fetches what a client named.
    /// </summary>
    private static bool IsOfThisMachine(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } from
        && IPAddress.IsLoopback(from)
        && !OfOthers.Any(http.Request.Headers.ContainsKey);

    /// <summary>Why uploads and results cannot be kept. It is tried every few seconds at most, whoever asks.</summary>
    private async Task<string?> BlobFaultAsync(CancellationToken ct)
    {
        if (clock.GetElapsedTime(_tried.At) < TryEvery)
            return _tried.Fault;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TryEvery);
        string? fault = null;
        try
        {
            await blobs.CheckAsync(limit.Token);
        }
        catch (UserException why)
        {
            fault = why.Message;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            fault = "uploads and results cannot be kept: their place does not answer";
        }
        _tried = new(clock.GetTimestamp(), fault);
        return fault;
    }

    private sealed record Try(long At, string? Fault);

    private static Task SayAsync(HttpContext http, int status, string text, string type = "text/plain; charset=utf-8")
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
