using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>How machines and the standing of their sites are stored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(MachineRecord))]
[JsonSerializable(typeof(CloudStanding))]
public sealed partial class MachineJson : JsonSerializerContext
{
    /// <summary>What is stored of a machine beside its user data, which holds a private key.</summary>
    public static string Text(MachineRecord record) =>
        JsonSerializer.Serialize(
            record with
            {
                State = record.State switch
                {
                    MachineState.Asking asking => asking with { Order = asking.Order with { UserData = "" } },
                    MachineState.Doubtful doubt => doubt with { Order = doubt.Order with { UserData = "" } },
                    var other => other,
                },
            },
            Default.MachineRecord
        );

    public static MachineRecord Record(string text, string? userData) =>
        JsonSerializer.Deserialize(text, Default.MachineRecord)! with
        {
            UserData = userData,
        };
}
