using System.Text.Json.Nodes;

namespace Muster.Clouds.Kubernetes;

/// <summary>A Job, which is what costs.</summary>
public sealed class KubeJob : WorldMachine
{
    public required JsonObject Manifest { get; init; }
    public required string Uid { get; init; }
    public KubePod? Pod { get; set; }

    /// <summary>Why it failed, where its controller says so: a reason and words.</summary>
    public (string Reason, string Message)? Failed { get; set; }

    public JsonObject Template => Manifest["spec"]!["template"]!.AsObject();
}

/// <summary>A pod. It may outlive its Job.</summary>
public sealed class KubePod
{
    public required string Name { get; init; }
    public required string Uid { get; init; }
    public required string Namespace { get; init; }
    public required string Job { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public required DateTimeOffset Created { get; init; }
    public string Phase { get; set; } = "Pending";
    public string? Reason { get; set; }
    public string? Message { get; set; }

    /// <summary>Why no node takes it.</summary>
    public string? Unschedulable { get; set; }

    /// <summary>What its container waits for: a reason and words.</summary>
    public (string Reason, string Message)? Waiting { get; set; }
    public (int Code, string Reason)? Terminated { get; set; }

    public DateTimeOffset? Deleted { get; set; }
    public KubeContainer? Container { get; set; }
    public bool IsOver => Phase is "Succeeded" or "Failed";
}
