using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Storage;

namespace Muster.Gateway.Api;

/// <summary>What operators and their machines ask: is it alive, is it ready, how much of what. None of it depends on a node.</summary>
internal sealed class OperationApi(TaskLedger ledger, NodeFleet fleet, SpoolFolder spool, IBlobStore blobs, TimeProvider clock)
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
                var fault = _stopping ? "stopping" : ledger.WriteFault is not null ? "the database cannot be written" : await BlobFaultAsync(http.RequestAborted);
                await SayAsync(http, fault is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, $"{fault ?? "ready"}\n");
                return true;
            case "/metrics" when http.Connection.RemoteIpAddress is { } from && IPAddress.IsLoopback(from):
                await SayAsync(http, StatusCodes.Status200OK, Metrics(), "text/plain; version=0.0.4; charset=utf-8");
                return true;
            default:
                return false;
        }
    }

    /// <summary>Why uploads and results cannot be kept. It is tried every few seconds at most, whoever asks.</summary>
    private async Task<string?> BlobFaultAsync(CancellationToken ct)
    {
        if (clock.GetElapsedTime(_tried.At) < TryEvery) return _tried.Fault;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TryEvery);
        string? fault = null;
        try { await blobs.CheckAsync(limit.Token); }
        catch (UserException why) { fault = why.Message; }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested) { fault = "uploads and results cannot be kept: their place does not answer"; }
        _tried = new(clock.GetTimestamp(), fault);
        return fault;
    }

    private sealed record Try(long At, string? Fault);

    private string Metrics()
    {
        var now = clock.GetUtcNow();
        var text = new StringBuilder();
        void Family(string name, string type, string help, params IEnumerable<(string Labels, double Value)> samples)
        {
            text.Append($"# HELP muster_{name} {help}\n# TYPE muster_{name} {type}\n");
            foreach (var (labels, value) in samples) text.Append($"muster_{name}{(labels.Length > 0 ? $"{{{labels}}}" : "")} {value:R}\n");
        }
        var nodes = fleet.Nodes;
        Family("tasks_live", "gauge", "Tasks that have not ended, by phase.", ledger.Live.All().CountBy(task => task.Phase.GetType().Name.ToLowerInvariant()).Select(pair => ($"phase=\"{pair.Key}\"", (double)pair.Value)));
        Family("tasks_known", "gauge", "Tasks that clients can see.", ("", ledger.Lists.Count));
        Family("queue_seconds", "gauge", "How long the first task of the queue has waited.", ("", ledger.Live.First() is { Phase: TaskPhase.Queued at } ? (now - at.Since).TotalSeconds : 0));
        Family("nodes", "gauge", "Nodes, by whether they are online.", nodes.CountBy(node => node.Health.IsOnline(now)).Select(pair => ($"online=\"{(pair.Key ? "true" : "false")}\"", (double)pair.Value)));
        Family("slots", "gauge", "Slots of nodes that are online.", ("", nodes.Where(node => node.Health.IsOnline(now)).Sum(node => (double)(node.Facts?.Slots ?? 0))));
        Family("slots_held", "gauge", "Slots that tasks of ours hold.", ("", ledger.Live.Held().Count));
        Family("spool_bytes", "gauge", "Uploads on disk, and room that is promised.", ("", spool.Used));
        Family("events_total", "counter", "What happened, by kind.", ledger.EventCounts().Select(pair => ($"kind=\"{pair.Kind}\"", (double)pair.Count)));
        return text.ToString();
    }

    private static Task SayAsync(HttpContext http, int status, string text, string type = "text/plain; charset=utf-8")
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
