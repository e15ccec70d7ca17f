using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>
/// Tells the end of a task to those who asked for it: six attempts each. What is due survives the node.
/// </summary>
internal sealed partial class Webhooks(
    NodeSettings settings,
    NodeFolders folders,
    TaskStore store,
    HttpClient outside,
    TimeProvider clock,
    ILogger log
) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The operator's own address may be a private one.</summary>
    private readonly HttpClient _inside = OutsideHttp.Create(allowPrivate: true);

    public async Task CallAsync(NodeTask task, CancellationToken stopping)
    {
        var body = Body(task);
        var calls = new[] { (Url: task.Webhook, Http: outside), (Url: settings.Webhook, Http: _inside) }
            .Where(call => call.Url is { Length: > 3 })
            .Select(call => CallAsync(call.Http, call.Url!, body, task, stopping));
        await Task.WhenAll(calls);
        store.Change(task.Uuid, now => now.Ended == task.Ended ? now with { WebhookDue = false } : now);
    }

    private async Task CallAsync(HttpClient http, string url, string body, NodeTask task, CancellationToken stopping)
    {
        foreach (var wait in settings.WebhookWaits)
        {
            await Task.Delay(wait.Jittered(), clock, stopping);
            if (store.Find(task.Uuid) is { } now && now.Ended != task.Ended)
                return; // it was begun anew, and this end is none
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                limit.CancelAfter(Patience);
                if (await http.TellAsync(new Uri(url), body, limit.Token) is var status && status == HttpStatusCode.OK)
                    return;
                Failed($"status {(int)status}");
            }
            catch (Exception fault)
                when (!stopping.IsCancellationRequested
                    && fault
                        is HttpRequestException
                            or OperationCanceledException
                            or UriFormatException
                            or NotSupportedException
                            or InvalidOperationException
                            or IOException
                )
            {
                Failed(fault.GetBaseException().Message);
                if (
                    fault.GetBaseException()
                    is RefusalException
                        or UriFormatException
                        or NotSupportedException
                        or InvalidOperationException
                )
                    return; // an address that never works
            }
        }
    }

    /// <summary>The task's description, and the list of images where the engine wrote one.</summary>
    private string Body(NodeTask task)
    {
        var body = JsonSerializer
            .SerializeToNode(task.Info(clock.GetUtcNow().ToUnixTimeMilliseconds()), OdmJson.Wire.TaskInfo)!
            .AsObject();
        body["images"] = Images(Path.Combine(folders.Project(task.Uuid), "images.json"));
        return body.ToJsonString();
    }

    private static JsonNode Images(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonArray ?? [];
        }
        catch (Exception fault) when (fault is IOException or JsonException)
        {
            return new JsonArray();
        }
    }

    public void Dispose() => _inside.Dispose();

    /// <summary>The address stays out of the log: it may hold a secret.</summary>
    [LoggerMessage(LogLevel.Warning, "A webhook did not take a task's end: {Why}")]
    private partial void Failed(string why);
}
