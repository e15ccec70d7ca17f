using System.Text.Json.Serialization;

namespace Muster.Gateway.Model;

/// <summary>A node that tasks are placed on.</summary>
public sealed record GatewayNode
{
    public const string EmbeddedId = "embedded";

    /// <summary>Ours, and stays the same when the list or the address changes.</summary>
    public required string Id { get; init; }
    public required Uri Url { get; init; }
    public string Token { get; init; } = "";

    /// <summary>Gets no new tasks.</summary>
    public bool Locked { get; init; }

    /// <summary>Gets no new tasks, and is taken off the list when those it has are done.</summary>
    public bool Draining { get; init; }

    /// <summary>What it said last; kept while it is silent.</summary>
    public NodeFacts? Facts { get; init; }

    [JsonIgnore]
    public NodeHealth Health { get; init; } = NodeHealth.Unknown;

    /// <summary>Rises each time the node is chosen, so that equal nodes take turns.</summary>
    [JsonIgnore]
    public long Turn { get; init; }

    /// <summary>Our own, for when there is no other.</summary>
    [JsonIgnore]
    public bool IsEmbedded => Id == EmbeddedId;

    [JsonIgnore]
    public string Name => $"{Url.Host}:{Url.Port}";

    public static string NewId() => Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 4));
}
