using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites;

/// <summary>The kinds of site that a key belongs to.</summary>
[Flags]
internal enum SiteKinds
{
    Local = 1,
    Ssh = 2,
    Slurm = 4,
    Cloud = 8,
}

/// <summary>A key of the configuration: its name, its shape, what it means, and which kinds of site have it.</summary>
internal abstract record ConfigKey(string Name, string Meaning)
{
    public SiteKinds Kinds { get; init; } = SiteKinds.Local | SiteKinds.Ssh | SiteKinds.Slurm | SiteKinds.Cloud;
    public bool IsSecret { get; init; }

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
