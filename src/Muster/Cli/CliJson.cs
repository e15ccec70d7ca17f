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
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
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
    /// <summary>Paths and commands stay readable; the text is for programs, not for web pages.</summary>
    public static CliJson Plain { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
