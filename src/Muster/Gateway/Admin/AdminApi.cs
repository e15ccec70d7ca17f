using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Muster.Configuration;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Telemetry;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>
/// What people, pages and `muster nodes|tasks|tokens` ask and do, in JSON. <see cref="Paths"/> is all of it.
/// </summary>
internal sealed class AdminApi
{
    public const string Root = "/api/v1";
    private const string By = "an operator";

    private readonly NodeFleet _fleet;
    private readonly TaskLedger _ledger;
    private readonly TaskActions _actions;
    private readonly TokenBook _tokens;
    private readonly SpoolFolder _spool;
    private readonly AdminDesk _desk;
    private readonly TimeProvider _clock;
    private readonly DateTimeOffset _started;

    public AdminApi(
        NodeFleet fleet,
        TaskLedger ledger,
        TaskActions actions,
        TokenBook tokens,
        SpoolFolder spool,
        AdminDesk desk,
        WaitingList waiting,
        Diagnosis diagnosis,
        GatewayMeasures measures,
        TimeProvider clock
    )
    {
        (_fleet, _ledger, _actions, _tokens, _spool, _desk, _clock) = (
            fleet,
            ledger,
            actions,
            tokens,
            spool,
            desk,
            clock
        );
        _started = clock.GetUtcNow();
        var feed = new EventFeed(ledger, clock);
        Paths =
        [
            new(
                "GET",
                "",
                "these paths",
                (http, _, _) =>
                    http.AnswerAsync(
                        new PathList(
                            OwnVersion.Text,
                            [
                                .. Paths!.Select(path => new PathEntry(
                                    path.Method,
                                    $"{Root}/{path.Pattern}".TrimEnd('/'),
                                    path.Meaning
                                )),
                            ]
                        ),
                        AdminJson.Plain.PathList
                    )
            ),
            new(
                "GET",
                "health",
                "version, readiness, and how much of what there is",
                (http, _, _) => http.AnswerAsync(Health(), AdminJson.Plain.GatewayHealth)
            ),
            new(
                "GET",
                "nodes",
                "all nodes",
                (http, _, _) =>
                    http.AnswerAsync(new NodeList(1, [.. _fleet.Nodes.Select(View)]), AdminJson.Plain.NodeList)
            ),
            new("POST", "nodes", "adds a node: url, or hostname and port; token, locked", AddNodeAsync),
            new(
                "POST",
                "nodes/refresh",
                "looks at all nodes now",
                (http, _, _) => DoneAsync(http, () => _fleet.Refresh())
            ),
            new(
                "GET",
                "nodes/{node}",
                "one node, by its id or host:port",
                (http, node, _) => OnNodeAsync(http, node, _ => Task.FromResult(true))
            ),
            new(
                "DELETE",
                "nodes/{node}",
                "takes it off the list at once; its tasks are placed elsewhere",
                (http, node, _) => OnNodeAsync(http, node, one => _desk.RemoveAsync(one, By))
            ),
            new(
                "POST",
                "nodes/{node}/lock",
                "gives it no new tasks",
                (http, node, _) => OnNodeAsync(http, node, one => _desk.LockAsync(one, By))
            ),
            new(
                "POST",
                "nodes/{node}/unlock",
                "gives it tasks again",
                (http, node, _) => OnNodeAsync(http, node, one => _desk.UnlockAsync(one, By))
            ),
            new(
                "POST",
                "nodes/{node}/drain",
                "gives it no new tasks, and takes it off the list when it is done",
                (http, node, _) => OnNodeAsync(http, node, one => _desk.DrainAsync(one, By))
            ),
            new("POST", "nodes/{node}/refresh", "looks at it now", (http, node, _) => OnNodeAsync(http, node, Look)),
            new(
                "GET",
                "tasks",
                "tasks, the newest first: state, name, node, owner, id, limit, before",
                (http, _, _) =>
                    http.AnswerAsync(
                        TaskFilter.Of(http.Request.Query).Page(_ledger, _fleet, _tokens),
                        AdminJson.Plain.TaskPage
                    )
            ),
            new("GET", "tasks/{id}", "one task", (http, id, _) => OnTaskAsync(http, id, AnswerAsync)),
            new(
                "GET",
                "tasks/{id}/output",
                "its output, from line on",
                (http, id, _) => OnTaskAsync(http, id, OutputAsync)
            ),
            new(
                "GET",
                "tasks/{id}/decisions",
                "why it was placed, moved, retried",
                (http, id, _) => OnTaskAsync(http, id, DecisionsAsync)
            ),
            new(
                "POST",
                "tasks/{id}/cancel",
                "cancels it",
                (http, id, _) =>
                    OnTaskAsync(
                        http,
                        id,
                        async (_, task) =>
                        {
                            await _actions.CancelAsync(task.Id, By);
                            await AgainAsync(http, task.Id);
                        }
                    )
            ),
            new(
                "POST",
                "tasks/{id}/restart",
                "runs it again after its end",
                (http, id, _) => OnTaskAsync(http, id, RestartAsync)
            ),
            new(
                "DELETE",
                "tasks/{id}",
                "cancels it and forgets it, with its files and its archive",
                (http, id, _) =>
                    OnTaskAsync(
                        http,
                        id,
                        async (_, task) => await DoneAsync(http, await _actions.RemoveAsync(task.Id, By))
                    )
            ),
            new(
                "GET",
                "queue",
                "who waits, in which order, and why",
                (http, _, _) =>
                    http.AnswerAsync(
                        new QueueList(
                            1,
                            [
                                .. waiting
                                    .Entries((int)Numbers.In(http.Request.Query, "limit", 1_000, 1, 10_000))
                                    .Select(QueueEntry.Of),
                            ]
                        ),
                        AdminJson.Plain.QueueList
                    )
            ),
            new(
                "GET",
                "tokens",
                "tokens, without their texts",
                (http, _, _) =>
                    http.AnswerAsync(
                        new TokenList(1, _tokens.IsOpen, [.. _tokens.All.Select(TokenEntry.Of)]),
                        AdminJson.Plain.TokenList
                    )
            ),
            new(
                "POST",
                "tokens",
                "makes a token: name, days, max_images, max_concurrent_tasks; its text is shown this once",
                AddTokenAsync
            ),
            new("DELETE", "tokens/{id}", "revokes it", RevokeAsync),
            new(
                "GET",
                "events",
                "what happened, from after on; as a stream with Accept: text/event-stream",
                (http, _, stopping) =>
                    http
                        .Request.Headers.Accept.ToString()
                        .Contains("text/event-stream", StringComparison.OrdinalIgnoreCase)
                        ? feed.SendAsync(http, stopping)
                        : EventsAsync(http)
            ),
            new(
                "GET",
                "metrics",
                "the numbers of /metrics, for a Prometheus elsewhere",
                (http, _, _) => MeasureAsync(http, measures)
            ),
            new(
                "GET",
                "diagnosis",
                "settings without secrets, nodes, queue, last events and log lines, in a zip",
                (http, _, _) => DiagnoseAsync(http, diagnosis)
            ),
        ];
    }

