using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Runs;

/// <summary>Our own name for a run, the same wherever it goes. Sorts by age.</summary>
/// <remarks>No struct: for each of those the code that reads and writes JSON is compiled anew at each start.</remarks>
[JsonConverter(typeof(Converter))]
public sealed record RunId(Guid Value)
{
    public static RunId New(TimeProvider clock) => new(Guid.CreateVersion7(clock.GetUtcNow()));

    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out RunId? id)
    {
        id = Guid.TryParseExact(text, "D", out var value) ? new(value) : null;
        return id is not null;
    }

    /// <summary>
    /// The digits that hold the time of submission, to the millisecond, for names of jobs and branches. Lists show
    /// <see cref="ShortIds"/>.
    /// </summary>
    public string Short => ToString()[..13];

    /// <summary>One that somebody else wrote may stand for no time that there is.</summary>
    internal bool HasTime =>
        Convert.ToInt64(Value.ToString("N")[..12], 16) <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>When it was made.</summary>
    public DateTimeOffset Time =>
        DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64(Value.ToString("N")[..12], 16));

    public override string ToString() => Value.ToString("D");

    internal sealed class Converter : JsonConverter<RunId>
    {
        public override RunId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryParse(reader.GetString(), out var id) ? id : throw new JsonException("not a run id");

        public override void Write(Utf8JsonWriter writer, RunId value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Value);
    }
}
