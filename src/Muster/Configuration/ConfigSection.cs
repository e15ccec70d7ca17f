using YamlDotNet.RepresentationModel;

namespace Muster.Configuration;

/// <summary>The values of one mapping, read by the table of its keys.</summary>
internal sealed class ConfigSection
{
    private readonly Dictionary<ConfigKey, (YamlScalarNode Key, object? Value)> _values = [];

    private ConfigSection() { }

    public bool IsComplete { get; private set; } = true;

    /// <summary>Every single value with its line.</summary>
    public List<Setting> Settings { get; } = [];

    /// <param name="path">What stands before the keys in <see cref="Setting.Key"/>.</param>
    /// <param name="where">Names the mapping in a mistake, such as <c>site cedar</c>; empty for the whole file.</param>
    /// <param name="kind">The mapping's kind, where it has one: keys of the others do not count as known.</param>
    public static ConfigSection Read(
        YamlNode node,
        ConfigFile file,
        IReadOnlyList<ConfigKey> keys,
        string path,
        string where,
        string? kind = null
    )
    {
        var section = new ConfigSection { IsComplete = ConfigShape.Pairs(node, file, out var pairs) };
        var known = keys.Where(key => key.IsOf(kind)).ToList();
        foreach (var (name, value) in pairs)
        {
            if (known.FirstOrDefault(key => key.Name == name.Value) is not { } key)
            {
                file.Mistake(name, Unknown(name.Value!, keys, known, where, kind));
                section.IsComplete = false;
            }
            else if (ConfigShape.IsNull(value))
            {
                // A key without a value says nothing, as when all its lines are commented out.
            }
            else if (key.TryRead(value, file, out var read))
            {
                section._values[key] = (name, read);
                section.AddSettings(path + name.Value, value, key, file);
            }
            else
            {
                section.IsComplete = false;
            }
        }
        return section;
    }

    public bool Has(ConfigKey key) => _values.ContainsKey(key);

    public T Get<T>(ConfigKey<T> key, T fallback) =>
        _values.TryGetValue(key, out var entry) ? (T)entry.Value! : fallback;

    /// <summary>Where the key stands, to point at what is wrong with its value.</summary>
    public YamlNode NodeOf(ConfigKey key) => _values[key].Key;

    private static string Unknown(
        string name,
        IReadOnlyList<ConfigKey> keys,
        List<ConfigKey> known,
        string where,
        string? kind
    )
    {
        var place = where.Length == 0 ? "" : $" in {where}";
        var hint = Nearest.DidYouMean(name, known.Select(key => key.Name));
        return keys.FirstOrDefault(key => key.Name == name) is { } other
            ? $"key '{name}'{place} belongs to kind {string.Join(", ", other.Kinds!)}, not {kind}{hint}"
            : $"unknown key '{name}'{place}{hint}";
    }

    private void AddSettings(string path, YamlNode node, ConfigKey key, ConfigFile file)
    {
        if (key.IsGroup)
            return;
        switch (node)
        {
            case YamlMappingNode map:
                foreach (var (name, value) in map.Children)
                    AddSettings($"{path}.{((YamlScalarNode)name).Value}", value, key, file);
                break;
            case YamlSequenceNode list when list.Children.All(child => child is YamlScalarNode):
                Settings.Add(
                    new(
                        path,
                        $"[{string.Join(", ", list.Children.Select(child => ((YamlScalarNode)child).Value))}]",
                        file.At(node)
                    )
                );
                break;
            case YamlSequenceNode list:
                for (var i = 0; i < list.Children.Count; i++)
                    AddSettings($"{path}.{i}", list.Children[i], key, file);
                break;
            case YamlScalarNode scalar:
                Settings.Add(new(path, scalar.Value ?? "", file.At(node)));
                break;
        }
    }
}
