using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Muster.Node.Engines;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>The NodeODM API of a node.</summary>
internal sealed class NodeEndpoints(
    NodeSettings settings,
    NodeFolders folders,
    NodeTaskStore store,
    Uploads uploads,
    Outputs outputs,
    NodeQueue queue,
    Task<IEngine> engine,
    TimeProvider clock
)
{
    /// <summary>The version of the API that this node speaks.</summary>
    private const string ApiVersion = "2.2.4";

    /// <summary>Clients that look at a node again and again wait for 5 s.</summary>
    private static readonly TimeSpan OptionsPatience = TimeSpan.FromSeconds(3);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    public void Map(IEndpointRouteBuilder app)
    {
        NodePages.Map(app);
        app.MapGet(
            "/auth/info",
            JsonAnswer<AuthInfo> () => OdmAnswers.Json(new("", null, null), OdmJson.Wire.AuthInfo)
        );
        app.MapPost("/auth/login", JsonAnswer<ErrorAnswer> () => OdmAnswers.Refusal("Not available"));
        app.MapPost("/auth/register", JsonAnswer<ErrorAnswer> () => OdmAnswers.Refusal("Not available"));
        var api = app.MapGroup("").AddEndpointFilter(GuardAsync);
        api.MapGet("/info", JsonAnswer<NodeInfo> () => OdmAnswers.Json(Info(), OdmJson.Wire.NodeInfo));
        api.MapGet("/options", TellOptionsAsync);
        api.MapGet("/task/list", List);
        api.MapGet("/task/{uuid}/info", TaskInfo);
        api.MapGet("/task/{uuid}/output", Output);
        api.MapMethods("/task/{uuid}/download/{asset}", ["GET", "HEAD"], Download);
        api.MapPost("/task/new/init", InitAsync);
        api.MapPost("/task/new/upload/{uuid}", UploadAsync);
        api.MapPost("/task/new/commit/{uuid}", CommitAsync);
        api.MapPost("/task/new", NewAsync);
        api.MapPost("/task/cancel", CancelAsync);
        api.MapPost("/task/remove", RemoveAsync);
        api.MapPost("/task/restart", RestartAsync);
    }

    private ValueTask<object?> GuardAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next) =>
        WhyNot(call.HttpContext) is { } why ? new(OdmAnswers.Refusal(why)) : next(call);

    private string? WhyNot(HttpContext http)
    {
        if (settings.Token is not { } token)
            return null;
        if (!CryptographicOperations.FixedTimeEquals(Hash(http.Request.Query["token"].ToString()), Hash(token)))
            return "Invalid authentication token: token does not match.";
        return settings.AuthorizedIps.Count == 0 || settings.AuthorizedIps.Contains(PeerOf(http))
            ? null
            : "Invalid authentication IP: IP is not one of authorized IPs.";
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static string PeerOf(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } address
            ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
            : "";

    private NodeInfo Info()
    {
        var (total, available) = Machine.Memory();
#pragma warning disable VSTHRD002 // it has its result
        var opened = engine.IsCompletedSuccessfully ? engine.Result : null;
#pragma warning restore VSTHRD002
        return new()
        {
            Version = ApiVersion,
            TaskQueueCount = store.All().Count(task => !task.HasEnded),
            TotalMemory = total,
            AvailableMemory = available,
            CpuCores = Environment.ProcessorCount,
            MaxImages = settings.MaxImages,
            MaxParallelTasks = opened is null ? 0 : settings.Parallel, // gateways send nothing to a node without slots
            EngineVersion = opened?.Version ?? "?",
            Engine = opened?.Name ?? "?",
        };
    }

    private async Task<JsonAnswer<IReadOnlyList<OptionDescription>>> TellOptionsAsync(CancellationToken ct) =>
        OdmAnswers.Json(await OptionsAsync(OptionsPatience, ct), OdmJson.Wire.IReadOnlyListOptionDescription);

    private JsonAnswer<IReadOnlyList<UuidAnswer>> List() =>
        OdmAnswers.Json(
            [.. store.All().Select(task => new UuidAnswer(task.Uuid))],
            OdmJson.Wire.IReadOnlyListUuidAnswer
        );

    private NodeTask Find(string uuid) => store.Find(uuid) ?? throw new RefusalException($"{uuid} not found");

    private Results<JsonAnswer<TaskInfo>, LinesAnswer> TaskInfo(string uuid, HttpRequest request)
    {
        var task = Find(uuid);
        var info = task.Info(Now);
        if (!request.Query.TryGetValue("with_output", out var from))
            return OdmAnswers.Json(info, OdmJson.Wire.TaskInfo);
        byte[] before =
        [
            .. JsonSerializer.SerializeToUtf8Bytes(info, OdmJson.Wire.TaskInfo).AsSpan(..^1),
            .. ",\"output\":"u8,
        ];
        return new LinesAnswer(before, outputs.Of(task.Uuid).Read(from), "}"u8.ToArray());
    }

    private LinesAnswer Output(string uuid, HttpRequest request) =>
        new(default, outputs.Of(Find(uuid).Uuid).Read(request.Query["line"]), default);

    private Results<FileAnswer, JsonAnswer<ErrorAnswer>> Download(string uuid, string asset)
    {
        var task = Find(uuid);
        if (asset != "all.zip")
            return OdmAnswers.Refusal("Invalid asset");
        return task.Phase == NodeTaskPhase.Completed && File.Exists(folders.Archive(task.Uuid))
            ? new FileAnswer(folders.Archive(task.Uuid), "all.zip", "application/zip")
            : OdmAnswers.Refusal("Asset not ready");
    }

    private async Task<JsonAnswer<UuidAnswer>> InitAsync(HttpRequest request, CancellationToken ct)
    {
        var uuid = Proposed(request);
        var fields = await FormReader.ReadAsync(request.ContentType, request.Body, onFile: null, ct);
        uploads.Begin(uuid, await PendingAsync(TaskForm.Of(fields) with { ZipUrl = null }, ct));
        return Named(uuid);
    }

    private async Task<Results<JsonAnswer<ActionAnswer>, StatusCodeHttpResult>> UploadAsync(
        string uuid,
        HttpRequest request,
        CancellationToken ct
    )
    {
        if (settings.DropUploads && Random.Shared.Next(2) == 0)
            return TypedResults.StatusCode(StatusCodes.Status500InternalServerError);
        if (store.Find(uuid) is not null || !uploads.Has(uuid))
            throw new RefusalException("Invalid uuid (not found)", noRetry: true);
        uploads.RefuseWhenFull(request.ContentLength);
        var came = 0;
        await FormReader.ReadAsync(
            request.ContentType,
            request.Body,
            async (part, reading) =>
            {
                await uploads.ReceiveAsync(uuid, part, reading);
                came++;
            },
            ct
        );
        if (came == 0)
            throw new RefusalException("Need at least 1 file.", noRetry: true);
        return Answer(wrong: null);
    }

    private async Task<JsonAnswer<UuidAnswer>> NewAsync(HttpRequest request, CancellationToken ct)
    {
        var uuid = Proposed(request);
        if (store.Find(uuid) is not null || uploads.Has(uuid))
            throw new RefusalException($"Invalid set-uuid: {uuid}");
        uploads.RefuseWhenFull(request.ContentLength);
        // Before the fields are known, as they may come behind the files.
        uploads.Begin(uuid, await PendingAsync(new(), ct));
        try
        {
            var form = TaskForm.Of(
                await FormReader.ReadAsync(
                    request.ContentType,
                    request.Body,
                    (part, reading) => uploads.ReceiveAsync(uuid, part, reading),
                    ct
                )
            );
            if (uploads.Count(uuid) == 0 && form.ZipUrl is null)
                throw new RefusalException("Need at least 1 file or a zip file url.");
            uploads.Begin(uuid, await PendingAsync(form, ct));
        }
        catch
        {
            await folders.DeleteAsync(folders.Upload(uuid));
            throw;
        }
        return await CommitAsync(uuid);
    }

    private async Task<JsonAnswer<UuidAnswer>> CommitAsync(string uuid)
    {
        // A commit whose answer was lost may come again.
        if (store.Find(uuid) is null)
        {
            if (uploads.Read(uuid) is not { } pending)
                throw new RefusalException("Invalid uuid (not found)");
            if (uploads.Count(uuid) is var files && files == 0 && pending.ZipUrl is null)
            {
                await folders.DeleteAsync(folders.Upload(uuid));
                throw new RefusalException("Need at least 1 file.");
            }
            queue.Add(
                new()
                {
                    Uuid = uuid,
                    Name =
                        pending.Name.Length > 0
                            ? pending.Name
                            : string.Create(
                                CultureInfo.InvariantCulture,
                                $"Task of {clock.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ}"
                            ),
                    Created = pending.DateCreated ?? Now,
                    Options = pending.Options,
                    SkipPostProcessing = pending.SkipPostProcessing,
                    Webhook = pending.Webhook,
                    Outputs = pending.Outputs,
                    ZipUrl = pending.ZipUrl,
                    ImagesCount = files,
                }
            );
            uploads.Forget(uuid);
        }
        return Named(uuid);
    }

    private async Task<JsonAnswer<ActionAnswer>> CancelAsync(HttpRequest request, CancellationToken ct)
    {
        var body = await ActionBody.ReadAsync(request.ContentType, request.Body, ct);
        return Answer(queue.Cancel(body.Uuid), body);
    }

    private async Task<JsonAnswer<ActionAnswer>> RemoveAsync(HttpRequest request, CancellationToken ct)
    {
        var body = await ActionBody.ReadAsync(request.ContentType, request.Body, ct);
        return Answer(await queue.RemoveAsync(body.Uuid) || ForgotUpload(body.Uuid), body);
    }

    /// <summary>What was begun and is not wanted, before its commit; it need not wait for housekeeping.</summary>
    private bool ForgotUpload(string uuid)
    {
        if (!uploads.Has(uuid))
            return false;
        uploads.Forget(uuid);
        _ = folders.DeleteAsync(folders.Upload(uuid));
        return true;
    }

    private async Task<JsonAnswer<ActionAnswer>> RestartAsync(HttpRequest request, CancellationToken ct)
    {
        var body = await ActionBody.ReadAsync(request.ContentType, request.Body, ct);
        if (body.Options is not { } sent)
            return Answer(queue.Restart(body.Uuid, task => task));
        var known = await OptionsAsync(settings.StartPatience, ct);
        return Answer(
            OptionRules.TryRead(known, sent, settings.MaxConcurrency, out var options, out var fault)
                ? queue.Restart(
                    body.Uuid,
                    task => task with { Options = TaskSetup.WithAutomatic(task with { Options = options }, known) }
                )
                : fault
        );
    }

    private static JsonAnswer<ActionAnswer> Answer(bool found, ActionBody body) =>
        Answer(found ? null : $"{body.Uuid} not found");

    private static JsonAnswer<ActionAnswer> Answer(string? wrong) =>
        OdmAnswers.Json(wrong is null ? ActionAnswer.Done : new(false, wrong), OdmJson.Wire.ActionAnswer);

    private static JsonAnswer<UuidAnswer> Named(string uuid) => OdmAnswers.Json(new(uuid), OdmJson.Wire.UuidAnswer);

    private async Task<IReadOnlyList<OptionDescription>> OptionsAsync(TimeSpan patience, CancellationToken ct)
    {
        try
        {
            return (
                await engine.WaitAsync(patience < settings.StartPatience ? patience : settings.StartPatience, clock, ct)
            ).Options;
        }
        catch (TimeoutException)
        {
            throw new RefusalException(
                "This node is starting: its engine has not reported its options yet. Try again in a minute."
            );
        }
    }

    /// <summary>The id that the client proposes, or a new one.</summary>
    private string Proposed(HttpRequest request)
    {
        var proposed = request.Headers["set-uuid"].ToString();
        if (proposed.Length == 0)
            return TaskUuid.New();
        var uuid = proposed.ToLowerInvariant();
        return TaskUuid.IsValid(uuid) && store.Find(uuid) is null
            ? uuid
            : throw new RefusalException($"Invalid set-uuid: {proposed}");
    }

    private async Task<PendingTask> PendingAsync(TaskForm form, CancellationToken ct) =>
        OptionRules.TryRead(
            await OptionsAsync(settings.StartPatience, ct),
            form.Options,
            settings.MaxConcurrency,
            out var options,
            out var fault
        )
            ? new(
                form.Name ?? "",
                form.DateCreated,
                options,
                form.SkipPostProcessing,
                form.Webhook,
                form.Outputs,
                form.ZipUrl
            )
            : throw new RefusalException(fault, noRetry: true);
}
