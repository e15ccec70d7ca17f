using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Muster.NodeOdm;

/// <summary>
/// A client of any server that speaks the NodeODM API. Every question has a reply, and no reply holds the token, as that stands in the address.
/// </summary>
/// <param name="patience">How long a node may keep silent; while files move, from one block to the next.</param>
public sealed partial class NodeOdmClient(HttpMessageInvoker http, Uri node, string? token, TimeSpan patience, TimeProvider clock)
{
    /// <summary>Connections for all clients of a process: nothing unpacked, no redirect followed by itself, names looked up again now and then.</summary>
    public static HttpMessageInvoker Connections() => new(new SocketsHttpHandler
    {
        AutomaticDecompression = DecompressionMethods.None,
        AllowAutoRedirect = false,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        Expect100ContinueTimeout = TimeSpan.Zero,
        UseCookies = false,
        UseProxy = false,
    });

    /// <summary>Most bytes a second of each upload; 0 for any.</summary>
    public long UploadSpeed { get; init; }

    /// <summary>Downloads are fetched wherever the server points, such as a bucket; otherwise from the server itself alone. No other request follows a redirect.</summary>
    public bool DownloadsFromElsewhere { get; init; }

    /// <summary>Where the node is, without anything secret.</summary>
    public string Name => $"{node.Scheme}://{node.Host}:{node.Port}";

    public Task<NodeReply<NodeInfo>> InfoAsync(CancellationToken ct) => GetAsync("info", "", OdmJson.Wire.NodeInfo, ct);

    public Task<NodeReply<IReadOnlyList<OptionDescription>>> OptionsAsync(CancellationToken ct) => GetAsync("options", "", OdmJson.Wire.IReadOnlyListOptionDescription, ct);

    /// <param name="output">Ask for lines too, from this one on.</param>
    public Task<NodeReply<TaskInfo>> TaskInfoAsync(string uuid, int? output, CancellationToken ct) =>
        GetAsync($"task/{uuid}/info", output is { } from ? $"with_output={from}" : "", OdmJson.Wire.TaskInfo, ct);

    public Task<NodeReply<IReadOnlyList<string>>> OutputAsync(string uuid, int line, CancellationToken ct) => GetAsync($"task/{uuid}/output", $"line={line}", OdmJson.Wire.IReadOnlyListString, ct);

    public Task<NodeReply<IReadOnlyList<UuidAnswer>>> ListAsync(CancellationToken ct) => GetAsync("task/list", "", OdmJson.Wire.IReadOnlyListUuidAnswer, ct);

    /// <summary>Begins a task under a name that we propose; doing it again before the commit is harmless.</summary>
    public async Task<NodeReply<string>> InitAsync(string uuid, TaskForm form, CancellationToken ct)
    {
        using var fields = new MultipartFormDataContent { { new StringContent(form.Name ?? ""), "name" }, { new StringContent(form.Options ?? "[]"), "options" } };
        if (form.SkipPostProcessing) fields.Add(new StringContent("true"), "skipPostProcessing");
        if (form.Webhook is { } webhook) fields.Add(new StringContent(webhook), "webhook");
        if (form.Outputs is { } outputs) fields.Add(new StringContent(JsonSerializer.Serialize(outputs, OdmJson.Wire.IReadOnlyListString)), "outputs");
        if (form.DateCreated is { } created) fields.Add(new StringContent($"{created}"), "dateCreated");
        using var request = Request(HttpMethod.Post, "task/new/init", "");
        request.Headers.Add("set-uuid", uuid);
        request.Content = fields;
        return (await AskAsync(request, OdmJson.Wire.UuidAnswer, null, ct)).Select(answer => answer.Uuid);
    }

    public async Task<NodeReply<bool>> UploadAsync(string uuid, IReadOnlyList<UploadFile> files, CancellationToken ct)
    {
        using var idle = new CancellationTokenSource(patience, clock);
        using var request = Request(HttpMethod.Post, $"task/new/upload/{uuid}", "");
        var pace = new Pace(UploadSpeed, clock);
        request.Content = new FilesContent(files, async (bytes, stop) =>
        {
            idle.CancelAfter(Timeout.Infinite);   // a pause of ours is no silence of the node's
            await pace.AfterAsync(bytes, stop);
            idle.CancelAfter(patience);
        });
        return (await AskAsync(request, OdmJson.Wire.ActionAnswer, idle, ct)).Select(answer => answer.Success);
    }

    /// <summary>What a task has already that is not committed. Only our own servers say it.</summary>
    public Task<NodeReply<ReceivedAnswer>> ReceivedAsync(string uuid, CancellationToken ct) => GetAsync($"task/new/files/{uuid}", "", OdmJson.Wire.ReceivedAnswer, ct);

