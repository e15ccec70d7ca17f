using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.Configuration;

/// <summary>
/// How a value is written: it reads the node, or notes what is wrong with it, and describes itself to a JSON schema.
/// </summary>
internal sealed record ConfigShape<T>(ConfigShape<T>.Reader Read, Action<Utf8JsonWriter> Describe)
{
    internal delegate bool Reader(YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out T value);
}

/// <summary>The shapes of the configuration's values.</summary>
internal static partial class ConfigShape
{
    public static readonly ConfigShape<string> Text = Words("a text", _ => true);
    public static readonly ConfigShape<string> Image = Words(
        "a container image, such as docker://ubuntu:24.04 or a path on the site",
        text => ImageName().IsMatch(text)
    );

    public static readonly ConfigShape<string> LocalPath = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out string value) =>
        {
            if (!Text.Read(node, file, out value))
                return false;
            value = file.Sources.LocalPath(value, file.Folder);
            return true;
        },
        Text.Describe
    );

    public static readonly ConfigShape<bool> Flag = Parsed<bool>(
        "true or false",
        text =>
            text switch
            {
                "true" => (true, true),
                "false" => (true, false),
                _ => default,
            },
        writer => writer.WriteString("type", "boolean")
    );

    public static readonly ConfigShape<int> Count = Parsed<int>(
        "a whole number above 0",
        text =>
            (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0, number),
        writer =>
        {
            writer.WriteString("type", "integer");
            writer.WriteNumber("minimum", 1);
        }
    );

    public static readonly ConfigShape<long> Size = Parsed<long>(
        "a size such as 500M or 2G",
        text => (Bytes(text, out var bytes), bytes),
        Either("string", "integer")
    );

    /// <summary>Shell text for the other side, one line or several: its <c>${…}</c> are that side's.</summary>
    public static readonly ConfigShape<IReadOnlyList<string>> Lines = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<string> value) =>
        {
            value = node switch
            {
                YamlScalarNode { Value: { } text } =>
                [
                    .. text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0),
                ],
                YamlSequenceNode list when list.Children.All(child => child is YamlScalarNode) =>
                [
                    .. list.Children.Select(child => ((YamlScalarNode)child).Value ?? ""),
                ],
                _ => null,
            };
            if (value is not null && !value.Any(line => line.Any(c => char.IsControl(c) && c is not '\t')))
                return true;
            file.Mistake(node, "expected a shell line or a list of them");
            return false;
        },
        writer =>
        {
            writer.WriteStartArray("type");
            writer.WriteStringValue("string");
            writer.WriteStringValue("array");
            writer.WriteEndArray();
            writer.WriteStartObject("items");
            writer.WriteString("type", "string");
            writer.WriteEndObject();
        }
    );

    public static readonly ConfigShape<IReadOnlyDictionary<string, string>> Variables = Map(
        "a variable's name",
        name => VariableName().IsMatch(name),
        Text
    );

    public static ConfigShape<T> Choice<T>(params T[] except)
        where T : struct, Enum
    {
        // By names: lists and sets of enumerations would be compiled for each of them at every start.
        var hidden = Array.ConvertAll(except, value => value.ToString());
        var words = Enum.GetNames<T>().Except(hidden).Select(name => name.ToLowerInvariant()).ToList();
        return Parsed<T>(
            $"one of: {string.Join(", ", words)}",
            text => words.Contains(text) ? (true, Enum.Parse<T>(text, ignoreCase: true)) : default,
            writer =>
            {
                writer.WriteStartArray("enum");
                foreach (var word in words)
                    writer.WriteStringValue(word);
                writer.WriteEndArray();
            }
        );
    }

    /// <summary>A mapping with keys of its own.</summary>
    public static ConfigShape<T> Part<T>(
        string what,
        ConfigKey[] keys,
        Func<ConfigSection, YamlNode, ConfigFile, T?> make
    )
        where T : class =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out T value) =>
            {
                value = null;
                if (node is not YamlMappingNode)
                {
                    file.Mistake(
                        node,
                        $"expected {what} with the keys {string.Join(", ", keys.Select(key => key.Name))}"
                    );
                    return false;
                }
                var section = ConfigSection.Read(node, file, keys, "", what);
                if (section.IsComplete)
                    value = make(section, node, file);
                return value is not null;
            },
            writer => ConfigKey.Describe(writer, keys)
        );

    public static ConfigShape<IReadOnlyList<T>> List<T>(ConfigShape<T> item) =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<T> value) =>
            {
                value = null;
                if (node is not YamlSequenceNode list)
                {
                    file.Mistake(node, "expected a list");
                    return false;
                }
                var items = new List<T>();
                foreach (var child in list.Children)
                {
                    if (item.Read(child, file, out var read))
                        items.Add(read);
                }
                value = items;
                return items.Count == list.Children.Count;
            },
            writer =>
            {
                writer.WriteString("type", "array");
                writer.WriteStartObject("items");
                item.Describe(writer);
                writer.WriteEndObject();
            }
        );

    public static ConfigShape<IReadOnlyDictionary<string, T>> Map<T>(
        string key,
        Func<string, bool> isKey,
        ConfigShape<T> item
    ) =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyDictionary<string, T> value) =>
            {
                value = null;
                if (!Pairs(node, file, out var pairs))
                    return false;
                var items = new Dictionary<string, T>();
                foreach (var (name, child) in pairs)
                {
                    if (!isKey(name.Value!))
                        file.Mistake(name, $"'{name.Value}' is not {key}");
                    else if (item.Read(child, file, out var read))
                        items[name.Value!] = read;
                }
                value = items;
                return items.Count == pairs.Count;
            },
            writer =>
            {
                writer.WriteString("type", "object");
                writer.WriteStartObject("additionalProperties");
                item.Describe(writer);
                writer.WriteEndObject();
            }
        );

    /// <summary>The keys and values of a mapping whose keys are plain words.</summary>
    public static bool Pairs(YamlNode node, ConfigFile file, out List<(YamlScalarNode Key, YamlNode Value)> pairs)
    {
        pairs = [];
        if (node is not YamlMappingNode map)
        {
            file.Mistake(node, "expected keys with values");
            return false;
        }
        foreach (var (key, value) in map.Children)
        {
            if (key is YamlScalarNode { Value: not null } word)
                pairs.Add((word, value));
            else
                file.Mistake(key, "a key must be a word");
        }
        return pairs.Count == map.Children.Count;
    }

    /// <summary>Nothing, <c>~</c> or <c>null</c>, unquoted.</summary>
    public static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any, Value: null or "" or "~" or "null" };

    public static ConfigShape<string> Words(string what, Func<string, bool> fits) =>
        Parsed<string>(
            what,
            text =>
                (text.Length > 0 && fits(text) && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t')), text),
            writer => writer.WriteString("type", "string")
        );

    private static ConfigShape<T> Parsed<T>(string what, Func<string, T?> parse, Action<Utf8JsonWriter> describe)
        where T : class => Parsed<T>(what, text => parse(text) is { } value ? (true, value) : default, describe);

    public static ConfigShape<T> Parsed<T>(
        string what,
        Func<string, (bool Fits, T Value)> parse,
        Action<Utf8JsonWriter> describe
    ) =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out T value) =>
            {
                value = default;
                if (!Scalar(node, file, what, out var text))
                    return false;
                (var fits, value) = parse(text);
                if (!fits)
                    file.Mistake(node, $"expected {what}, not '{((YamlScalarNode)node).Value}'");
                return fits;
            },
            describe
        );

    public static bool Scalar(YamlNode node, ConfigFile file, string what, out string text)
    {
        text = "";
        if (node is YamlScalarNode scalar && !IsNull(node))
            return file.Expand(scalar, out text);
        file.Mistake(node, $"expected {what}");
        return false;
    }

    private static bool Bytes(string text, out long bytes)
    {
        bytes = 0;
        if (SizeText().Match(text) is not { Success: true } match)
            return false;
        var factor = match.Groups["unit"].Value.ToUpperInvariant() switch
        {
            "K" => 1L << 10,
            "M" => 1L << 20,
            "G" => 1L << 30,
            "T" => 1L << 40,
            _ => 1L,
        };
        bytes = long.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) * factor;
        return true;
    }

    public static Action<Utf8JsonWriter> Either(params string[] types) =>
        writer =>
        {
            writer.WriteStartArray("type");
            foreach (var type in types)
                writer.WriteStringValue(type);
            writer.WriteEndArray();
        };

    [GeneratedRegex(@"\A(?<number>[0-9]{1,6}|[0-9]{1,15}(?=\z))(?<unit>[KMGTkmgt]?)[Bb]?\z")]
    private static partial Regex SizeText();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();

    [GeneratedRegex(@"\A[^\s\p{C}'""`$\\;&|<>-][^\s\p{C}'""`$\\;&|<>]*\z")]
    private static partial Regex ImageName();
}
