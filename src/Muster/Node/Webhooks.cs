using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>
/// Tells the end of a task to those who asked for it. What is due survives the node.
/// </summary>
internal sealed partial class Webhooks(
    NodeSettings settings,
    NodeFolders folders,
    NodeTaskStore store,
    HttpClient outside,
    TimeProvider clock,
    ILogger log
) : IDisposable
{
    private readonly WebhookCaller _caller = new(settings.WebhookWaits, clock, log);

    /// <summary>The operator's own address may be a private one.</summary>
    private readonly HttpClient _inside = OutsideHttp.Create(allowPrivate: true);

    private readonly ConcurrentDictionary<Task, bool> _calling = new();

    /// <summary>Calls them from now on; what comes of it is on record.</summary>
    public void Call(NodeTask task, CancellationToken stopping)
    {
        var calling = TryAsync(task, stopping);
        _calling[calling] = true;
        _ = calling.ContinueWith(done => _calling.TryRemove(done, out _), TaskScheduler.Default);
    }

    /// <summary>Ends when all calls that have begun are over.</summary>
    public Task CalledAsync() => Task.WhenAll(_calling.Keys);

    private async Task TryAsync(NodeTask task, CancellationToken stopping)
    {
        try
        {
            await CallAsync(task, stopping);
        }
        catch (OperationCanceledException) { } // the next node does it
        catch (Exception fault)
        {
            Broke(task.Uuid, fault);
        }
    }

    private async Task CallAsync(NodeTask task, CancellationToken stopping)
    {
        var body = Body(task);
        var calls = new[] { (Url: task.Webhook, Http: outside), (Url: settings.Webhook, Http: _inside) }
            .Where(call => call.Url is { Length: > 3 })
            .Select(call => _caller.CallAsync(call.Http, call.Url!, body, task.Uuid, IsOver, stopping));
        await Task.WhenAll(calls);
        store.Change(task.Uuid, now => now.Ended == task.Ended ? now with { WebhookDue = false } : now);

        bool IsOver() => store.Find(task.Uuid) is { } now && now.Ended != task.Ended;
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

    [LoggerMessage(LogLevel.Error, "The webhooks of task {Uuid} met a fault")]
    private partial void Broke(string uuid, Exception fault);

    public void Dispose()
    {
        _inside.Dispose();
        _caller.Dispose();
    }
}
