using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.Exec;

// The documents that the user's commands read and write: version 1. Keys that are not known are passed over.

internal sealed record ExecCreate
{
    public int Version { get; init; } = 1;
    public required string Order { get; init; }
    public required string Name { get; init; }
    public required string Fleet { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public required DateTimeOffset Until { get; init; }
    public required string Type { get; init; }
    public required string Place { get; init; }
    public required string Image { get; init; }
    public int? DiskGb { get; init; }
    public bool Spot { get; init; }
    public required string SshPublicKey { get; init; }
    public string? HostPublicKey { get; init; }
    public required string UserData { get; init; }
    public required IReadOnlyDictionary<string, string> Options { get; init; }
}

internal sealed record ExecList(string Fleet)
{
    public int Version { get; init; } = 1;
}

internal sealed record ExecDestroy(string Id, string Name, string? Order)
{
    public int Version { get; init; } = 1;
}

internal sealed record ExecMachine
{
    public string? Id { get; init; }
    public string? Name { get; init; }
    public string? Order { get; init; }
    public string? Fleet { get; init; }
    public string? State { get; init; }
    public string? Address { get; init; }
    public int? Port { get; init; }
    public string? User { get; init; }
    public string? HostKey { get; init; }
    public string? Type { get; init; }
    public string? Place { get; init; }
    public DateTimeOffset? Created { get; init; }
    public DateTimeOffset? Until { get; init; }
    public decimal? PricePerHour { get; init; }
    public string? Currency { get; init; }
}

internal sealed record ExecLeftover(string? Id, string? Kind, string? Name);

internal sealed record ExecListing
{
    public bool? Complete { get; init; }
    public IReadOnlyList<ExecMachine>? Machines { get; init; }
    public IReadOnlyList<ExecLeftover>? Leftovers { get; init; }
}

internal sealed record ExecGone(bool? Gone);

internal sealed record ExecFault(string? Fault, string? Message, double? RetryAfter);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ExecCreate))]
[JsonSerializable(typeof(ExecList))]
[JsonSerializable(typeof(ExecDestroy))]
[JsonSerializable(typeof(ExecMachine))]
[JsonSerializable(typeof(ExecListing))]
[JsonSerializable(typeof(ExecGone))]
[JsonSerializable(typeof(ExecFault))]
internal sealed partial class ExecWire : JsonSerializerContext;
