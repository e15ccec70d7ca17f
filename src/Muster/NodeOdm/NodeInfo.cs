namespace Muster.NodeOdm;

/// <summary>What <c>GET /info</c> says of a node. Counts that foreign servers exaggerate are wide here.</summary>
public sealed record NodeInfo
{
    public string Version { get; init; } = "0.0.0";
    public int TaskQueueCount { get; init; }
    public long TotalMemory { get; init; }
    public long AvailableMemory { get; init; }
    public long CpuCores { get; init; }

    /// <summary>Null: no limit.</summary>
    public int? MaxImages { get; init; }
    public int MaxParallelTasks { get; init; } = 1;
    public string EngineVersion { get; init; } = "?";
    public string Engine { get; init; } = "odm";
}
