using System.Text.Json.Serialization;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Model;

/// <summary>
/// A machine that the gateway has asked a site for, with the node on it, from the first wish to its end.
/// </summary>
public sealed record Machine
{
    public required Guid Id { get; init; }
    public required string Site { get; init; }
    public required MachineSize Size { get; init; }

    /// <summary>Tasks at once on its node.</summary>
    public required int Slots { get; init; }
    public required DateTimeOffset Asked { get; init; }

    /// <summary>The token of its node.</summary>
    public required string Token { get; init; }
    public MachineState State { get; init; } = MachineState.Asked;

    /// <summary>What it does or waits for, in words.</summary>
    public string Why { get; init; } = "";

    /// <summary>Since when it is in this state.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>The host, of a site of hosts.</summary>
    public string? Host { get; init; }

    /// <summary>The run of its node as JSON, from the moment before anything was sent.</summary>
    public string? Run { get; init; }

    /// <summary>Where its node runs, in the site's words.</summary>
    public string? Where { get; init; }

    /// <summary>Since when it is had, which is when it begins to cost.</summary>
    public DateTimeOffset? Began { get; init; }

    /// <summary>When the site takes it away, whatever it does then.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>Since when its node has had nothing to do.</summary>
    public DateTimeOffset? IdleSince { get; init; }

    /// <summary>Its node answered at some time.</summary>
    public bool WasReady { get; init; }

    /// <summary>When it was proved gone.</summary>
    public DateTimeOffset? Gone { get; init; }

    /// <summary>Its node's id on the list of nodes.</summary>
    [JsonIgnore]
    public string Node => $"m{Id.ToString("N")[^11..]}";

    [JsonIgnore]
    public bool IsLive => State is not MachineState.Gone;

    /// <summary>It is on its way to take tasks.</summary>
    [JsonIgnore]
    public bool IsComing => State is MachineState.Asked or MachineState.Queued or MachineState.Booting;

    /// <summary>As people see it.</summary>
    [JsonIgnore]
    public string Name => $"{Site}/{Where ?? Host ?? Id.ToString("N")[^6..]}";
}

/// <summary>Where a machine is in its life.</summary>
public enum MachineState
{
    /// <summary>Its wish is written, and the site is being told.</summary>
    Asked,

    /// <summary>The site has it in its own queue.</summary>
    Queued,

    /// <summary>It runs, and its node does not answer yet.</summary>
    Booting,

    /// <summary>Its node takes tasks.</summary>
    Ready,

    /// <summary>It takes no more tasks, and is given back when it has none.</summary>
    Draining,

    /// <summary>The site was told to take it back, and has not proved it yet.</summary>
    Ending,

    /// <summary>Proved gone.</summary>
    Gone,
}