    public IReadOnlyList<AdminPath> Paths { get; }

    public Task HandleAsync(HttpContext http, string path, CancellationToken stopping)
    {
        var here = Paths
            .Select(one => (Path: one, Match: one.Match(path)))
            .Where(pair => pair.Match is not null)
            .ToList();
        if (here.Count == 0)
            return http.FaultAsync(
                StatusCodes.Status404NotFound,
                $"there is nothing at {http.Request.Path}",
                $"GET {Root} lists what there is."
            );
        if (here.Find(pair => pair.Path.Method == http.Request.Method) is { Path: { } found } one)
            return found.Handle(http, one.Match!, stopping);
        http.Response.Headers.Allow = string.Join(", ", here.Select(pair => pair.Path.Method));
        return http.FaultAsync(
            StatusCodes.Status405MethodNotAllowed,
            $"{http.Request.Path} does not take {http.Request.Method}",
            $"It takes {http.Response.Headers.Allow}."
        );
    }

    private GatewayHealth Health()
    {
        var now = _clock.GetUtcNow();
        var online = _fleet.Nodes.Where(node => node.Health.IsOnline(now)).ToList();
        return new(
            1,
            OwnVersion.Text,
            _ledger.WriteFault is null,
            _started,
            _ledger.Lists.Count,
            _ledger.Live.All().Count,
            _ledger.Live.Waiting,
            _fleet.Nodes.Count,
            online.Count,
            online.Sum(node => node.Facts?.Slots ?? 0),
            _ledger.Live.Held().Count,
            _spool.Used,
            _tokens.IsOpen
        )
        {
            Fault = _ledger.WriteFault,
        };
    }

