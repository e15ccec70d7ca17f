using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Scenes.Export;

namespace Muster.Cli.Scenes;

/// <summary>The JSON that the commands about scenes print.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ExportReport))]
[JsonSerializable(typeof(EvaluationView))]
[JsonSerializable(typeof(SuiteView))]
[JsonSerializable(typeof(SceneView))]
[JsonSerializable(typeof(SceneFileView))]
[JsonSerializable(typeof(DatasetView))]
[JsonSerializable(typeof(ConversionView))]
internal sealed partial class SceneJson : JsonSerializerContext
{
    public static SceneJson Plain { get; } =
        new(AnswerJson.Readable(JsonNumberHandling.AllowNamedFloatingPointLiterals));
}
