using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace Muster.Configuration;

/// <summary>A key of a configuration: its name, its shape and what it means.</summary>
internal abstract record ConfigKey(string Name, string Meaning)
{
    /// <summary>The kinds that have it, where a mapping has a kind; null for all.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }
    public bool IsSecret { get; init; }

    /// <summary>Its value is read in parts, and each adds its own <see cref="Setting"/>.</summary>
    public bool IsGroup { get; init; }

    public bool IsOf(string? kind) => kind is null || Kinds is null || Kinds.Contains(kind);

    public abstract bool TryRead(YamlNode node, ConfigFile file, out object? value);
    public abstract void Describe(Utf8JsonWriter writer);
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