    private async Task AddNodeAsync(HttpContext http, string _, CancellationToken stopping)
    {
        var body = await BodyAsync(http, AdminJson.Plain.AddNode);
        var (url, token) = body switch
        {
            { Url: { } text } => NodeAddress.Parse(text),
            { Hostname: { } host, Port: { } port } when NodeAddress.Find(host, $"{port}") is { } address => (
                address,
                ""
            ),
            _ => throw new UserException("the node has no address", "Give it url, or hostname and port."),
        };
        var (node, isNew) = await _desk.AddAsync(url, body.Token ?? token, body.Locked, By);
        if (isNew)
            await http.AnswerAsync(
                new NodeList(1, [View(node)]),
                AdminJson.Plain.NodeList,
                StatusCodes.Status201Created
            );
        else
            await http.FaultAsync(
                StatusCodes.Status409Conflict,
                $"{node.Name} is known already, as {node.Id}",
                "Remove it first to change its token."
            );
    }

    private async Task OnNodeAsync(HttpContext http, string text, Func<GatewayNode, Task<bool>> act)
    {
        if (
            (_fleet.Find(text) ?? _fleet.Nodes.FirstOrDefault(node => node.Name == text)) is not { } node
            || !await act(node)
        )
            await http.FaultAsync(
                StatusCodes.Status404NotFound,
                $"there is no node {text}",
                $"GET {Root}/nodes lists them; name it by its id, or by host:port."
            );
        else
            await http.AnswerAsync(new NodeList(1, [View(_fleet.Find(node.Id) ?? node)]), AdminJson.Plain.NodeList);
    }

    private Task<bool> Look(GatewayNode node)
    {
        _fleet.Refresh(node.Id);
        return Task.FromResult(true);
    }

    private Task OnTaskAsync(HttpContext http, string text, Func<HttpContext, GatewayTask, Task> act) =>
        Guid.TryParse(text, out var id) && _ledger.Find(id) is { IsListed: true } task
            ? act(http, task)
            : http.FaultAsync(
                StatusCodes.Status404NotFound,
                $"there is no task {text}",
                $"GET {Root}/tasks lists them."
            );

    private Task AnswerAsync(HttpContext http, GatewayTask task) =>
        http.AnswerAsync(new TaskPage(1, [TaskEntry.Of(task, _fleet, _tokens)], null), AdminJson.Plain.TaskPage);

    private Task AgainAsync(HttpContext http, Guid id) => OnTaskAsync(http, id.ToString(), AnswerAsync);

    private Task OutputAsync(HttpContext http, GatewayTask task)
    {
        const int most = 10_000;
        var from = OutputSlice.Start(http.Request.Query["line"], task.Lines);
        var lines = _ledger.Output(task with { Lines = Math.Min(task.Lines, from + most) }, from);
        return http.AnswerAsync(
            new OutputPage(1, lines, from + lines.Count, !task.Phase.IsLive && from + lines.Count >= task.Lines),
            AdminJson.Plain.OutputPage
        );
    }

    private Task DecisionsAsync(HttpContext http, GatewayTask task) =>
        http.AnswerAsync(new EventList(1, _ledger.Decisions(task.Id), _ledger.LastEvent()), AdminJson.Plain.EventList);

    private async Task RestartAsync(HttpContext http, GatewayTask task)
    {
        if (await _actions.RestartAsync(task.Id, null, http.RequestAborted) is { } why)
            await http.FaultAsync(
                StatusCodes.Status409Conflict,
                why,
                "Only an ended task whose files are here or on its node runs again."
            );
        else
            await AgainAsync(http, task.Id);
    }

