using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.NodeOdm;

/// <summary>What <c>GET /task/{uuid}/info</c> says of a task.</summary>
public sealed record TaskInfo
{
    public required string Uuid { get; init; }
    public required string Name { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public required long DateCreated { get; init; }

    /// <summary>Milliseconds; -1 before the start.</summary>
    public required long ProcessingTime { get; init; }
    public required TaskCondition Status { get; init; }
    public required IReadOnlyList<TaskOption> Options { get; init; }
    public required int ImagesCount { get; init; }

    /// <summary>0 to 100; very old servers do not say it.</summary>
    public double Progress { get; init; }

    /// <summary>There when it was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Output { get; init; }
}

public sealed record TaskCondition(
    TaskCode Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ErrorMessage = null
);

/// <summary>A task's state, by the numbers that clients know.</summary>
public enum TaskCode
{
    Queued = 10,
    Running = 20,
    Failed = 30,
    Completed = 40,
    Canceled = 50,
}

/// <summary>An option of a task with its value of JSON's own type.</summary>
public sealed record TaskOption(string Name, JsonElement Value);
