using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Telemetry;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>Nodes at the admin door: who they are, and what an operator does with them.</summary>
internal sealed class AdminNodes(
    NodeFleet fleet,
    NodeSeries series,
    TaskLedger ledger,
    AdminDesk desk,
    TimeProvider clock
)
{
    private const string By = AdminApi.By;
    private static readonly TimeSpan TrialPatience = TimeSpan.FromSeconds(4);

    public IReadOnlyList<NodeEntry> All => [.. fleet.Nodes.Select(View)];

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/nodes", JsonAnswer<NodeList> () => ListOf(All)).WithDescription("all nodes");
        api.MapPost("/nodes", AddAsync).WithDescription("adds a node: url, or hostname and port; token, locked");
        api.MapPost("/nodes/try", TryAsync).WithDescription("asks a node who it is, and adds nothing: url, token");
        api.MapPost("/nodes/refresh", Refresh).WithDescription("looks at all nodes now");
        api.MapGet(
                "/nodes/{node}",
                Task<Results<JsonAnswer<NodeList>, Refused>> (string node) => OnAsync(node, _ => Task.FromResult(true))
            )
            .WithDescription("one node, by its id or host:port");
        api.MapGet("/nodes/{node}/history", History)
            .WithDescription("how it stood, minute by minute: state, tasks, memory, latency, faults; hours, up to 48");
        api.MapDelete(
                "/nodes/{node}",
                Task<Results<JsonAnswer<NodeList>, Refused>> (string node) =>
                    OnAsync(node, one => desk.RemoveAsync(one, By))
            )
            .WithDescription("takes it off the list at once; its tasks are placed elsewhere");
        api.MapPost(
                "/nodes/{node}/lock",
                Task<Results<JsonAnswer<NodeList>, Refused>> (string node) =>
                    OnAsync(node, one => desk.LockAsync(one, By))
            )
            .WithDescription("gives it no new tasks");
        api.MapPost(
                "/nodes/{node}/unlock",
                Task<Results<JsonAnswer<NodeList>, Refused>> (string node) =>
                    OnAsync(node, one => desk.UnlockAsync(one, By))
            )
            .WithDescription("gives it tasks again");
        api.MapPost(
                "/nodes/{node}/drain",
                Task<Results<JsonAnswer<NodeList>, Refused>> (string node) =>
                    OnAsync(node, one => desk.DrainAsync(one, By))
            )
            .WithDescription("gives it no new tasks, and takes it off the list when it is done");
        api.MapPost(
                "/nodes/{node}/refresh",
                Task<Results<JsonAnswer<NodeList>, Refused>> (string node) => OnAsync(node, LookAsync)
            )
            .WithDescription("looks at it now");
    }

    private async Task<Results<JsonAnswer<NodeList>, Refused>> AddAsync(HttpRequest request, CancellationToken ct)
    {
        var body = await AdminApi.BodyAsync(request, AdminJson.Plain.AddNode, ct);
        var (url, token) = body switch
        {
            { Url: { } text } => NodeAddress.Parse(text),
            { Hostname: { } host, Port: { } port } when NodeAddress.Find(host, $"{port}") is { } address => (
                address,
                ""
            ),
            _ => throw new UserException("the node has no address", "Give it url, or hostname and port."),
        };
        var (node, isNew) = await desk.AddAsync(url, body.Token ?? token, body.Locked, By);
        return isNew
            ? ListOf([View(node)], StatusCodes.Status201Created)
            : new Refused(
                StatusCodes.Status409Conflict,
                $"{node.Name} is known already, as {node.Id}",
                "Remove it first to change its token."
            );
    }

    /// <summary>What is said while an address is typed; what is wrong with it is an answer too.</summary>
    private async Task<JsonAnswer<NodeTrial>> TryAsync(HttpRequest request, CancellationToken ct)
    {
        var body = await AdminApi.BodyAsync(request, AdminJson.Plain.AddNode, ct);
        var (url, token) = NodeAddress.Parse(body.Url ?? "");
        var known = fleet.Nodes.FirstOrDefault(node => node.Url == url)?.Name;
        var began = clock.GetTimestamp();
        var reply = await fleet
            .Client(
                new()
                {
                    Id = "",
                    Url = url,
                    Token = body.Token ?? token,
                },
                TrialPatience
            )
            .InfoAsync(ct);
        var trial = reply is NodeReply<NodeInfo>.Said(var info)
            ? new NodeTrial(1, true, known)
            {
                LatencyMs = Math.Round(clock.GetElapsedTime(began).TotalMilliseconds),
                Engine = info.Engine,
                EngineVersion = info.EngineVersion,
                ApiVersion = info.Version,
                Slots = info.MaxParallelTasks,
                MaxImages = info.MaxImages,
            }
            : new NodeTrial(1, false, known) { Fault = WhyNot(reply) };
        return OdmAnswers.Json(trial, AdminJson.Plain.NodeTrial);
    }

    private static string WhyNot(NodeReply<NodeInfo> reply) =>
        reply switch
        {
            NodeReply<NodeInfo>.Denied denied => denied.Error,
            NodeReply<NodeInfo>.Away away => away.Why,
            NodeReply<NodeInfo>.Silent silent => silent.Why,
            NodeReply<NodeInfo>.Garbled garbled => garbled.Why,
            NodeReply<NodeInfo>.TooLong tooLong => tooLong.Why,
            _ => "it gave no answer",
        };

    private JsonAnswer<Done> Refresh()
    {
        fleet.Refresh();
        return OdmAnswers.Json(new Done(true), AdminJson.Plain.Done);
    }

    private async Task<Results<JsonAnswer<NodeList>, Refused>> OnAsync(
        string text,
        Func<GatewayNode, Task<bool>> act
    ) => Named(text) is { } node && await act(node) ? ListOf([View(fleet.Find(node.Id) ?? node)]) : Unknown(text);

    private Results<JsonAnswer<NodeHistory>, Refused> History(string node, HttpRequest request)
    {
        if (Named(node) is not { } one)
            return Unknown(node);
        var hours = (int)Numbers.In(request.Query, "hours", 24, 1, NodeSeries.HoursKept);
        return OdmAnswers.Json(
            NodeHistory.Of(one.Id, series.Of(one.Id, hours), clock.GetUtcNow()),
            AdminJson.Plain.NodeHistory
        );
    }

    private GatewayNode? Named(string text) =>
        fleet.Find(text) ?? fleet.Nodes.FirstOrDefault(node => node.Name == AdminApi.NameIn(text));

    private static Refused Unknown(string text) =>
        new(
            StatusCodes.Status404NotFound,
            $"there is no node {AdminApi.NameIn(text)}",
            $"GET {AdminApi.Root}/nodes lists them; name it by its id, or by host:port."
        );

    private Task<bool> LookAsync(GatewayNode node)
    {
        fleet.Refresh(node.Id);
        return Task.FromResult(true);
    }

    private static JsonAnswer<NodeList> ListOf(IReadOnlyList<NodeEntry> nodes, int status = StatusCodes.Status200OK) =>
        OdmAnswers.Json(new(1, nodes), AdminJson.Plain.NodeList, status);

    private NodeEntry View(GatewayNode node) =>
        NodeEntry.Of(node, ledger.Live.On(node.Id).Count(task => task.Phase.Slot is not null), clock.GetUtcNow());
}

/// <summary>What a node that is not added yet said, or why it said nothing.</summary>
/// <param name="Known">The name under which it is on the list already.</param>
public sealed record NodeTrial(int Schema, bool Answers, string? Known)
{
    public double? LatencyMs { get; init; }
    public string? Engine { get; init; }
    public string? EngineVersion { get; init; }
    public string? ApiVersion { get; init; }
    public int? Slots { get; init; }
    public int? MaxImages { get; init; }
    public string? Fault { get; init; }
}