    private async Task AddTokenAsync(HttpContext http, string _, CancellationToken stopping)
    {
        var body = await BodyAsync(http, AdminJson.Plain.AddToken);
        if (body.Name is not { Length: > 0 and <= 200 } name)
            throw new UserException("the token has no name", "Give it a name, such as that of its user.");
        if (body is { Days: not null and not (> 0 and <= 36500) } or { MaxImages: < 1 } or { MaxConcurrentTasks: < 0 })
            throw new UserException(
                "a limit of the token makes no sense",
                "days is above 0, max_images at least 1, max_concurrent_tasks at least 0."
            );
        var (token, text) = await _desk.MakeTokenAsync(
            name,
            body.Days is { } days ? _clock.GetUtcNow().AddDays(days) : null,
            new() { MaxImages = body.MaxImages, MaxConcurrentTasks = body.MaxConcurrentTasks },
            By
        );
        await http.AnswerAsync(
            new MadeToken(1, TokenEntry.Of(token), text),
            AdminJson.Plain.MadeToken,
            StatusCodes.Status201Created
        );
    }

    private async Task RevokeAsync(HttpContext http, string id, CancellationToken stopping)
    {
        if (await _desk.RevokeTokenAsync(id, By))
            await DoneAsync(http, true);
        else if (id == TokenBook.Configured)
            await http.FaultAsync(
                StatusCodes.Status409Conflict,
                "this token is set in the configuration",
                "Change --token-file and start the gateway again."
            );
        else
            await http.FaultAsync(
                StatusCodes.Status404NotFound,
                $"there is no token {id}",
                $"GET {Root}/tokens lists their ids."
            );
    }

    private Task EventsAsync(HttpContext http)
    {
        var (last, limit) = (_ledger.LastEvent(), (int)Numbers.In(http.Request.Query, "limit", 100, 1, 1_000));
        return http.AnswerAsync(
            new EventList(
                1,
                _ledger.Events(
                    Numbers.In(http.Request.Query, "after", Math.Max(0, last - limit), 0, long.MaxValue),
                    limit
                ),
                last
            ),
            AdminJson.Plain.EventList
        );
    }

    private static Task MeasureAsync(HttpContext http, GatewayMeasures measures)
    {
        http.Response.ContentType = GatewayMeasures.PrometheusType;
        return http.Response.WriteAsync(measures.Text(), http.RequestAborted);
    }

    private async Task DiagnoseAsync(HttpContext http, Diagnosis diagnosis)
    {
        var archive = await diagnosis.PackAsync(Health(), [.. _fleet.Nodes.Select(View)], http.RequestAborted);
        http.Response.ContentType = "application/zip";
        http.Response.ContentLength = archive.Length;
        await http.Response.BodyWriter.WriteAsync(archive, http.RequestAborted);
    }

    private static async Task<T> BodyAsync<T>(HttpContext http, JsonTypeInfo<T> type)
    {
        if (!http.Request.HasJsonContentType())
            throw new UserException("the body is no JSON", "Send an object, with Content-Type: application/json.");
        try
        {
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted)
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

    private static Task DoneAsync(HttpContext http, Action act)
    {
        act();
        return DoneAsync(http, true);
    }

    private static Task DoneAsync(HttpContext http, bool done) =>
        http.AnswerAsync(new Done(done), AdminJson.Plain.Done);

    private NodeEntry View(GatewayNode node) =>
        NodeEntry.Of(node, _ledger.Live.On(node.Id).Count(task => task.Phase.Slot is not null), _clock.GetUtcNow());
}

/// <summary>A path of the admin door. One of its words may be a hole.</summary>
internal sealed record AdminPath(
    string Method,
    string Pattern,
    string Meaning,
    Func<HttpContext, string, CancellationToken, Task> Handle
)
{
    private readonly string[] _words = Pattern.Split('/');

    /// <summary>What fills the hole, or an empty text where there is none; null where the path is another.</summary>
    public string? Match(string path)
    {
        var words = path.Split('/');
        if (words.Length != _words.Length)
            return null;
        var filled = "";
        for (var n = 0; n < words.Length; n++)
        {
            if (_words[n].StartsWith('{'))
                filled = words[n];
            else if (_words[n] != words[n])
                return null;
        }
        return filled;
    }
}
