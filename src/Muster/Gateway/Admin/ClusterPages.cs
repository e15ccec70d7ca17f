using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Muster.Gateway.Fleet;
using Muster.Gateway.Tasks;

namespace Muster.Gateway.Admin;

/// <summary>The paths below <c>/r</c>, as ClusterODM's page and people's scripts call them. Tokens are not shown.</summary>
internal sealed class ClusterPages(NodeFleet fleet, TaskLedger ledger, AdminDesk desk, TimeProvider clock)
{
    private const string By = "the admin page";

    public async Task HandleAsync(HttpContext http, string path)
    {
        switch (http.Request.Method, path)
        {
            case ("GET", "/info"):
                await SendAsync(http, json =>
                {
                    json.WriteStartObject();
                    json.WriteString("name", "Muster");
                    json.WriteString("version", GatewayHost.Version);
                    json.WriteEndObject();
                });
                break;
            case ("GET", "/node/list"):
                await SendAsync(http, WriteNodes);
                break;
            case ("POST", "/node/add"):
                var body = await BodyAsync(http);
                var added = NodeAddress.Find(Text(body, "hostname"), Text(body, "port")) is { } url && (await desk.AddAsync(url, Text(body, "token"), false, By)).IsNew;
                await SendAsync(http, json =>
                {
                    json.WriteStartObject();
                    if (added) json.WriteBoolean("success", true);
                    else json.WriteString("error", "Invalid");
                    json.WriteEndObject();
                });
                break;
            case ("POST", "/node/lock"):
                await ChangeAsync(http, node => desk.LockAsync(node, By));
                break;
            case ("POST", "/node/unlock"):
                await ChangeAsync(http, node => desk.UnlockAsync(node, By));
                break;
            case ("DELETE", "/node"):
                await ChangeAsync(http, node => desk.RemoveAsync(node, By));
                break;
            default:
                await http.FaultAsync(StatusCodes.Status404NotFound, $"there is nothing at {http.Request.Path}", $"GET {AdminApi.Root} lists what there is.");
                break;
        }
    }

    private async Task ChangeAsync(HttpContext http, Func<GatewayNode, Task<bool>> change)
    {
        if (!int.TryParse(Text(await BodyAsync(http), "number"), out var number))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }
        var done = fleet.Nodes.ElementAtOrDefault(number - 1) is { } node && await change(node);
        await SendAsync(http, json => json.WriteBooleanValue(done));
    }

    private void WriteNodes(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var node in fleet.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("name", node.Name);
            json.WriteBoolean("isLocked", node.Locked);
            json.WriteBoolean("isAutoSpawned", false);
            json.WriteBoolean("isOnline", node.Health.IsOnline(clock.GetUtcNow()));
            if (node.Facts is { } facts)
            {
                json.WriteNumber("getTaskQueueCount", facts.Foreign + ledger.Live.On(node.Id).Count(task => task.Phase.Slot is not null));
                json.WriteNumber("getMaxParallelTasks", facts.Slots);
                json.WriteString("getEngineInfo", $"{facts.Engine} {facts.EngineVersion}");
                json.WriteString("getVersion", facts.Version);
            }
            else foreach (var unknown in (string[])["getTaskQueueCount", "getMaxParallelTasks", "getEngineInfo", "getVersion"]) json.WriteString(unknown, "?");
            json.WritePropertyName("nodeData");
            ClusterNode.Write(json, node);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>An object; an empty one where the body is none.</summary>
    private static async Task<JsonElement> BodyAsync(HttpContext http)
    {
        try
        {
            if (http.Request.HasJsonContentType() && await JsonSerializer.DeserializeAsync(http.Request.Body, AdminJson.Plain.JsonElement, http.RequestAborted) is { ValueKind: JsonValueKind.Object } body) return body;
        }
        catch (JsonException) { }   // as where it says nothing
        return JsonElement.Parse("{}"u8);
    }

    private static string Text(JsonElement body, string key) => NodesFile.Text(body, key);

    private static async Task SendAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        write(json);
        await json.FlushAsync(http.RequestAborted);
    }
}