    public async Task<NodeReply<string>> CommitAsync(string uuid, CancellationToken ct)
    {
        using var request = Request(HttpMethod.Post, $"task/new/commit/{uuid}", "");
        return (await AskAsync(request, OdmJson.Wire.UuidAnswer, null, ct)).Select(answer => answer.Uuid);
    }

    public Task<NodeReply<bool>> CancelAsync(string uuid, CancellationToken ct) => ActAsync("task/cancel", uuid, null, ct);

    public Task<NodeReply<bool>> RemoveAsync(string uuid, CancellationToken ct) => ActAsync("task/remove", uuid, null, ct);

    /// <param name="options">JSON text that replaces the task's options; null keeps them.</param>
    public Task<NodeReply<bool>> RestartAsync(string uuid, string? options, CancellationToken ct) => ActAsync("task/restart", uuid, options, ct);

    private async Task<NodeReply<bool>> ActAsync(string path, string uuid, string? options, CancellationToken ct)
    {
        using var request = Request(HttpMethod.Post, path, "");
        var fields = new Dictionary<string, string> { ["uuid"] = uuid };
        if (options is not null) fields["options"] = options;
        request.Content = new FormUrlEncodedContent(fields);
        return (await AskAsync(request, OdmJson.Wire.ActionAnswer, null, ct)).Select(answer => answer.Success);
    }

    private async Task<NodeReply<T>> GetAsync<T>(string path, string query, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var request = Request(HttpMethod.Get, path, query);
        return await AskAsync(request, type, null, ct);
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string query)
    {
        var secret = token is null ? "" : $"token={Uri.EscapeDataString(token)}";
        var all = string.Join('&', new[] { query, secret }.Where(part => part.Length > 0));
        return new(method, new Uri(node, all.Length > 0 ? $"{path}?{all}" : path)) { Headers = { { OutsideHttp.Mark, "1" } } };
    }

    private async Task<NodeReply<T>> AskAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationTokenSource? idle, CancellationToken ct)
    {
        using var own = idle is null ? new CancellationTokenSource(patience, clock) : null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, (idle ?? own!).Token);
        try
        {
            using var response = await http.SendAsync(request, limit.Token);
            return await ReadAsync(response, type, limit.Token);
        }
        catch (Exception fault) when (FaultOf<T>(fault, ct) is { } reply)
        {
            return reply;
        }
    }

    private async Task<NodeReply<T>> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken ct)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized) return new NodeReply<T>.Denied("Invalid authentication token: the node does not accept it.");
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Forbidden)) return new NodeReply<T>.Garbled($"{Name} answered with {StatusOf(response)}");
        if (await response.Content.ReadFromJsonAsync(OdmJson.Wire.JsonElement, ct) is not { ValueKind: JsonValueKind.Object or JsonValueKind.Array } json) return new NodeReply<T>.Garbled($"{Name} answered with other JSON than expected");
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("error", out var error))
        {
            var why = error.ValueKind == JsonValueKind.String ? error.GetString()! : error.GetRawText();
            return new NodeReply<T>.Denied(token is null ? why : why.Replace(token, "***", StringComparison.Ordinal), json.TryGetProperty("noRetry", out var final) && final.ValueKind == JsonValueKind.True);
        }
        return json.Deserialize(type) is { } value ? new NodeReply<T>.Said(value) : new NodeReply<T>.Garbled($"{Name} answered with nothing");
    }

    private static string StatusOf(HttpResponseMessage response) =>
        $"status {(int)response.StatusCode}{(response.Headers.Location is null ? "" : ", a redirect that is not followed")}";

    /// <summary>Null for what is a bug of ours, or the caller's own wish to stop.</summary>
    private NodeReply<T>? FaultOf<T>(Exception fault, CancellationToken ct) => fault switch
    {
        _ when ct.IsCancellationRequested => null,
        OperationCanceledException => new NodeReply<T>.Silent($"{Name} did not answer within {patience.TotalSeconds:0} s"),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new NodeReply<T>.Away($"{node.Host} is not a known name"),
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable } refused } => new NodeReply<T>.Away($"{Name}: {refused.SocketErrorCode}"),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new NodeReply<T>.Garbled($"{Name} cannot be spoken to by TLS"),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => new NodeReply<T>.Garbled($"{Name} does not speak HTTP"),
        JsonException or InvalidOperationException or NotSupportedException => new NodeReply<T>.Garbled($"{Name} did not answer with JSON of this API"),
        HttpRequestException or IOException => new NodeReply<T>.Silent($"the connection to {Name} broke"),
        _ => null,
    };
}
