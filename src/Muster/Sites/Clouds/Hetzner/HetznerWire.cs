using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.Hetzner;

// What we read and write of the API, after hetznercloud/hcloud-go 2.47 (hcloud/schema). Ids go up to 2^53.

internal sealed record HetznerServer
{
    public long Id { get; init; }
    public string Name { get; init; } = "";
    public string Status { get; init; } = "";
    public DateTimeOffset? Created { get; init; }
    public HetznerPublicNet? PublicNet { get; init; }
    public IReadOnlyList<HetznerPrivateNet>? PrivateNet { get; init; }
    public HetznerNamed? ServerType { get; init; }
    public HetznerNamed? Location { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public HetznerProtection? Protection { get; init; }
}

internal sealed record HetznerPublicNet(HetznerAddress? Ipv4, HetznerAddress? Ipv6);

internal sealed record HetznerAddress(long? Id, string? Ip);

internal sealed record HetznerPrivateNet(long Network, string? Ip);

/// <summary>A thing of which the id and the name are enough: location, network, firewall, key, volume.</summary>
internal sealed record HetznerNamed(long Id, string? Name);

internal sealed record HetznerProtection(bool Delete);

internal sealed record HetznerAction
{
    public long Id { get; init; }
    public string Command { get; init; } = "";
    public string Status { get; init; } = "";
    public HetznerError? Error { get; init; }
}

internal sealed record HetznerError(string? Code, string? Message)
{
    public HetznerErrorDetails? Details { get; init; }
}

internal sealed record HetznerErrorDetails(
    IReadOnlyList<HetznerErrorField>? Fields,
    IReadOnlyList<HetznerNamedLimit>? Limits
);

internal sealed record HetznerErrorField(string? Name, IReadOnlyList<string>? Messages);

internal sealed record HetznerNamedLimit(string? Name);

internal sealed record HetznerImage
{
    public long Id { get; init; }
    public string? Name { get; init; }
    public string? Description { get; init; }
    public string? Architecture { get; init; }
    public string? Status { get; init; }
    public string? Deprecated { get; init; }
    public DateTimeOffset? Created { get; init; }
}

internal sealed record HetznerType
{
    public string Name { get; init; } = "";
    public string? Architecture { get; init; }
    public IReadOnlyList<HetznerTypePrice>? Prices { get; init; }
    public IReadOnlyList<HetznerTypeLocation>? Locations { get; init; }
}

internal sealed record HetznerTypePrice(string Location, HetznerAmount? PriceHourly, HetznerAmount? PriceMonthly);

/// <summary>Decimal numbers as text.</summary>
internal sealed record HetznerAmount(string? Net, string? Gross);

internal sealed record HetznerTypeLocation(string Name, bool? Available);

internal sealed record HetznerPrimaryIp(long Id, string? Name, long? AssigneeId);

internal sealed record HetznerIpPrice(string Type, IReadOnlyList<HetznerTypePrice>? Prices);

internal sealed record HetznerPricing(string Currency, IReadOnlyList<HetznerIpPrice>? PrimaryIps);

internal sealed record HetznerMeta(HetznerPagination? Pagination);

internal sealed record HetznerPagination(int? NextPage, int? TotalEntries);

/// <summary>Any answer: each holds some of these.</summary>
internal sealed record HetznerAnswer
{
    public HetznerError? Error { get; init; }
    public HetznerServer? Server { get; init; }
    public IReadOnlyList<HetznerServer>? Servers { get; init; }
    public HetznerAction? Action { get; init; }
    public IReadOnlyList<HetznerAction>? NextActions { get; init; }
    public IReadOnlyList<HetznerAction>? Actions { get; init; }
    public HetznerNamed? SshKey { get; init; }
    public IReadOnlyList<HetznerNamed>? SshKeys { get; init; }
    public IReadOnlyList<HetznerNamed>? Networks { get; init; }
    public IReadOnlyList<HetznerNamed>? Firewalls { get; init; }
    public IReadOnlyList<HetznerNamed>? Volumes { get; init; }
    public IReadOnlyList<HetznerNamed>? Locations { get; init; }
    public IReadOnlyList<HetznerImage>? Images { get; init; }
    public IReadOnlyList<HetznerType>? ServerTypes { get; init; }
    public HetznerPrimaryIp? PrimaryIp { get; init; }
    public IReadOnlyList<HetznerPrimaryIp>? PrimaryIps { get; init; }
    public HetznerPricing? Pricing { get; init; }
    public HetznerMeta? Meta { get; init; }
}

internal sealed record HetznerCreate
{
    public required string Name { get; init; }
    public required string ServerType { get; init; }
    public required string Image { get; init; }
    public required string Location { get; init; }
    public required IReadOnlyList<string> SshKeys { get; init; }
    public required string UserData { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public IReadOnlyList<long>? Networks { get; init; }
    public IReadOnlyList<HetznerFirewallRef>? Firewalls { get; init; }
    public long? PlacementGroup { get; init; }
    public required HetznerNetChoice PublicNet { get; init; }
    public bool StartAfterCreate { get; init; } = true;
}

internal sealed record HetznerFirewallRef(long Firewall);

internal sealed record HetznerNetChoice(bool EnableIpv4, bool EnableIpv6);

internal sealed record HetznerKey(string Name, string PublicKey, IReadOnlyDictionary<string, string> Labels);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(HetznerAnswer))]
[JsonSerializable(typeof(HetznerCreate))]
[JsonSerializable(typeof(HetznerKey))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class HetznerWire : JsonSerializerContext;
