using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Cli.Context;

public sealed record FaultView(FaultDetail Error);

public sealed record FaultDetail(int Code, string Message, string? Hint);

/// <summary>How the command line writes JSON, and its faults in it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(FaultView))]
internal sealed partial class AnswerJson : JsonSerializerContext
{
    public static AnswerJson Plain { get; } = new(Readable());

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
