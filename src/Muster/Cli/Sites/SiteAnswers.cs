using System.Text.Json.Serialization;
using Muster.Cli.Context;

namespace Muster.Cli.Sites;

/// <summary>What is said of sites, in JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(TidyListView))]
[JsonSerializable(typeof(CloudMachineListView))]
[JsonSerializable(typeof(SweepListView))]
[JsonSerializable(typeof(CostView))]
[JsonSerializable(typeof(DataListView))]
[JsonSerializable(typeof(DataPushListView))]
[JsonSerializable(typeof(DataDropListView))]
internal sealed partial class SiteAnswers : JsonSerializerContext
{
    public static SiteAnswers Plain { get; } = new(AnswerJson.Readable());
}
