using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Gateway.Fleet;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>A node for people and pages. Its token stays here.</summary>
public sealed record NodeEntry(
    string Id,
    string Name,
    string Url,
    string State,
    bool Locked,
    bool Draining,
    bool Embedded,
    bool HasToken,
    int Tasks,
    int Foreign
)
{
    public string? Engine { get; init; }
    public string? EngineVersion { get; init; }
    public string? ApiVersion { get; init; }
    public int? Slots { get; init; }
    public int? MaxImages { get; init; }
    public int? Cores { get; init; }
    public long? TotalMemory { get; init; }
    public long? AvailableMemory { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public double? LatencyMs { get; init; }

    /// <summary>Why it did not answer when it was last asked.</summary>
    public string? Fault { get; init; }

    public static NodeEntry Of(GatewayNode node, int tasks, DateTimeOffset now) =>
        new(
            node.Id,
            node.Name,
            node.Url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped),
            node.Health.AnsweredAt is null && node.Health.Fault is null ? "unknown"
                : node.Health.IsOnline(now) ? "online"
                : "offline",
            node.Locked,
            node.Draining,
            node.IsEmbedded,
            node.Token.Length > 0,
            tasks,
            node.Facts?.Foreign ?? 0
        )
        {
            Engine = node.Facts?.Engine,
            EngineVersion = node.Facts?.EngineVersion,
            ApiVersion = node.Facts?.Version,
            Slots = node.Facts?.Slots,
            MaxImages = node.Facts?.MaxImages,
            Cores = node.Facts?.Cores,
            TotalMemory = node.Facts?.TotalMemory,
            AvailableMemory = node.Facts?.AvailableMemory,
            AnsweredAt = node.Health.AnsweredAt,
            LatencyMs = node.Health.Latency?.TotalMilliseconds,
            Fault = node.Health.Fault,
        };
}

/// <summary>A task for people and pages.</summary>
/// <param name="State">As clients see it: queued, running, completed, failed, cancelled.</param>
/// <param name="Phase">Where it is on its way: receiving, fetching, queued, sending, running, collecting,
/// ended.</param>
/// <param name="Owner">The token it belongs to; empty where none is asked for.</param>
public sealed record TaskEntry(
    Guid Id,
    string Name,
    string Owner,
    string State,
    string Phase,
    DateTimeOffset Created,
    int Images,
    int Files,
    long Bytes,
    double Progress,
    int Lines,
    int Attempts
)
{
    public string? OwnerName { get; init; }
    public string? Node { get; init; }
    public Guid? Parent { get; init; }

    /// <summary>As the node counts it, in milliseconds.</summary>
    public long? ProcessingTime { get; init; }
    public DateTimeOffset? Ended { get; init; }
    public string? Error { get; init; }
    public long? ResultBytes { get; init; }

    public static TaskEntry Of(GatewayTask task, NodeFleet fleet, TokenBook tokens)
    {
        var end = task.Phase as TaskPhase.Ended;
        return new(
            task.Id,
            task.Name,
            task.Owner,
            Word(task.Code),
            task.Phase.Word,
            task.Created,
            task.Images,
            task.Files,
            task.Bytes,
            task.Progress,
            task.Lines,
            task.Attempts.Count
        )
        {
            OwnerName = tokens.NameOf(task.Owner),
            Node = task.Phase.Place is { } place ? fleet.Find(place.Node)?.Name ?? place.Node : null,
            Parent = task.Parent,
            ProcessingTime = task.ProcessingTime >= 0 ? task.ProcessingTime : null,
            Ended = end?.At,
            Error = end?.Error,
            ResultBytes = end?.Result?.Bytes,
        };
    }

    public static string Word(TaskCode code) =>
        code switch
        {
            TaskCode.Queued => "queued",
            TaskCode.Running => "running",
            TaskCode.Completed => "completed",
            TaskCode.Failed => "failed",
            _ => "cancelled",
        };
}

public sealed record QueueEntry(
    int Position,
    Guid Id,
    string Name,
    string Owner,
    int Images,
    DateTimeOffset Since,
    string Why
)
{
    public static QueueEntry Of(WaitingEntry entry) =>
        new(
            entry.Position,
            entry.Task.Id,
            entry.Task.Name,
            entry.Task.Owner,
            entry.Task.Images,
            entry.Since,
            entry.Why
        );
}

/// <param name="Fixed">It stands in the configuration, and cannot be revoked here.</param>
public sealed record TokenEntry(string Id, string Name, DateTimeOffset Created, bool Fixed)
{
    public DateTimeOffset? Expires { get; init; }
    public int? MaxImages { get; init; }
    public int? MaxConcurrentTasks { get; init; }

