using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;
using Muster.Pages;

namespace Muster.Gateway.Api;

/// <summary>
/// The door through which clients of NodeODM and ClusterODM come. Every answer is from our own records; no client waits
/// for a node.
/// </summary>
/// <remarks>
/// Its paths are a table, where other doors have routes: any method is taken, as ClusterODM does, and clients ask for
/// tasks thousands of times a second. Measured alone, with these paths, routes take 0.4 to 0.7 µs and up to 120 bytes
/// more for each request, as much as everything else in an empty pipeline.
/// </remarks>
internal sealed class PublicApi(
    TokenGate gate,
    CommitSeal seal,
    Intake intake,
    TaskActions actions,
    TaskLedger ledger,
    NodeFleet fleet,
    SpoolFolder spool,
    Downloads downloads,
    NodeView view,
    TimeProvider clock
)
{
    private static readonly TimeSpan SkipPatience = TimeSpan.FromMinutes(1);
    private const int LinesAtOnce = 5_000;
    private static readonly string[] PageParts = [PageFiles.App, "/css/", "/js/", "/fonts/", "/img/"];
    private const string JsonType = "application/json; charset=utf-8";

    public async Task HandleAsync(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        switch (path)
        {
            case "/auth/info":
                await http.AnswerAsync(gate.Accounts, OdmJson.Wire.AuthInfo);
                return;
            case "/auth/login" or "/auth/register":
                await http.RefuseAsync("Not available");
                return;
            // what pages of NodeODM load, and ours does not have
            case var asked when PageParts.Any(part => asked.StartsWith(part, StringComparison.Ordinal)):
                await PageFiles.AppAsync(http);
                return;
        }
        if (path == "/commit" && http.Request.Query.TryGetValue("seal", out var shown))
        {
            await NodeSaysAsync(http, task => seal.Fits(task, shown));
            return;
        }
        if (await gate.AdmitAsync(http.Request) is not { } caller)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Features.Get<IHttpResponseFeature>()!.ReasonPhrase = "unauthorized";
            if (path == "/")
                await Node.NodePages.PageAsync(http, StatusCodes.Status401Unauthorized); // it asks for the token
            return;
        }
        await (
            path switch
            {
                "/" => Node.NodePages.PageAsync(http),
                "/swagger.json" => Node.NodePages.DescriptionAsync(http),
                "/info" => SendAsync(http, view.Info(caller)),
                "/options" => SendAsync(http, view.Options(caller)),
                "/task/list" => SendAsync(http, ListOf(caller)),
                "/task/new" => TakeAsync(http, caller),
                "/task/new/init" => BeginAsync(http, caller),
                "/task/cancel" => ActAsync(http, caller, (id, _) => actions.CancelAsync(id, "its client")),
                "/task/remove" => ActAsync(http, caller, (id, _) => actions.RemoveAsync(id, "its client")),
                "/task/restart" => RestartAsync(http, caller),
                "/commit" => NodeSaysAsync(http, task => Find(caller, task.ToString()) is not null),
                "/cache/clear" => SendAsync(http, "{\"ok\":true}"u8.ToArray()),
                _ when After(path, "/task/new/upload/") is { } id => UploadAsync(http, caller, id),
                _ when After(path, "/task/new/files/") is { } id => http.AnswerAsync(
                    Received(caller, id),
                    OdmJson.Wire.ReceivedAnswer
                ),
                _ when After(path, "/task/new/commit/") is { } id => CommitAsync(http, caller, id),
                _ when After(path, "/task/") is { } rest && rest.IndexOf('/') is > 0 and var slash => TaskAsync(
                    http,
                    caller,
                    rest[..slash],
                    rest[(slash + 1)..]
                ),
                _ => http.RefuseAsync($"Cannot handle {path}"),
            }
        );
    }

    private async Task BeginAsync(HttpContext http, Caller caller)
    {
        var fields = await FormReader.ReadAsync(
            http.Request.ContentType,
            http.Request.Body,
            onFile: null,
            http.RequestAborted
        );
        var form = TaskForm.Of(fields);
        if (form.ZipUrl is not null)
            throw new RefusalException("An address of a zip file is taken by /task/new alone.", noRetry: true);
        await AnswerAsync(http, await intake.BeginAsync(caller, http.Request.Headers["set-uuid"], form));
    }

    private async Task UploadAsync(HttpContext http, Caller caller, string text)
    {
        var id = Guid.TryParse(text, out var parsed) ? parsed : Guid.Empty;
        intake.Received(caller, id);
        var (_, files) = await ReceiveAsync(http, fields => fields);
        if (files.Count == 0)
            throw new RefusalException("Need at least 1 file.", noRetry: true);
        await intake.AddAsync(caller, id, files);
        await http.AnswerAsync(ActionAnswer.Done, OdmJson.Wire.ActionAnswer);
    }

    /// <summary>
    /// Our own extension: what a task has that is being handed in, so that its client goes on where it stopped. It
    /// answers for one task, to whoever may
    /// upload to it: no hash can be asked for, so nobody learns what others have, and knowing a hash brings nobody its
    /// content.
    /// </summary>
    private ReceivedAnswer Received(Caller caller, string text) =>
        new([
            .. intake
                .Received(caller, Guid.TryParse(text, out var id) ? id : Guid.Empty)
                .Select(file => new ReceivedFile(file.Name, file.Bytes, file.Hash)),
        ]);

    private async Task CommitAsync(HttpContext http, Caller caller, string text) =>
        await AnswerAsync(
            http,
            await intake.CommitAsync(
                caller,
                Guid.TryParse(text, out var id) ? id : Guid.Empty,
                AddressOf(http),
                http.RequestAborted
            )
        );

    private async Task TakeAsync(HttpContext http, Caller caller)
    {
        var address = AddressOf(http);
        var (form, files) = await ReceiveAsync(http, TaskForm.Of);
        if (files.Count == 0)
        {
            await AnswerAsync(
                http,
                await intake.TakeAsync(
                    caller,
                    http.Request.Headers["set-uuid"],
                    form,
                    form.ZipUrl ?? throw new RefusalException("Need at least 1 file or a zip file url.")
                )
            );
            return;
        }
        await AnswerAsync(
            http,
            await intake.TakeAsync(caller, http.Request.Headers["set-uuid"], form, files, address, http.RequestAborted)
        );
    }

    /// <summary>
    /// Reads a body to its end; its files are in the spool then. What a broken one left there is let go.
    /// </summary>
    private async Task<(T Form, List<SpoolFile> Files)> ReceiveAsync<T>(
        HttpContext http,
        Func<IReadOnlyDictionary<string, string>, T> read
    )
    {
        var files = new List<SpoolFile>();
        try
        {
            using var room = spool.Reserve(http.Request.ContentLength ?? 0) ?? throw new SpoolFullException();
            var fields = await FormReader.ReadAsync(
                http.Request.ContentType,
                http.Request.Body,
                async (part, ct) =>
                {
                    var name =
                        UploadName.Of(part.FileName!)
                        ?? throw new RefusalException($"Invalid file name: {part.FileName}", noRetry: true);
                    files.Add(await spool.ReceiveAsync(name, part.OpenRead(), room, ct));
                },
                http.RequestAborted
            );
            return (read(fields), files);
        }
        catch (Exception fault)
        {
            spool.Release(files.Select(file => file.Hash));
            if (fault is RefusalException or SpoolFullException)
                await SkipRestAsync(http);
            if (fault is SpoolFullException)
                throw Full();
            throw;
        }
    }

    /// <summary>
    /// Most clients hear an answer only when they have sent everything; without this they would take it for a broken
    /// connection, and try again.
    /// </summary>
    private static async Task SkipRestAsync(HttpContext http)
    {
        if (http.Request.Headers.Expect.Count > 0)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(SkipPatience);
        try
        {
            await http.Request.Body.CopyToAsync(Stream.Null, limit.Token);
        }
        catch (OperationCanceledException) { } // it has had its time
    }

    private static RefusalException Full() =>
        new("The gateway's disk has no room for this upload; try again when other tasks have ended.", noRetry: true);

    private async Task ActAsync(HttpContext http, Caller caller, Func<Guid, CancellationToken, Task<bool>> act)
    {
        var body = await ActionBody.ReadAsync(http.Request.ContentType, http.Request.Body, http.RequestAborted);
        var done = Find(caller, body.Uuid) is { } task && await act(task.Id, http.RequestAborted);
        await http.AnswerAsync(
            done ? ActionAnswer.Done : new(false, $"{body.Uuid} not found"),
            OdmJson.Wire.ActionAnswer
        );
    }

    private async Task RestartAsync(HttpContext http, Caller caller)
    {
        var body = await ActionBody.ReadAsync(http.Request.ContentType, http.Request.Body, http.RequestAborted);
        var error = Find(caller, body.Uuid) is { } task
            ? await actions.RestartAsync(
                task.Id,
                body.Options is null ? null : intake.OptionsOf(body.Options, caller.Limits),
                http.RequestAborted
            )
            : $"{body.Uuid} not found";
        await http.AnswerAsync(error is null ? ActionAnswer.Done : new(false, error), OdmJson.Wire.ActionAnswer);
    }

    private Task TaskAsync(HttpContext http, Caller caller, string id, string action)
    {
        if (Find(caller, id) is not { IsListed: true } task)
            return http.RefuseAsync($"{id} not found");
        switch (action)
        {
            case "info":
                var info = TaskView.Json(task, null, clock.GetUtcNow());
                if (!http.Request.Query.TryGetValue("with_output", out var from))
                    return SendAsync(http, info);
                var first = OutputSlice.Start(from, task.Lines);
                return ledger.EncodedOutput(task, first) is { } lines
                    ? SendAsync(http, info, lines)
                    : http.AnswerLinesAsync(
                        (byte[])[.. info.Span[..^1], .. ",\"output\":"u8],
                        LinesOf(task, first),
                        "}"u8.ToArray()
                    );
            case "output":
                return http.AnswerLinesAsync(
                    default,
                    LinesOf(task, OutputSlice.Start(http.Request.Query["line"], task.Lines)),
                    default
                );
            case "download/all.zip":
                return task.Phase is TaskPhase.Ended { Result: { } result } end
                    ? downloads.SendAsync(http, end, result)
                    : http.RefuseAsync("Asset not ready");
            case not null when action.StartsWith("download/", StringComparison.Ordinal):
                return downloads.ElsewhereAsync(http, task, action["download/".Length..]);
            default:
                return http.RefuseAsync($"Cannot handle {http.Request.Path}");
        }
    }

    private IEnumerable<string> LinesOf(GatewayTask task, int first)
    {
        for (var from = first; from < task.Lines; from += LinesAtOnce)
        {
            foreach (var line in ledger.Output(task, from, LinesAtOnce))
                yield return line;
        }
    }

    /// <summary>
    /// A node's webhook, sealed by us, or with the token of the task as ClusterODM's users set it. It proves nothing:
    /// the task's node is asked at once, and that is all.
    /// </summary>
    private async Task NodeSaysAsync(HttpContext http, Func<Guid, bool> mayTell)
    {
        if (
            !Guid.TryParse(
                await FormReader.NoticeAsync(http.Request.ContentType, http.Request.Body, http.RequestAborted),
                out var id
            )
        )
            throw new RefusalException("Malformed /commit request");
        if (!mayTell(id))
            throw new RefusalException($"{id} not found, or not yours to tell of");
        if (
            (ledger.Live.Find(id) ?? ledger.Live.All().FirstOrDefault(task => task.Phase.Place?.OnNode == id))
                ?.Phase
                .Place is
            { } place
        )
            fleet.Refresh(place.Node);
        await SendAsync(http, "{\"ok\":true}"u8.ToArray());
    }

    private GatewayTask? Find(Caller caller, string id) =>
        Guid.TryParse(id, out var uuid) && ledger.Find(uuid) is { } task && caller.Sees(task) ? task : null;

    private ReadOnlyMemory<byte> ListOf(Caller caller) =>
        caller.Parent is { } parent
            ? TaskLists.JsonOf([
                .. from task in ledger.Live.All() where task.Parent == parent && task.IsListed select task.Id,
            ])
            : ledger.Lists.Json(caller.Owner);

    /// <summary>
    /// This gateway's address, as the connection came in there. What a client writes as its host decides nothing.
    /// </summary>
    private static Uri? AddressOf(HttpContext http) =>
        http.Connection.LocalIpAddress is { } own
            ? new(
                $"{http.Request.Scheme}://"
                    + $"{new IPEndPoint(own.IsIPv4MappedToIPv6 ? own.MapToIPv4() : own, http.Connection.LocalPort)}"
                    + $"/"
            )
            : null;

    private static string? After(string path, string prefix) =>
        path.StartsWith(prefix, StringComparison.Ordinal) && path.Length > prefix.Length ? path[prefix.Length..] : null;

    private static Task AnswerAsync(HttpContext http, Guid id) =>
        http.AnswerAsync(new(id.ToString()), OdmJson.Wire.UuidAnswer);

    /// <summary>An object, and in it lines that are JSON already.</summary>
    private static async Task SendAsync(HttpContext http, ReadOnlyMemory<byte> info, ReadOnlyMemory<byte> lines)
    {
        http.Response.ContentType = JsonType;
        http.Response.ContentLength = info.Length + ",\"output\":[]".Length + lines.Length;
        var body = http.Response.BodyWriter;
        body.Write(info.Span[..^1]);
        body.Write(",\"output\":["u8);
        body.Write(lines.Span);
        body.Write("]}"u8);
        await body.FlushAsync(http.RequestAborted);
    }

    private static async Task SendAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        http.Response.ContentType = JsonType;
        http.Response.ContentLength = json.Length;
        await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
    }
}
