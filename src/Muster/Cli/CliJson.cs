using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Demo;
using Muster.Cli.Gateway;
using Muster.Cli.Runs;
using Muster.Cli.Sites;

namespace Muster.Cli;

public sealed record FaultView(FaultDetail Error);

public sealed record FaultDetail(int Code, string Message, string? Hint);

/// <summary>The JSON that the command line prints.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(RunListView))]
[JsonSerializable(typeof(EventView))]
[JsonSerializable(typeof(FaultView))]
[JsonSerializable(typeof(FetchView))]
[JsonSerializable(typeof(TidyListView))]
[JsonSerializable(typeof(DemoStepView))]
[JsonSerializable(typeof(ServeView))]
internal sealed partial class CliJson : JsonSerializerContext
{
    public static CliJson Plain { get; } = new(Readable());

    /// <summary>
    /// What all answers have in common. Paths and commands stay readable; the text is for programs, not for web pages.
    /// </summary>
    public static JsonSerializerOptions Readable(JsonNumberHandling numbers = JsonNumberHandling.Strict) =>
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            NumberHandling = numbers,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
}
