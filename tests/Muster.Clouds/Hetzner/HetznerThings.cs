namespace Muster.Clouds.Hetzner;

/// <summary>A server, and what only Hetzner knows of it.</summary>
public sealed class HetznerMachine : WorldMachine
{
    public required long Number { get; init; }
    public required string Image { get; init; }
    public List<HetznerIp> Addresses { get; } = [];
    public List<(long Network, string? Ip)> Networks { get; } = [];
    public IReadOnlyList<string> Keys { get; init; } = [];
    public bool IsProtected { get; set; }
}

/// <summary>A primary address: a thing of its own, with a price of its own.</summary>
public sealed class HetznerIp
{
    public required long Id { get; init; }
    public required string Ip { get; init; }
    public required bool IsFour { get; init; }
    public long? Assignee { get; set; }
}

/// <summary>Something that takes time, and has its effect at the end.</summary>
public sealed class HetznerWork
{
    public required long Id { get; init; }
    public required string Command { get; init; }
    public required long Server { get; init; }
    public required DateTimeOffset Due { get; init; }
    public required Action Effect { get; init; }

    /// <summary>It ends with this fault.</summary>
    public string? Error { get; init; }
    public string Status { get; set; } = "running";
}

public sealed record HetznerKeyEntry(
    long Id,
    string Name,
    string PublicKey,
    string Fingerprint,
    IReadOnlyDictionary<string, string> Labels
);

/// <param name="Hourly">With tax, in every location.</param>
public sealed record HetznerTypeEntry(
    string Name,
    string Architecture,
    decimal Hourly,
    IReadOnlyList<string> Locations
);

/// <param name="Name">Null for a snapshot.</param>
public sealed record HetznerImageEntry(
    long Id,
    string? Name,
    string Description,
    string Architecture,
    DateTimeOffset Created
);

public sealed record HetznerNamedEntry(long Id, string Name);
