using System.Text.Json.Serialization;
using Muster.Gateway.Model;

namespace Muster.Gateway.Ledger;

/// <summary>How the gateway's own records are stored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(GatewayTask))]
[JsonSerializable(typeof(GatewayNode))]
[JsonSerializable(typeof(NodeHour))]
[JsonSerializable(typeof(ClusterHour))]
[JsonSerializable(typeof(Machine))]
[JsonSerializable(typeof(AccessToken))]
internal sealed partial class GatewayJson : JsonSerializerContext;
