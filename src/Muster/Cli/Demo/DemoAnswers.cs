using System.Text.Json.Serialization;
using Muster.Cli.Context;

namespace Muster.Cli.Demo;

/// <summary>What the demo says, in JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(DemoStepView))]
internal sealed partial class DemoAnswers : JsonSerializerContext
{
    public static DemoAnswers Plain { get; } = new(AnswerJson.Readable());
}