    public static TokenEntry Of(AccessToken token) =>
        new(token.Id, token.Name, token.Created, token.Id == TokenBook.Configured)
        {
            Expires = token.Expires,
            MaxImages = token.Limits.MaxImages,
            MaxConcurrentTasks = token.Limits.MaxConcurrentTasks,
        };
}

public sealed record NodeList(int Schema, IReadOnlyList<NodeEntry> Nodes);

/// <param name="Before">Asks for the next page; null on the last.</param>
public sealed record TaskPage(int Schema, IReadOnlyList<TaskEntry> Tasks, long? Before)
{
    /// <summary>As <see cref="Before"/>, in whatever order.</summary>
    public string? After { get; init; }

    /// <summary>How many there are, on all pages.</summary>
    public int? Total { get; init; }

    /// <summary>How many there would be in each state, whichever states are asked for.</summary>
    public IReadOnlyDictionary<string, int>? States { get; init; }
}

/// <summary>The phases of a task's life, from the first to the last.</summary>
public sealed record Timeline(int Schema, IReadOnlyList<TimelineSpan> Spans);

/// <param name="To">Null while it lasts.</param>
public sealed record TimelineSpan(string Phase, string? Node, DateTimeOffset From, DateTimeOffset? To);

public sealed record OutputPage(int Schema, IReadOnlyList<string> Lines, int Next, bool Ended);

public sealed record QueueList(int Schema, IReadOnlyList<QueueEntry> Queue);

public sealed record TokenList(int Schema, bool Open, IReadOnlyList<TokenEntry> Tokens);

/// <param name="Text">The token itself, which is shown this once.</param>
public sealed record MadeToken(int Schema, TokenEntry Token, string Text);

public sealed record EventList(int Schema, IReadOnlyList<GatewayEvent> Events, long Last);

public sealed record Done(bool Success);

public sealed record PathList(string Version, IReadOnlyList<PathEntry> Paths);

public sealed record PathEntry(string Method, string Path, string Meaning);

/// <param name="Ready">It can write, so it takes tasks.</param>
public sealed record GatewayHealth(
    int Schema,
    string Version,
    bool Ready,
    DateTimeOffset Started,
    int TasksKnown,
    int TasksLive,
    int TasksWaiting,
    int Nodes,
    int NodesOnline,
    int Slots,
    int SlotsHeld,
    long SpoolBytes,
    bool Open
)
{
    public string? Fault { get; init; }
}

public sealed record AddNode
{
    public string? Url { get; init; }
    public string? Hostname { get; init; }

    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public int? Port { get; init; }
    public string? Token { get; init; }
    public bool Locked { get; init; }
}

public sealed record AddToken
{
    public string? Name { get; init; }
    public double? Days { get; init; }
    public int? MaxImages { get; init; }
    public int? MaxConcurrentTasks { get; init; }
}

/// <summary>The JSON of the admin door.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow
)]
[
    JsonSerializable(typeof(NodeList)),
    JsonSerializable(typeof(NodeHistory)),
    JsonSerializable(typeof(ClusterHistory)),
    JsonSerializable(typeof(TaskPage)),
    JsonSerializable(typeof(OutputPage)),
    JsonSerializable(typeof(QueueList)),
    JsonSerializable(typeof(MachineList)),
    JsonSerializable(typeof(TaskWhy)),
    JsonSerializable(typeof(Timeline)),
    JsonSerializable(typeof(LiveHello)),
    JsonSerializable(typeof(LiveTaskNews)),
    JsonSerializable(typeof(LiveLog)),
    JsonSerializable(typeof(NodeTrial)),
    JsonSerializable(typeof(ResultList)),
    JsonSerializable(typeof(SessionView)),
    JsonSerializable(typeof(TicketView)),
    JsonSerializable(typeof(AdminSession)),
    JsonSerializable(typeof(TokenList)),
    JsonSerializable(typeof(MadeToken))
]
[
    JsonSerializable(typeof(EventList)),
    JsonSerializable(typeof(Done)),
    JsonSerializable(typeof(PathList)),
    JsonSerializable(typeof(GatewayHealth)),
    JsonSerializable(typeof(AddNode)),
    JsonSerializable(typeof(AddToken)),
    JsonSerializable(typeof(SignIn)),
    JsonSerializable(typeof(AskTicket))
]
[
    JsonSerializable(typeof(GatewayEvent)),
    JsonSerializable(typeof(AdminFault)),
    JsonSerializable(typeof(JsonElement)),
    JsonSerializable(typeof(Dictionary<string, string>)),
    JsonSerializable(typeof(string))
]
internal sealed partial class AdminJson : JsonSerializerContext
{
    public static AdminJson Plain { get; } =
        new(
            new JsonSerializerOptions
            {
                PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
                DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
                UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
