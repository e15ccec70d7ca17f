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

    /// <summary>What people call it, where its address says nothing to them.</summary>
    public string? Label { get; init; }

    /// <summary>When its machine is taken away.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>How long its machine was to be had for.</summary>
    public TimeSpan? Whole { get; init; }

    /// <summary>How long it is still there; null where nothing takes it away.</summary>
    [JsonIgnore]
    public TimeSpan? Left { get; init; }

    /// <summary>Our own, for when there is no other.</summary>
    [JsonIgnore]
    public bool IsEmbedded => Id == EmbeddedId;

    [JsonIgnore]
    public string Name => Label ?? $"{Url.Host}:{Url.Port}";

    /// <summary>As it is at that moment, as far as its time is concerned.</summary>
    public GatewayNode At(DateTimeOffset now) => Ends is { } ends ? this with { Left = ends - now } : this;

    public static string NewId() => Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 4));
}
