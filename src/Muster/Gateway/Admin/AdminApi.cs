using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Muster.Configuration;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Telemetry;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>
/// What people, pages and `muster nodes|tasks|tokens` ask and do, in JSON. Each path says what it is for, and the first
/// one lists them all.
/// </summary>
internal sealed class AdminApi(
    NodeFleet fleet,
    NodeSeries series,
    TaskLedger ledger,
    TaskActions actions,
    TokenBook tokens,
    SpoolFolder spool,
    ResultFolder results,
    AdminDesk desk,
    AdminMachines machines,
    WaitingList waiting,
    Diagnosis diagnosis,
    GatewayMeasures measures,
    TimeProvider clock
)
{
    public const string Root = "/api/v1";

    /// <summary>Who has done what is asked for here.</summary>
    public const string By = "an operator";

    /// <summary>A name in a path: its slashes come as %2F, which routing leaves as it is.</summary>
    public static string NameIn(string part) => part.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private readonly DateTimeOffset _started = clock.GetUtcNow();
    private readonly EventFeed _feed = new(ledger, clock);
    private readonly AdminNodes _nodes = new(fleet, series, ledger, desk, clock);

    /// <param name="stopping">Ends streams of events.</param>
    public void Map(IEndpointRouteBuilder app, CancellationToken stopping)
    {
        var api = app.MapGroup(Root);
        api.MapGet("", JsonAnswer<PathList> () => OdmAnswers.Json(PathsOf(app), AdminJson.Plain.PathList))
            .WithDescription("these paths");
        api.MapGet("/health", JsonAnswer<GatewayHealth> () => OdmAnswers.Json(Health(), AdminJson.Plain.GatewayHealth))
            .WithDescription("version, readiness, and how much of what there is");
        _nodes.Map(api);
        api.MapGet("/history", History)
            .WithDescription(
                "how the cluster stood, minute by minute: queue, slots, nodes, tasks ended; hours, up to 48"
            );
        new AdminTasks(ledger, fleet, tokens, actions, waiting).Map(api);
        new AdminFiles(ledger, results).Map(api);
        machines.Map(api);
        api.MapGet("/queue", Queue).WithDescription("who waits, in which order, and why");
        new AdminTokens(tokens, desk, clock).Map(api);
        api.MapGet(
                "/events",
                Results<JsonAnswer<EventList>, EventStream> (HttpRequest request) => Events(request, stopping)
            )
            .WithDescription("what happened, from after on; as a stream with Accept: text/event-stream");
        var live = new LiveFeed(ledger, fleet, tokens, Health, () => _nodes.All, clock);
        api.MapGet("/live", EventStream () => live.Stream(stopping))
            .WithDescription("how things stand, as a stream: counts, nodes, tasks=ID,ID and log=ID:LINE");
        api.MapGet(
                "/metrics",
                ContentHttpResult () => TypedResults.Text(measures.Text(), GatewayMeasures.PrometheusType)
            )
            .WithDescription("the numbers of /metrics, for a Prometheus elsewhere");
        api.MapGet("/diagnosis", DiagnoseAsync)
            .WithDescription("settings without secrets, nodes, queue, last events and log lines, in a zip");
    }

    private static PathList PathsOf(IEndpointRouteBuilder app) =>
        new(
            OwnVersion.Text,
            [
                .. from endpoint in app.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
                let meaning = endpoint.Metadata.GetMetadata<IEndpointDescriptionMetadata>()?.Description
                where meaning is not null
                select new PathEntry(
                    endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0],
                    endpoint.RoutePattern.RawText!.TrimEnd('/'),
                    meaning
                ),
            ]
        );

    private GatewayHealth Health()
    {
        var now = clock.GetUtcNow();
        var online = fleet.Nodes.Where(node => node.Health.IsOnline(now)).ToList();
        return new(
            1,
            OwnVersion.Text,
            ledger.WriteFault is null,
            _started,
            ledger.Lists.Count,
            ledger.Live.All().Count,
            ledger.Live.Waiting,
            fleet.Nodes.Count,
            online.Count,
            online.Sum(node => node.Facts?.Slots ?? 0),
            ledger.Live.Held().Count,
            spool.Used,
            tokens.IsOpen
        )
        {
            Fault = ledger.WriteFault,
        };
    }

    private JsonAnswer<ClusterHistory> History(HttpRequest request)
    {
        var hours = (int)Numbers.In(request.Query, "hours", 24, 1, NodeSeries.HoursKept);
        return OdmAnswers.Json(
            ClusterHistory.Of(series.OfCluster(hours), clock.GetUtcNow()),
            AdminJson.Plain.ClusterHistory
        );
    }

    private JsonAnswer<QueueList> Queue(HttpRequest request, CancellationToken ct)
    {
        var most = (int)Numbers.In(request.Query, "limit", 1_000, 1, 10_000);
        return OdmAnswers.Json(new(1, [.. waiting.Entries(most).Select(QueueEntry.Of)]), AdminJson.Plain.QueueList);
    }

    private Results<JsonAnswer<EventList>, EventStream> Events(HttpRequest request, CancellationToken stopping)
    {
        if (request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
            return _feed.Stream(stopping);
        var (last, limit) = (ledger.LastEvent(), (int)Numbers.In(request.Query, "limit", 100, 1, 1_000));
        var after = Numbers.In(request.Query, "after", Math.Max(0, last - limit), 0, long.MaxValue);
        return OdmAnswers.Json(new(1, ledger.Events(after, limit), last), AdminJson.Plain.EventList);
    }

    private async Task<FileContentHttpResult> DiagnoseAsync(HttpRequest request, CancellationToken ct) =>
        TypedResults.Bytes(await diagnosis.PackAsync(Health(), _nodes.All, ct), "application/zip");

    /// <summary>The body of a request, whose keys are all known.</summary>
    public static async Task<T> BodyAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken ct)
    {
        if (!request.HasJsonContentType())
            throw new UserException("the body is no JSON", "Send an object, with Content-Type: application/json.");
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, ct)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException fault)
        {
            throw new UserException(
                $"the body cannot be read: {fault.Message}",
                $"GET {Root} says which keys there are.",
                fault
            );
        }
    }
}
