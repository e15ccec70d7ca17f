using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.NodeOdm;

/// <summary>
/// One option of an engine, as <c>GET /options</c> shows it: exactly these five keys, as PyODM makes an object of them.
/// </summary>
public sealed record OptionDescription
{
    public required string Name { get; init; }

    /// <summary><c>int</c>, <c>float</c>, <c>bool</c>, <c>string</c>, <c>path</c> or <c>enum</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The default, always as text.</summary>
    public required string Value { get; init; }
    public required OptionDomain Domain { get; init; }
    public required string Help { get; init; }
}

/// <summary>What values an option takes: a rule in words, empty for no rule, or the members of an enum.</summary>
[JsonConverter(typeof(Converter))]
public sealed record OptionDomain(string Rule, IReadOnlyList<string>? Members = null)
{
    public static OptionDomain Any { get; } = new("");

    public static OptionDomain Of(params IReadOnlyList<string> members) => new("", members);

    internal sealed class Converter : JsonConverter<OptionDomain>
    {
        public override OptionDomain Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
                return new(reader.GetString()!);
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new JsonException("a domain is a text or a list of texts");
            var members = new List<string>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                members.Add(
                    reader.TokenType == JsonTokenType.String
                        ? reader.GetString()!
                        : throw new JsonException("a domain lists texts")
                );
            }
            return new("", members);
        }

        public override void Write(Utf8JsonWriter writer, OptionDomain value, JsonSerializerOptions options)
        {
            if (value.Members is null)
            {
                writer.WriteStringValue(value.Rule);
                return;
            }
            writer.WriteStartArray();
            foreach (var member in value.Members)
                writer.WriteStringValue(member);
            writer.WriteEndArray();
        }
    }
}
