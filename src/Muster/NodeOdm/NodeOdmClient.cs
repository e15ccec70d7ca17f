using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Muster.NodeOdm;

/// <summary>
/// A client of any server that speaks the NodeODM API. Every question has a reply, and no reply holds the token, as
/// that stands in the address.
/// </summary>
/// <param name="patience">How long a node may keep silent; while files move, from one block to the next.</param>
public sealed partial class NodeOdmClient(
    HttpMessageInvoker http,
    Uri node,
    string? token,
    TimeSpan patience,
    TimeProvider clock
)
{
    /// <summary>
    /// Connections for all clients of a process: nothing unpacked, no redirect followed by itself, names looked up
    /// again now and then.
    /// </summary>
    public static HttpMessageInvoker Connections() =>
        new(
            new SocketsHttpHandler
            {
                AutomaticDecompression = DecompressionMethods.None,
                AllowAutoRedirect = false,
                PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
                PooledConnectionLifetime = TimeSpan.FromMinutes(10),
                ConnectTimeout = TimeSpan.FromSeconds(10),
                Expect100ContinueTimeout = TimeSpan.Zero,
                UseCookies = false,
                UseProxy = false,
            }
        );

    /// <summary>The end of the year 9999, which is as far as dates go.</summary>
    private const long MostMilliseconds = 253_402_300_799_999;

    private const long MostMemory = 1L << 50;
    private const int MostSlots = 100_000;

    private static InputLimits Limits => InputLimits.Default;

    /// <summary>Most bytes a second of each upload; 0 for any.</summary>
    public long UploadSpeed { get; init; }

    /// <summary>
    /// Downloads are fetched wherever the server points, such as a bucket; otherwise from the server itself alone. No
    /// other request follows a redirect.
    /// </summary>
    public bool DownloadsFromElsewhere { get; init; }

    /// <summary>Where the node is, without anything secret.</summary>
    public string Name => $"{node.Scheme}://{node.Host}:{node.Port}";

    public Task<NodeReply<NodeInfo>> InfoAsync(CancellationToken ct) => BoundedInfoAsync(ct);

    public Task<NodeReply<IReadOnlyList<OptionDescription>>> OptionsAsync(CancellationToken ct) =>
        GetAsync("options", "", OdmJson.Wire.IReadOnlyListOptionDescription, ct);

    /// <param name="output">Ask for lines too, from this one on.</param>
    public async Task<NodeReply<TaskInfo>> TaskInfoAsync(string uuid, int? output, CancellationToken ct)
    {
        if (output is not { } from)
            return (await GetAsync($"task/{uuid}/info", "", OdmJson.Wire.TaskInfo, ct)).Select(Bounded);
        if (
            await GetAsync($"task/{uuid}/info", $"with_output={from}", OdmJson.Wire.TaskInfo, ct, Limits.OutputBytes)
                is var reply
            && reply is not NodeReply<TaskInfo>.TooLong
        )
            return reply.Select(Bounded);
        if (await TaskInfoAsync(uuid, null, ct) is not NodeReply<TaskInfo>.Said(var info))
            return reply;
        return (await OutputAsync(uuid, from, ct)).Select(lines => info with { Output = lines });
    }

    /// <summary>
    /// Lines from this one on. Of more than fits into an answer (<see cref="InputLimits"/>) these are the first.
    /// </summary>
    public async Task<NodeReply<IReadOnlyList<string>>> OutputAsync(string uuid, int line, CancellationToken ct)
    {
        using var request = Request(HttpMethod.Get, $"task/{uuid}/output", $"line={line}");
        return (
            await AskAsync(
                request,
                (bytes, isWhole) =>
                    isWhole
                        ? Read(bytes, OdmJson.Wire.IReadOnlyListString)
                        : new NodeReply<IReadOnlyList<string>>.Said(LinesIn(bytes)),
                Limits.OutputBytes,
                null,
                ct
            )
        ).Select(Bounded);
    }

    public Task<NodeReply<IReadOnlyList<UuidAnswer>>> ListAsync(CancellationToken ct) =>
        GetAsync("task/list", "", OdmJson.Wire.IReadOnlyListUuidAnswer, ct, Limits.OutputBytes);

    /// <summary>Begins a task under a name that we propose; doing it again before the commit is harmless.</summary>
    public async Task<NodeReply<string>> InitAsync(string uuid, TaskForm form, CancellationToken ct)
    {
        using var fields = new MultipartFormDataContent
        {
            { new StringContent(form.Name ?? ""), "name" },
            { new StringContent(form.Options ?? "[]"), "options" },
        };
        if (form.SkipPostProcessing)
            fields.Add(new StringContent("true"), "skipPostProcessing");
        if (form.Webhook is { } webhook)
            fields.Add(new StringContent(webhook), "webhook");
        if (form.Outputs is { } outputs)
            fields.Add(
                new StringContent(JsonSerializer.Serialize(outputs, OdmJson.Wire.IReadOnlyListString)),
                "outputs"
            );
        if (form.DateCreated is { } created)
            fields.Add(new StringContent($"{created}"), "dateCreated");
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
        request.Content = new FilesContent(
            files,
            async (bytes, stop) =>
            {
                idle.CancelAfter(Timeout.Infinite); // a pause of ours is no silence of the node's
                await pace.AfterAsync(bytes, stop);
                idle.CancelAfter(patience);
            }
        );
        return (await AskAsync(request, OdmJson.Wire.ActionAnswer, idle, ct)).Select(answer => answer.Success);
    }

    /// <summary>What a task has already that is not committed. Only our own servers say it.</summary>
    public Task<NodeReply<ReceivedAnswer>> ReceivedAsync(string uuid, CancellationToken ct) =>
        GetAsync($"task/new/files/{uuid}", "", OdmJson.Wire.ReceivedAnswer, ct);

    public async Task<NodeReply<string>> CommitAsync(string uuid, CancellationToken ct)
    {
        using var request = Request(HttpMethod.Post, $"task/new/commit/{uuid}", "");
        return (await AskAsync(request, OdmJson.Wire.UuidAnswer, null, ct)).Select(answer => answer.Uuid);
    }

    public Task<NodeReply<bool>> CancelAsync(string uuid, CancellationToken ct) =>
        ActAsync("task/cancel", uuid, null, ct);

    public Task<NodeReply<bool>> RemoveAsync(string uuid, CancellationToken ct) =>
        ActAsync("task/remove", uuid, null, ct);

    /// <param name="options">JSON text that replaces the task's options; null keeps them.</param>
    public Task<NodeReply<bool>> RestartAsync(string uuid, string? options, CancellationToken ct) =>
        ActAsync("task/restart", uuid, options, ct);

    private async Task<NodeReply<bool>> ActAsync(string path, string uuid, string? options, CancellationToken ct)
    {
        using var request = Request(HttpMethod.Post, path, "");
        var fields = new Dictionary<string, string> { ["uuid"] = uuid };
        if (options is not null)
            fields["options"] = options;
        request.Content = new FormUrlEncodedContent(fields);
        return (await AskAsync(request, OdmJson.Wire.ActionAnswer, null, ct)).Select(answer => answer.Success);
    }

    private async Task<NodeReply<T>> GetAsync<T>(
        string path,
        string query,
        JsonTypeInfo<T> type,
        CancellationToken ct,
        int? most = null
    )
    {
        using var request = Request(HttpMethod.Get, path, query);
        return await AskAsync(
            request,
            (bytes, isWhole) => isWhole ? Read(bytes, type) : TooLong<T>(),
            most ?? Limits.AnswerBytes,
            null,
            ct
        );
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string query)
    {
        var secret = token is null ? "" : $"token={Uri.EscapeDataString(token)}";
        var all = string.Join('&', new[] { query, secret }.Where(part => part.Length > 0));
        return new(method, new Uri(node, all.Length > 0 ? $"{path}?{all}" : path))
        {
            Headers = { { OutsideHttp.Mark, "1" } },
        };
    }

    private Task<NodeReply<T>> AskAsync<T>(
        HttpRequestMessage request,
        JsonTypeInfo<T> type,
        CancellationTokenSource? idle,
        CancellationToken ct
    ) =>
        AskAsync(request, (bytes, isWhole) => isWhole ? Read(bytes, type) : TooLong<T>(), Limits.AnswerBytes, idle, ct);

    private async Task<NodeReply<T>> AskAsync<T>(
        HttpRequestMessage request,
        Func<ReadOnlyMemory<byte>, bool, NodeReply<T>> read,
        int most,
        CancellationTokenSource? idle,
        CancellationToken ct
    )
    {
        using var own = idle is null ? new CancellationTokenSource(patience, clock) : null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, (idle ?? own!).Token);
        try
        {
            using var response = await http.SendAsync(request, limit.Token);
            return await ReadAsync(response, read, most, limit.Token);
        }
        catch (Exception fault) when (FaultOf<T>(fault, ct) is { } reply)
        {
            return reply;
        }
    }

    private async Task<NodeReply<T>> ReadAsync<T>(
        HttpResponseMessage response,
        Func<ReadOnlyMemory<byte>, bool, NodeReply<T>> read,
        int most,
        CancellationToken ct
    )
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            return new NodeReply<T>.Denied("Invalid authentication token: the node does not accept it.");
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Forbidden))
            return new NodeReply<T>.Garbled($"{Name} answered with {StatusOf(response)}");
        await using var body = await response.Content.ReadAsStreamAsync(ct);
        var (bytes, isWhole) = await BoundedBody.ReadAsync(body, most, ct);
        try
        {
            return read(bytes, isWhole);
        }
        catch (InvalidOperationException)
        {
            return new NodeReply<T>.Garbled($"{Name} answered with text that is not Unicode");
        }
    }

    private NodeReply<T> Read<T>(ReadOnlyMemory<byte> json, JsonTypeInfo<T> type)
    {
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        if (Refusal(json.Span) is var (why, final) && why is not null)
        {
            return new NodeReply<T>.Denied(
                Cut(token is null ? why : why.Replace(token, "***", StringComparison.Ordinal)),
                final
            );
        }
        return JsonSerializer.Deserialize(json.Span, type) is { } value
            ? new NodeReply<T>.Said(value)
            : new NodeReply<T>.Garbled($"{Name} answered with nothing");
    }

    /// <summary>
    /// The error that an answer holds instead of what was asked for; null when it holds none. Nothing else of it is
    /// kept.
    /// </summary>
    private static (string? Why, bool Final) Refusal(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var (why, final) = ((string?)null, false);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return (null, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isError, isFinal) = (reader.ValueTextEquals("error"u8), reader.ValueTextEquals("noRetry"u8));
            reader.Read();
            if (isError)
            {
                using var error = JsonDocument.ParseValue(ref reader);
                why =
                    error.RootElement.ValueKind == JsonValueKind.String
                        ? error.RootElement.GetString()
                        : error.RootElement.GetRawText();
            }
            else
            {
                final |= isFinal && reader.TokenType == JsonTokenType.True;
                reader.Skip();
            }
        }
        return (why, final);
    }

    /// <summary>The whole lines at the beginning of a list that was cut off.</summary>
    private static List<string> LinesIn(ReadOnlyMemory<byte> json)
    {
        var lines = new List<string>();
        var reader = new Utf8JsonReader(json.Span, isFinalBlock: false, default);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
            lines.Add(reader.GetString()!);
        return lines;
    }

    private NodeReply<T> TooLong<T>() => new NodeReply<T>.TooLong($"{Name} answered with more than it should");

    private static string Cut(string text) => text.Length > Limits.ErrorChars ? text[..Limits.ErrorChars] + "…" : text;

    private async Task<NodeReply<NodeInfo>> BoundedInfoAsync(CancellationToken ct) =>
        (await GetAsync("info", "", OdmJson.Wire.NodeInfo, ct)).Select(Bounded);

    /// <summary>Numbers that no machine has are none: they would spoil the sums over all nodes.</summary>
    private static NodeInfo Bounded(NodeInfo info) =>
        info with
        {
            Version = Short(info.Version, 32),
            Engine = Short(info.Engine, 255),
            EngineVersion = Short(info.EngineVersion, 32),
            TaskQueueCount = Math.Max(0, info.TaskQueueCount),
            TotalMemory = info.TotalMemory is > 0 and <= MostMemory ? info.TotalMemory : 0,
            AvailableMemory = info.AvailableMemory is > 0 and <= MostMemory ? info.AvailableMemory : 0,
            MaxImages = info.MaxImages is > 0 ? info.MaxImages : null,
            MaxParallelTasks = Math.Clamp(info.MaxParallelTasks, 0, MostSlots),
        };

    private static string Short(string? text, int most) =>
        text is null ? "?"
        : text.Length > most ? text[..most]
        : text;

    private static TaskInfo Bounded(TaskInfo info) =>
        info with
        {
            Name = Short(info.Name, Limits.NameChars),
            DateCreated = Math.Clamp(info.DateCreated, 0, MostMilliseconds),
            Progress = double.IsFinite(info.Progress) ? info.Progress : 0,
            Status = info.Status is { } status
                ? status with
                {
                    ErrorMessage = status.ErrorMessage is { } error ? Cut(error) : null,
                }
                : new(default),
            Output = info.Output is { } lines ? Bounded(lines) : null,
        };

    private static IReadOnlyList<string> Bounded(IReadOnlyList<string> lines) =>
        lines.Any(line => line is null || line.Length > Limits.LineBytes)
            ? [.. lines.Select(line => Short(line, Limits.LineBytes))]
            : lines;

    private static string StatusOf(HttpResponseMessage response) =>
        $"status {(int)response.StatusCode}"
        + $"{(response.Headers.Location is null ? "" : ", a redirect that is not followed")}";

    /// <summary>Null for what is a bug of ours, or the caller's own request to stop.</summary>
    private NodeReply<T>? FaultOf<T>(Exception fault, CancellationToken ct) =>
        fault switch
        {
            _ when ct.IsCancellationRequested => null,
            OperationCanceledException => new NodeReply<T>.Silent(
                $"{Name} did not answer within {patience.TotalSeconds:0} s"
            ),
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new NodeReply<T>.Away(
                $"{node.Host} is not a known name"
            ),
            HttpRequestException
            {
                InnerException: SocketException
                {
                    SocketErrorCode: SocketError.ConnectionRefused
                        or SocketError.HostUnreachable
                        or SocketError.NetworkUnreachable
                } refused
            } => new NodeReply<T>.Away(
                refused.SocketErrorCode switch
                {
                    SocketError.ConnectionRefused => $"{Name}: connection refused",
                    SocketError.HostUnreachable => $"{Name}: no route to that machine",
                    _ => $"{Name}: its network cannot be reached",
                }
            ),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
                new NodeReply<T>.Garbled($"{Name} cannot be spoken to by TLS"),
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => new NodeReply<T>.Garbled(
                $"{Name} does not speak HTTP"
            ),
            JsonException or InvalidOperationException or NotSupportedException => new NodeReply<T>.Garbled(
                $"{Name} did not answer with JSON of this API"
            ),
            HttpRequestException or IOException => new NodeReply<T>.Silent($"the connection to {Name} broke"),
            _ => null,
        };
}
