using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Muster.Configuration;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Pages;

namespace Muster.Gateway.Admin;

/// <summary>
/// The paths below <c>/r</c>, as ClusterODM's page and people's scripts call them. Tokens are not shown.
/// </summary>
internal sealed class ClusterPages(NodeFleet fleet, TaskLedger ledger, AdminDesk desk, TimeProvider clock)
{
    private const string By = "the admin page";

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/", http => PageFiles.PageAsync(http, "cluster"));
        app.MapGet(PageFiles.App + "{file}", PageFiles.AppAsync);
        var pages = app.MapGroup("/r");
        pages.MapGet("/info", WrittenJson () => new(WriteInfo));
        pages.MapGet("/node/list", WrittenJson () => new(WriteNodes));
        pages.MapPost("/node/add", AddAsync);
        pages.MapPost(
            "/node/lock",
            Task<Results<WrittenJson, StatusCodeHttpResult>> (HttpRequest request) =>
                ChangeAsync(request, node => desk.LockAsync(node, By))
        );
        pages.MapPost(
            "/node/unlock",
            Task<Results<WrittenJson, StatusCodeHttpResult>> (HttpRequest request) =>
                ChangeAsync(request, node => desk.UnlockAsync(node, By))
        );
        pages.MapDelete(
            "/node",
            Task<Results<WrittenJson, StatusCodeHttpResult>> (HttpRequest request) =>
                ChangeAsync(request, node => desk.RemoveAsync(node, By))
        );
    }

    private static void WriteInfo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", "Muster");
        json.WriteString("version", OwnVersion.Text);
        json.WriteEndObject();
    }

    private async Task<WrittenJson> AddAsync(HttpRequest request, CancellationToken ct)
    {
        var body = await BodyAsync(request);
        var added =
            NodeAddress.Find(Text(body, "hostname"), Text(body, "port")) is { } url
            && (await desk.AddAsync(url, Text(body, "token"), false, By)).IsNew;
        return new(json =>
        {
            json.WriteStartObject();
            if (added)
                json.WriteBoolean("success", true);
            else
                json.WriteString("error", "Invalid");
            json.WriteEndObject();
        });
    }

    private async Task<Results<WrittenJson, StatusCodeHttpResult>> ChangeAsync(
        HttpRequest request,
        Func<GatewayNode, Task<bool>> change
    )
    {
        if (!int.TryParse(Text(await BodyAsync(request), "number"), out var number))
            return TypedResults.StatusCode(StatusCodes.Status403Forbidden);
        var done = fleet.Nodes.ElementAtOrDefault(number - 1) is { } node && await change(node);
        return new WrittenJson(json => json.WriteBooleanValue(done));
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
                json.WriteNumber("getTaskQueueCount", Queue(node, facts));
                json.WriteNumber("getMaxParallelTasks", facts.Slots);
                json.WriteString("getEngineInfo", $"{facts.Engine} {facts.EngineVersion}");
                json.WriteString("getVersion", facts.Version);
            }
            else
                foreach (
                    var unknown in (string[])["getTaskQueueCount", "getMaxParallelTasks", "getEngineInfo", "getVersion"]
                )
                    json.WriteString(unknown, "?");
            json.WritePropertyName("nodeData");
            ClusterNode.Write(json, node);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private int Queue(GatewayNode node, NodeFacts facts) =>
        facts.Foreign + ledger.Live.On(node.Id).Count(task => task.Phase.Slot is not null);

    /// <summary>An object; an empty one where the body is none.</summary>
    private static async Task<JsonElement> BodyAsync(HttpRequest request)
    {
        try
        {
            if (
                request.HasJsonContentType()
                && await JsonSerializer.DeserializeAsync(
                    request.Body,
                    AdminJson.Plain.JsonElement,
                    request.HttpContext.RequestAborted
                )
                    is { ValueKind: JsonValueKind.Object } body
            )
                return body;
        }
        catch (JsonException) { } // as where it says nothing
        return JsonElement.Parse("{}"u8);
    }

    private static string Text(JsonElement body, string key) => NodesFile.Text(body, key);
}
