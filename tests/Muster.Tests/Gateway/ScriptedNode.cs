using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// A server that answers as a NodeODM node and does as it is told: it dies, forgets, refuses, fails. Like NodeODM it
/// keeps a file that is sent twice twice.
/// </summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, byte[]>> _uploads = [];
    private WebApplication? _web;

    public int Port { get; private set; }
    public Uri Url => new($"http://127.0.0.1:{Port}/");
    public int Slots { get; init; } = 1;
    public int? MaxImages { get; init; }
    public long Memory { get; init; } = 32_000_000_000;
    public TimeSpan Takes { get; set; } = TimeSpan.FromMilliseconds(100);
    public string? FailsWith { get; set; }
    public string? RefusesWith { get; set; }
    public string Engine { get; init; } = "odm";

    /// <summary>Does something to a request before it is answered; true when that is all.</summary>
    public Func<HttpContext, Task<bool>>? Before { get; set; }

    /// <summary>Does something after a request was carried out, instead of the answer.</summary>
    public Func<HttpContext, Task<bool>>? After { get; set; }
    public ConcurrentDictionary<string, Work> Tasks { get; } = [];

    /// <summary>Where it is to tell the end of each task.</summary>
    public ConcurrentDictionary<string, string?> Webhooks { get; } = [];
    public ConcurrentQueue<string> Removed { get; } = [];
    public ConcurrentQueue<string> Cancelled { get; } = [];

    /// <summary>Names of files that came, each as often as it came.</summary>
    public ConcurrentQueue<string> Sent { get; } = [];

    /// <summary>Tasks that are not committed, and the names of what they have.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Uploads =>
        _uploads.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)[.. pair.Value.Keys.Order()]);

    /// <summary>What is not committed is gone, as after a while of its own.</summary>
    public void ForgetUploads() => _uploads.Clear();

    /// <summary>Tasks that came although every slot was taken.</summary>
    public int Overbooked { get; private set; }

    internal sealed class Work
    {
        public required IReadOnlyDictionary<string, byte[]> Files { get; init; }
        public required string Options { get; init; }
        public TaskCode Code { get; set; } = TaskCode.Queued;
        public DateTimeOffset Began { get; set; }
        public List<string> Output { get; } = [];
    }

    private readonly ConcurrentDictionary<string, string> _options = [];

    public static async Task<ScriptedNode> StartAsync(ScriptedNode? node = null)
    {
        node ??= new();
        await node.StartAsync();
        return node;
    }

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            OdmEndpoints.SetLimits(kestrel);
            kestrel.Listen(IPAddress.Loopback, Port);
        });
        _web = builder.Build();
        _web.Run(AnswerAsync);
        await _web.StartAsync();
        Port = new Uri(_web.Urls.First()).Port;
    }

    /// <summary>The process dies: connections break, nobody listens. What it had on disk stays.</summary>
    public async Task DieAsync()
    {
        if (_web is null)
            return;
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _web.StopAsync(soon.Token);
        await _web.DisposeAsync();
        _web = null;
    }

    private async Task AnswerAsync(HttpContext http)
    {
        if (Before is { } before && await before(http))
            return;
        var path = http.Request.Path.Value!.Trim('/').Split('/');
        switch (path)
        {
            case ["info"]:
                await http.AnswerAsync(
                    new()
                    {
                        Version = "2.2.4",
                        TaskQueueCount = Step(),
                        MaxParallelTasks = Slots,
                        MaxImages = MaxImages,
                        TotalMemory = Memory,
                        AvailableMemory = Memory,
                        CpuCores = 4,
                        Engine = Engine,
                        EngineVersion = "3.6.0",
                    },
                    OdmJson.Wire.NodeInfo
                );
                break;
            case ["options"]:
                await http.AnswerAsync(Known, OdmJson.Wire.IReadOnlyListOptionDescription);
                break;
            case ["task", "new", "init"]:
                var form = TaskForm.Of(
                    await FormReader.ReadAsync(http.Request.ContentType, http.Request.Body, null, http.RequestAborted)
                );
                if (RefusesWith is { } refusal)
                {
                    await http.RefuseAsync(refusal);
                    break;
                }
                var id = http.Request.Headers["set-uuid"].ToString();
                _uploads.TryAdd(id, []);
                _options[id] = form.Options ?? "[]";
                Webhooks[id] = form.Webhook;
                if (!await DroppedAsync(http))
                    await http.AnswerAsync(new(id), OdmJson.Wire.UuidAnswer);
                break;
            case ["task", "new", "upload", var upload]:
                if (!_uploads.TryGetValue(upload, out var into))
                {
                    await http.RefuseAsync("Invalid uuid (not found)", noRetry: true);
                    break;
                }
                await FormReader.ReadAsync(
                    http.Request.ContentType,
                    http.Request.Body,
                    async (part, ct) =>
                    {
                        using var bytes = new MemoryStream();
                        await part.OpenRead().CopyToAsync(bytes, ct);
                        var name = part.FileName!;
                        Sent.Enqueue(name);
                        while (!into.TryAdd(name, bytes.ToArray()))
                            name = UploadName.Next(name);
                    },
                    http.RequestAborted
                );
                if (!await DroppedAsync(http))
                    await http.AnswerAsync(ActionAnswer.Done, OdmJson.Wire.ActionAnswer);
                break;
            case ["task", "new", "commit", var commit]:
                if (!_uploads.TryRemove(commit, out var files))
                {
                    await http.RefuseAsync("Invalid uuid (not found)");
                    break;
                }
                lock (_lock)
                {
                    if (Tasks.Values.Count(task => task.Code is TaskCode.Running or TaskCode.Queued) >= Slots)
                        Overbooked++;
                    Tasks[commit] = new() { Files = files, Options = _options[commit] };
                }
                Step();
                if (!await DroppedAsync(http))
                    await http.AnswerAsync(new(commit), OdmJson.Wire.UuidAnswer);
                break;
            case ["task", ("cancel" or "remove" or "restart") and var action]:
                await ActAsync(
                    http,
                    action,
                    (await ActionBody.ReadAsync(http.Request.ContentType, http.Request.Body, http.RequestAborted)).Uuid
                );
                break;
            case ["task", var uuid, .. var what]:
                Step();
                if (!Tasks.TryGetValue(uuid, out var work))
                    await http.RefuseAsync($"{uuid} not found");
                else if (what is ["info"])
                    await http.AnswerAsync(
                        InfoOf(uuid, work, http.Request.Query["with_output"]),
                        OdmJson.Wire.TaskInfo
                    );
                else
                    await SendAsync(http, work);
                break;
            default:
                http.Response.StatusCode = 404;
                break;
        }
    }

    private async Task<bool> DroppedAsync(HttpContext http) => After is { } after && await after(http);

    private async Task ActAsync(HttpContext http, string action, string id)
    {
        (
            action switch
            {
                "cancel" => Cancelled,
                "remove" => Removed,
                _ => new(),
            }
        ).Enqueue(id);
        lock (_lock)
        {
            if (action == "remove")
            {
                Tasks.TryRemove(id, out _);
                _uploads.TryRemove(id, out _);
            }
            else if (Tasks.TryGetValue(id, out var work))
            {
                if (action == "restart")
                    work.Output.Clear();
                work.Code = action == "cancel" ? TaskCode.Canceled : TaskCode.Queued;
            }
            else
            {
                id = "";
            }
        }
        Step();
        await http.AnswerAsync(id.Length > 0 ? ActionAnswer.Done : new(false, "not found"), OdmJson.Wire.ActionAnswer);
    }

    /// <summary>Works off what there is. Answers with the tasks in its queue.</summary>
    private int Step()
    {
        lock (_lock)
        {
            var now = DateTimeOffset.UtcNow;
            foreach (var work in Tasks.Values.Where(work => work.Code == TaskCode.Running && now - work.Began >= Takes))
            {
                work.Output.Add("the last line");
                work.Code = FailsWith is null ? TaskCode.Completed : TaskCode.Failed;
            }
            foreach (var work in Tasks.Values.Where(work => work.Code == TaskCode.Queued))
            {
                if (Tasks.Values.Count(other => other.Code == TaskCode.Running) >= Slots)
                    break;
                (work.Code, work.Began) = (TaskCode.Running, now);
                work.Output.Add("the first line");
                work.Output.Add("the second line");
            }
            return Tasks.Values.Count(work => work.Code is TaskCode.Queued or TaskCode.Running);
        }
    }

    private TaskInfo InfoOf(string id, Work work, string? output)
    {
        lock (_lock)
        {
            return new()
            {
                Uuid = id,
                Name = "x",
                DateCreated = 1,
                ProcessingTime =
                    work.Code == TaskCode.Queued ? -1 : (long)(DateTimeOffset.UtcNow - work.Began).TotalMilliseconds,
                Status = new(work.Code, work.Code == TaskCode.Failed ? FailsWith : null),
                Options = [],
                ImagesCount = work.Files.Count,
                Progress = 40,
                Output = output is null ? null : [.. work.Output.Skip(OutputSlice.Start(output, work.Output.Count))],
            };
        }
    }

    private static async Task SendAsync(HttpContext http, Work work)
    {
        if (work.Code != TaskCode.Completed)
        {
            await http.RefuseAsync("Asset not ready");
            return;
        }
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in work.Files.OrderBy(file => file.Key, StringComparer.Ordinal))
            {
                await using var entry = await archive.CreateEntry(name, CompressionLevel.NoCompression).OpenAsync();
                await entry.WriteAsync(content);
            }
        }
        http.Response.ContentType = "application/zip";
        http.Response.ContentLength = bytes.Length;
        bytes.Position = 0;
        await bytes.CopyToAsync(http.Response.Body);
    }

    public static IReadOnlyList<OptionDescription> Known { get; } =
    [
        new()
        {
            Name = "dsm",
            Type = "bool",
            Value = "false",
            Domain = OptionDomain.Any,
            Help = "A surface model.",
        },
        new()
        {
            Name = "split",
            Type = "int",
            Value = "999999",
            Domain = new("positive integer"),
            Help = "Images in each part.",
        },
        new()
        {
            Name = "sm-cluster",
            Type = "string",
            Value = "none",
            Domain = new("string"),
            Help = "Where parts go.",
        },
        new()
        {
            Name = "rerun-from",
            Type = "enum",
            Value = "",
            Domain = OptionDomain.Of("", "dataset", "odm_dem"),
            Help = "Begin here.",
        },
    ];

    public ValueTask DisposeAsync() => new(DieAsync());
}
