using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Node.Engines;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>The NodeODM API of a node.</summary>
internal sealed class NodeEndpoints(
    NodeSettings settings,
    NodeFolders folders,
    TaskStore store,
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

    private static readonly string[] Actions = ["cancel", "remove", "restart"];

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    public void Map(IEndpointRouteBuilder app)
    {
        NodePages.Map(app);
        app.MapGet("/auth/info", http => http.AnswerAsync(new("", null, null), OdmJson.Wire.AuthInfo));
        app.MapPost("/auth/login", http => http.RefuseAsync("Not available"));
        app.MapPost("/auth/register", http => http.RefuseAsync("Not available"));
        Get(app, "/info", http => http.AnswerAsync(Info(), OdmJson.Wire.NodeInfo));
        Get(
            app,
            "/options",
            async http =>
                await http.AnswerAsync(
                    await OptionsAsync(OptionsPatience, http),
                    OdmJson.Wire.IReadOnlyListOptionDescription
                )
        );
        Get(
            app,
            "/task/list",
            http =>
                http.AnswerAsync(
                    [.. store.All().Select(task => new UuidAnswer(task.Uuid))],
                    OdmJson.Wire.IReadOnlyListUuidAnswer
                )
        );
        Get(app, "/task/{uuid}/info", TaskInfoAsync);
        Get(
            app,
            "/task/{uuid}/output",
            http =>
                http.AnswerLinesAsync(default, outputs.Of(Find(http).Uuid).Read(http.Request.Query["line"]), default)
        );
        Get(app, "/task/{uuid}/download/{asset}", DownloadAsync, "HEAD");
        Post(app, "/task/new/init", InitAsync);
        Post(app, "/task/new/upload/{uuid}", UploadAsync);
        Post(app, "/task/new/commit/{uuid}", http => CommitAsync(http, Uuid(http)));
        Post(app, "/task/new", NewAsync);
        foreach (var action in Actions)
            Post(app, $"/task/{action}", http => ActAsync(http, action));
    }

    private void Get(IEndpointRouteBuilder app, string path, RequestDelegate answer, params string[] more) =>
        app.MapMethods(path, ["GET", .. more], Guarded(answer));

    private void Post(IEndpointRouteBuilder app, string path, RequestDelegate answer) =>
        app.MapPost(path, Guarded(answer));

    private RequestDelegate Guarded(RequestDelegate answer) =>
        http =>
        {
            if (settings.Token is not { } token)
                return answer(http);
            if (!CryptographicOperations.FixedTimeEquals(Hash(http.Request.Query["token"].ToString()), Hash(token)))
                return http.RefuseAsync("Invalid authentication token: token does not match.");
            return settings.AuthorizedIps.Count == 0 || settings.AuthorizedIps.Contains(PeerOf(http))
                ? answer(http)
                : http.RefuseAsync("Invalid authentication IP: IP is not one of authorized IPs.");
        };

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

    private static string Uuid(HttpContext http) => (string)http.GetRouteValue("uuid")!;

    private NodeTask Find(HttpContext http) =>
        store.Find(Uuid(http)) ?? throw new RefusalException($"{Uuid(http)} not found");

    private Task TaskInfoAsync(HttpContext http)
    {
        var task = Find(http);
        var info = task.Info(Now);
        if (!http.Request.Query.TryGetValue("with_output", out var from))
            return http.AnswerAsync(info, OdmJson.Wire.TaskInfo);
        byte[] before =
        [
            .. JsonSerializer.SerializeToUtf8Bytes(info, OdmJson.Wire.TaskInfo).AsSpan(..^1),
            .. ",\"output\":"u8,
        ];
        return http.AnswerLinesAsync(before, outputs.Of(task.Uuid).Read(from), "}"u8.ToArray());
    }

    private Task DownloadAsync(HttpContext http)
    {
        var task = Find(http);
        if ((string)http.GetRouteValue("asset")! != "all.zip")
            return http.RefuseAsync("Invalid asset");
        return task.Phase == TaskPhase.Completed && File.Exists(folders.Archive(task.Uuid))
            ? http.SendFileAsync(folders.Archive(task.Uuid), "all.zip", "application/zip")
            : http.RefuseAsync("Asset not ready");
    }

    private async Task InitAsync(HttpContext http)
    {
        var uuid = Proposed(http);
        var fields = await FormReader.ReadAsync(
            http.Request.ContentType,
            http.Request.Body,
            onFile: null,
            http.RequestAborted
        );
        uploads.Begin(uuid, await PendingAsync(TaskForm.Of(fields) with { ZipUrl = null }, http));
        await http.AnswerAsync(new(uuid), OdmJson.Wire.UuidAnswer);
    }

    private async Task UploadAsync(HttpContext http)
    {
        var uuid = Uuid(http);
        if (settings.DropUploads && Random.Shared.Next(2) == 0)
        {
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }
        if (store.Find(uuid) is not null || !uploads.Has(uuid))
            throw new RefusalException("Invalid uuid (not found)", noRetry: true);
        uploads.RefuseWhenFull(http.Request.ContentLength);
        var came = 0;
        await FormReader.ReadAsync(
            http.Request.ContentType,
            http.Request.Body,
            async (part, ct) =>
            {
                await uploads.ReceiveAsync(uuid, part, ct);
                came++;
            },
            http.RequestAborted
        );
        if (came == 0)
            throw new RefusalException("Need at least 1 file.", noRetry: true);
        await http.AnswerAsync(ActionAnswer.Done, OdmJson.Wire.ActionAnswer);
    }

    private async Task NewAsync(HttpContext http)
    {
        var uuid = Proposed(http);
        if (store.Find(uuid) is not null || uploads.Has(uuid))
            throw new RefusalException($"Invalid set-uuid: {uuid}");
        uploads.RefuseWhenFull(http.Request.ContentLength);
        // Before the fields are known, as they may come behind the files.
        uploads.Begin(uuid, await PendingAsync(new(), http));
        try
        {
            var form = TaskForm.Of(
                await FormReader.ReadAsync(
                    http.Request.ContentType,
                    http.Request.Body,
                    (part, ct) => uploads.ReceiveAsync(uuid, part, ct),
                    http.RequestAborted
                )
            );
            if (uploads.Count(uuid) == 0 && form.ZipUrl is null)
                throw new RefusalException("Need at least 1 file or a zip file url.");
            uploads.Begin(uuid, await PendingAsync(form, http));
        }
        catch
        {
            await folders.DeleteAsync(folders.Upload(uuid));
            throw;
        }
        await CommitAsync(http, uuid);
    }

    private async Task CommitAsync(HttpContext http, string uuid)
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
                            : $"Task of {clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)}",
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
        await http.AnswerAsync(new(uuid), OdmJson.Wire.UuidAnswer);
    }

    private async Task ActAsync(HttpContext http, string action)
    {
        var body = await ActionBody.ReadAsync(http.Request.ContentType, http.Request.Body, http.RequestAborted);
        var wrong = action switch
        {
            "cancel" => queue.Cancel(body.Uuid) ? null : $"{body.Uuid} not found",
            "remove" => await queue.RemoveAsync(body.Uuid) ? null : $"{body.Uuid} not found",
            _ => await RestartAsync(body, http),
        };
        await http.AnswerAsync(wrong is null ? ActionAnswer.Done : new(false, wrong), OdmJson.Wire.ActionAnswer);
    }

    private async Task<string?> RestartAsync(ActionBody body, HttpContext http)
    {
        if (body.Options is not { } sent)
            return queue.Restart(body.Uuid, task => task);
        var known = await OptionsAsync(settings.StartPatience, http);
        return OptionRules.TryRead(known, sent, settings.MaxConcurrency, out var options, out var fault)
            ? queue.Restart(
                body.Uuid,
                task => task with { Options = TaskSetup.WithAutomatic(task with { Options = options }, known) }
            )
            : fault;
    }

    private async Task<IReadOnlyList<OptionDescription>> OptionsAsync(TimeSpan patience, HttpContext http)
    {
        try
        {
            return (
                await engine.WaitAsync(
                    patience < settings.StartPatience ? patience : settings.StartPatience,
                    clock,
                    http.RequestAborted
                )
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
    private string Proposed(HttpContext http)
    {
        var proposed = http.Request.Headers["set-uuid"].ToString();
        if (proposed.Length == 0)
            return TaskUuid.New();
        var uuid = proposed.ToLowerInvariant();
        return TaskUuid.IsValid(uuid) && store.Find(uuid) is null
            ? uuid
            : throw new RefusalException($"Invalid set-uuid: {proposed}");
    }

    private async Task<PendingTask> PendingAsync(TaskForm form, HttpContext http) =>
        OptionRules.TryRead(
            await OptionsAsync(settings.StartPatience, http),
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
