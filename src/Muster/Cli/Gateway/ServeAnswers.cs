using System.Text.Json.Serialization;
using Muster.Cli.Context;

namespace Muster.Cli.Gateway;

/// <summary>What the gateway says when it listens, in JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ServeView))]
internal sealed partial class ServeAnswers : JsonSerializerContext
{
    public static ServeAnswers Plain { get; } = new(AnswerJson.Readable());
}
