using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Muster.Configuration;
using YamlDotNet.RepresentationModel;

namespace Muster.Recipes.Reading;

/// <summary>A name and what stands under it, still as it is written.</summary>
internal sealed record NamedNode(YamlScalarNode Name, YamlNode Node);

/// <summary>The shapes of a recipe's values.</summary>
internal static partial class RecipeShapes
{
    public static ConfigShape<IReadOnlyList<NamedNode>> Named(
        IReadOnlyList<ConfigKey> keys,
        params string[] required
    ) =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<NamedNode> value) =>
            {
                ConfigShape.Pairs(node, file, out var pairs);
                foreach (var (name, _) in pairs.Where(pair => !IsName(pair.Key)))
                    file.Mistake(
                        name,
                        $"'{name.Value}' cannot be a name here: use small letters, digits and -, and begin with a "
                            + "letter"
                    );
                value = [.. pairs.Where(pair => IsName(pair.Key)).Select(pair => new NamedNode(pair.Key, pair.Value))];
                return true; // so that mistakes in the others show too
            },
            writer =>
            {
                writer.WriteString("type", "object");
                writer.WriteStartObject("additionalProperties");
                ConfigKey.Describe(writer, keys, required);
                writer.WriteEndObject();
            }
        );

    public static ConfigShape<ConfigSection> Section(IReadOnlyList<ConfigKey> keys, string where) =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out ConfigSection value) =>
                (value = ConfigSection.Read(node, file, keys, "", where)).IsComplete,
            writer => ConfigKey.Describe(writer, keys)
        );

    private static bool IsName(YamlScalarNode name) => Names().IsMatch(name.Value!);

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,60}\z")]
    private static partial Regex Names();
}
