using System.Text;
using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace Muster.Configuration;

/// <summary>A key of a configuration: its name, its shape and what it means.</summary>
internal abstract record ConfigKey(string Name, string Meaning)
{
    /// <summary>The kinds that have it, where a mapping has a kind; null for all.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>Its value is read in parts, and each adds its own <see cref="Setting"/>.</summary>
    public bool IsGroup { get; init; }

    public bool IsOf(string? kind) => kind is null || Kinds is null || Kinds.Contains(kind);

    public abstract bool TryRead(YamlNode node, ConfigFile file, out object? value);

    public abstract void Describe(Utf8JsonWriter writer);

    /// <summary>A JSON schema (draft 2020-12) of a file with these keys, for editors.</summary>
    public static string Schema(string title, IReadOnlyList<ConfigKey> keys, params string[] required)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            writer.WriteString("title", title);
            Describe(writer, keys, required);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(memory.ToArray());
    }

    public static void Describe(Utf8JsonWriter writer, IReadOnlyList<ConfigKey> keys, params string[] required)
    {
        writer.WriteString("type", "object");
        writer.WriteBoolean("additionalProperties", false);
        if (required.Length > 0)
        {
            writer.WriteStartArray("required");
            foreach (var name in required)
                writer.WriteStringValue(name);
            writer.WriteEndArray();
        }
        writer.WriteStartObject("properties");
        foreach (var key in keys)
        {
            writer.WriteStartObject(key.Name);
            writer.WriteString("description", key.Meaning);
            key.Describe(writer);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}

/// <inheritdoc/>
internal sealed record ConfigKey<T>(string Name, ConfigShape<T> Shape, string Meaning) : ConfigKey(Name, Meaning)
{
    public override bool TryRead(YamlNode node, ConfigFile file, out object? value)
    {
        var read = Shape.Read(node, file, out var typed);
        value = typed;
        return read;
    }

    public override void Describe(Utf8JsonWriter writer) => Shape.Describe(writer);
}
