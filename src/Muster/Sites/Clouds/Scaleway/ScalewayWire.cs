using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.Scaleway;

internal sealed record ScalewayServer(
    string Id,
    string? Name,
    string? State,
    string? StateDetail,
    string? CommercialType,
    string? Zone,
    IReadOnlyList<string>? Tags,
    IReadOnlyList<string>? AllowedActions,
    IReadOnlyDictionary<string, ScalewayVolume>? Volumes,
    IReadOnlyList<ScalewayAddress>? PublicIps,
    string? PrivateIp,
    bool Protected,
    DateTimeOffset? CreationDate
);

/// <param name="VolumeType">Of a disk of the instance API; those of the block API have none there.</param>
/// <param name="References">What uses a disk of the block API.</param>
internal sealed record ScalewayVolume(
    string Id,
    string? Name,
    string? VolumeType,
    string? Status,
    IReadOnlyList<string>? Tags,
    JsonElement? Server,
    IReadOnlyList<JsonElement>? References
);

internal sealed record ScalewayAddress(
    string Id,
    string? Address,
    string? Family,
    bool Dynamic,
    IReadOnlyList<string>? Tags,
    JsonElement? Server
);

internal sealed record ScalewayImage(
    string Id,
    string? Name,
    string? State,
    DateTimeOffset? CreationDate,
    IReadOnlyList<string>? CompatibleCommercialTypes
);

internal sealed record ScalewayType(decimal HourlyPrice, int? Gpu, string? Arch);

internal sealed record ScalewayAvailability(string? Availability);

internal sealed record ScalewayServerAnswer(ScalewayServer? Server);

internal sealed record ScalewayServers(IReadOnlyList<ScalewayServer>? Servers);

internal sealed record ScalewayVolumes(IReadOnlyList<ScalewayVolume>? Volumes);

internal sealed record ScalewayAddresses(IReadOnlyList<ScalewayAddress>? Ips);

internal sealed record ScalewayImages(IReadOnlyList<ScalewayImage>? Images);

internal sealed record ScalewayLocalImages(IReadOnlyList<ScalewayImage>? LocalImages);

internal sealed record ScalewayTypes(IReadOnlyDictionary<string, ScalewayType>? Servers);

internal sealed record ScalewayStock(IReadOnlyDictionary<string, ScalewayAvailability>? Servers);

/// <summary>How many there are, in answers of the newer services.</summary>
internal sealed record ScalewayTotal(long? TotalCount);

internal sealed record ScalewayAction(string Action);

internal sealed record ScalewayCreate
{
    public required string Name { get; init; }
    public string? Project { get; init; }
    public required string CommercialType { get; init; }
    public required string Image { get; init; }
    public string BootType { get; init; } = "local";
    public bool DynamicIpRequired { get; init; } = true;
    public required IReadOnlyList<string> Tags { get; init; }
    public string? SecurityGroup { get; init; }
    public IReadOnlyDictionary<string, ScalewayDisk>? Volumes { get; init; }
}

internal sealed record ScalewayDisk(long Size, string VolumeType, bool Boot);

/// <summary>Of both families: newer services name a type and details, older ones have fields or only words.</summary>
internal sealed record ScalewayError(
    string? Type,
    string? Message,
    string? Precondition,
    string? HelpMessage,
    string? Reason,
    string? Resource,
    IReadOnlyList<ScalewayDetail>? Details,
    IReadOnlyDictionary<string, JsonElement>? Fields
);

internal sealed record ScalewayDetail(
    string? ArgumentName,
    string? Reason,
    string? HelpMessage,
    string? Resource,
    string? Action,
    long? Quota,
    long? Current
);

[JsonSerializable(typeof(ScalewayServerAnswer))]
[JsonSerializable(typeof(ScalewayServers))]
[JsonSerializable(typeof(ScalewayVolume))]
[JsonSerializable(typeof(ScalewayVolumes))]
[JsonSerializable(typeof(ScalewayAddresses))]
[JsonSerializable(typeof(ScalewayImages))]
[JsonSerializable(typeof(ScalewayLocalImages))]
[JsonSerializable(typeof(ScalewayTypes))]
[JsonSerializable(typeof(ScalewayStock))]
[JsonSerializable(typeof(ScalewayTotal))]
[JsonSerializable(typeof(ScalewayAction))]
[JsonSerializable(typeof(ScalewayCreate))]
[JsonSerializable(typeof(ScalewayError))]
[JsonSerializable(typeof(JsonElement))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
internal sealed partial class ScalewayWire : JsonSerializerContext;
