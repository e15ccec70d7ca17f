using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.DigitalOcean;

internal sealed record OceanDroplet(
    long Id,
    string? Name,
    string? Status,
    string? SizeSlug,
    DateTimeOffset? CreatedAt,
    OceanNamed? Region,
    OceanNetworks? Networks,
    IReadOnlyList<string>? Tags
);

internal sealed record OceanNamed(string? Slug);

internal sealed record OceanNetworks(IReadOnlyList<OceanAddress>? V4);

internal sealed record OceanAddress(string? IpAddress, string? Type);

internal sealed record OceanAction(long Id, string? Status, string? Rel);

internal sealed record OceanKey(long Id, string? Name, string? Fingerprint, string? PublicKey);

internal sealed record OceanImage(
    long Id,
    string? Name,
    string? Slug,
    string? Status,
    IReadOnlyList<string>? Regions,
    DateTimeOffset? CreatedAt
);

internal sealed record OceanSize(
    string Slug,
    decimal PriceHourly,
    IReadOnlyList<string>? Regions,
    bool Available,
    JsonElement? GpuInfo
);

internal sealed record OceanRegion(string Slug, bool Available, IReadOnlyList<string>? Features);

internal sealed record OceanAccount(int? DropletLimit, string? Status, string? StatusMessage);

internal sealed record OceanLinks(OceanPages? Pages, IReadOnlyList<OceanAction>? Actions);

internal sealed record OceanPages(string? Next);

internal sealed record OceanMeta(long? Total);

/// <summary>Whatever the API answers: of its many parts each answer has one or two.</summary>
internal sealed record OceanAnswer
{
    public OceanDroplet? Droplet { get; init; }
    public IReadOnlyList<OceanDroplet>? Droplets { get; init; }
    public OceanAction? Action { get; init; }
    public OceanKey? SshKey { get; init; }
    public IReadOnlyList<OceanKey>? SshKeys { get; init; }
    public IReadOnlyList<OceanImage>? Images { get; init; }
    public IReadOnlyList<OceanSize>? Sizes { get; init; }
    public IReadOnlyList<OceanRegion>? Regions { get; init; }
    public OceanAccount? Account { get; init; }
    public OceanLinks? Links { get; init; }
    public OceanMeta? Meta { get; init; }
}

internal sealed record OceanError(JsonElement? Id, string? Message, string? RequestId);

internal sealed record OceanCreate
{
    public required string Name { get; init; }
    public required string Region { get; init; }
    public required string Size { get; init; }

    /// <summary>A snapshot's id as a number, an image's slug as a text.</summary>
    public required JsonElement Image { get; init; }

    /// <summary>Ids as numbers, fingerprints as texts.</summary>
    public required IReadOnlyList<JsonElement> SshKeys { get; init; }
    public required string UserData { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public string? VpcUuid { get; init; }
    public bool Monitoring { get; init; }
    public bool Ipv6 { get; init; }
    public bool Backups { get; init; }
    public bool? PublicNetworking { get; init; }
}

internal sealed record OceanNewKey(string Name, string PublicKey);

[JsonSerializable(typeof(OceanAnswer))]
[JsonSerializable(typeof(OceanError))]
[JsonSerializable(typeof(OceanCreate))]
[JsonSerializable(typeof(OceanNewKey))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(string))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
internal sealed partial class OceanWire : JsonSerializerContext;
