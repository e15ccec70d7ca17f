using System.Text.Json.Serialization;
using Muster.Cli.Context;

namespace Muster.Cli.Runs;

/// <summary>What is said of runs, in JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(RunListView))]
[JsonSerializable(typeof(EventView))]
[JsonSerializable(typeof(PointListView))]
[JsonSerializable(typeof(ComparisonView))]
[JsonSerializable(typeof(BestView))]
[JsonSerializable(typeof(SendsView))]
[JsonSerializable(typeof(FetchView))]
[JsonSerializable(typeof(CopyView))]
[JsonSerializable(typeof(RemovedListView))]
[JsonSerializable(typeof(SshConfigView))]
internal sealed partial class RunAnswers : JsonSerializerContext
{
    public static RunAnswers Plain { get; } =
        new(AnswerJson.Readable(JsonNumberHandling.AllowNamedFloatingPointLiterals));
}
