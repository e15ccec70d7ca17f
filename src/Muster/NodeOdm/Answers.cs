using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.NodeOdm;

/// <summary><c>{"error": …}</c>: how the API says no, with HTTP 200.</summary>
/// <param name="NoRetry">Sending it again will not help; there only when it is true.</param>
public sealed record ErrorAnswer(
    string Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool NoRetry = false
);

/// <summary><c>{"success": …}</c>: how an action is answered.</summary>
public sealed record ActionAnswer(
    bool Success,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null
)
{
    public static ActionAnswer Done { get; } = new(true);
}

/// <summary><c>{"uuid": …}</c>: a task by its name.</summary>
public sealed record UuidAnswer(string Uuid);

/// <summary>What <c>GET /auth/info</c> says: where a token is got, if anywhere.</summary>
public sealed record AuthInfo(string Message, string? LoginUrl, string? RegisterUrl);

/// <summary>One refused option; the list of them, as JSON, is the text of an error.</summary>
public sealed record OptionFault(string Name, string Error);

/// <summary>Every text of the API, without needless escapes: it is never put into a page as it is.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NodeInfo))]
[JsonSerializable(typeof(IReadOnlyList<OptionDescription>))]
[JsonSerializable(typeof(TaskInfo))]
[JsonSerializable(typeof(IReadOnlyList<TaskOption>))]
[JsonSerializable(typeof(IReadOnlyList<UuidAnswer>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<OptionFault>))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(ActionAnswer))]
[JsonSerializable(typeof(AuthInfo))]
[JsonSerializable(typeof(ReceivedAnswer))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(double))]
public sealed partial class OdmJson : JsonSerializerContext
{
    public static OdmJson Wire { get; } =
        new(
            new JsonSerializerOptions
            {
                PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
                NumberHandling = JsonNumberHandling.AllowReadingFromString,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
