using Muster.Configuration;

namespace Muster.Sites;

/// <summary>Machines made on demand, and paid for while they exist.</summary>
public sealed record CloudSite : Site
{
    public required string Provider { get; init; }
    public Secret? Token { get; init; }
    public IReadOnlyList<CloudMachine> Machines { get; init; } = [];

    /// <summary>At most this many machines at a time.</summary>
    public int Limit { get; init; } = 1;

    /// <summary>A machine switches itself off when nobody has renewed its lease for this long.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>The machine type for tasks of up to so many images.</summary>
public sealed record CloudMachine(int Images, string Type);
