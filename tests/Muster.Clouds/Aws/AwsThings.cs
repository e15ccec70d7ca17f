namespace Muster.Clouds.Aws;

/// <summary>A fault of EC2 as it is written in an answer.</summary>
public sealed class AwsRefusalException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;
    public string Code { get; } = code;
}

public sealed record AwsSubnet(string Id, string Vpc, string Zone, int Free);

public sealed record AwsImage(
    string Id,
    string Name,
    string Owner,
    string Architecture,
    string RootDevice,
    string Created,
    int DiskGb
);

/// <summary>What there is in a region.</summary>
public sealed class AwsRegion(List<AwsSubnet> subnets)
{
    public List<AwsSubnet> Subnets { get; } = subnets;
    public bool HasDefaultVpc { get; set; } = true;
    public List<(string Id, string Name)> Groups { get; } =
    [($"sg-{subnets[0].Vpc}-1", "default"), ($"sg-{subnets[0].Vpc}-2", "muster")];
    public List<AwsImage> Images { get; } =
    [
        new($"ami-{subnets[0].Vpc}", "ubuntu-24.04-1", "amazon", "x86_64", "/dev/xvda", "2026-01-01T00:00:00.000Z", 8),
        new($"ami-arm", "ubuntu-24.04-2", "amazon", "arm64", "/dev/xvda", "2026-03-01T00:00:00.000Z", 8),
        new($"ami-evil", "ubuntu-24.04-3", "somebody", "x86_64", "/dev/sda1", "2026-09-01T00:00:00.000Z", 8),
    ];
    public Dictionary<string, string> Architectures { get; } =
        new()
        {
            ["m7i.large"] = "x86_64",
            ["t2.micro"] = "x86_64",
            ["c7g.large"] = "arm64",
        };
    public HashSet<(string Type, string Zone)> NotOffered { get; } = [];
    public HashSet<(string Type, string Zone)> SoldOut { get; } = [];
    public Dictionary<string, decimal> Prices { get; } =
        new()
        {
            ["m7i.large"] = 0.1008m,
            ["t2.micro"] = 0.0116m,
            ["c7g.large"] = 0.0723m,
        };
    public decimal SpotPrice { get; set; } = 0.03m;
    public int Quota { get; set; } = 100;

    public bool Offered(string type, string zone) =>
        Architectures.ContainsKey(type) && !NotOffered.Contains((type, zone));
}

public sealed class AwsInstance : WorldMachine
{
    public required int Number { get; init; }
    public required string Region { get; init; }
    public required string Subnet { get; init; }
    public required string Token { get; init; }
    public required bool Spot { get; init; }
    public required string ShutdownBehavior { get; init; }
    public bool Protected { get; set; }
    public string? Reason { get; set; }

    /// <summary>It is answered as made, and ends by itself at once.</summary>
    public string? StillBorn { get; init; }
    public DateTimeOffset EndsAt { get; set; }
    public List<AwsVolume> Volumes { get; } = [];
}

public sealed class AwsVolume
{
    public required string Id { get; init; }
    public required AwsInstance Instance { get; init; }
    public required string Device { get; init; }
    public required bool DeleteOnTermination { get; set; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public string State { get; set; } = "in-use";
}
