using Muster.Configuration;
using Muster.Faults;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>Makes a site of words on the command line, by the same rules as if they stood in the file.</summary>
public static class SiteDraft
{
    /// <param name="settings">Such as <c>sbatch.time=10:00:00</c>; a value in brackets is a list.</param>
    public static Site Read(
        string name,
        string kind,
        IReadOnlyList<string> hosts,
        string? root,
        IReadOnlyList<string> settings,
        ConfigSources sources
    )
    {
        if (!SiteNames.IsName(name))
            throw new UserException(
                $"a site cannot be named '{ConfigFile.Flat(name)}'",
                "Use letters, digits and . _ @ -, and begin with a letter or a digit."
            );
        var map = new YamlMappingNode { { "kind", kind } };
        if (kind is "slurm" && hosts.Count > 1)
            throw new UserException("a slurm site has one host, its login node", "Pass --host once.");
        if (hosts.Count > 0)
            map.Add(
                kind is "slurm" ? "host" : "hosts",
                kind is "slurm"
                    ? new YamlScalarNode(hosts[0])
                    : new YamlSequenceNode(hosts.Select(host => new YamlScalarNode(host)))
            );
        if (root is not null)
            map.Add("root", root);
        foreach (var setting in settings)
            Put(map, setting);

        // What a variable of this shell says is for this shell; the file says it for all.
        var lasting = sources with
        {
            Environment = sources.Environment.Where(pair => pair.Key != "MUSTER_SSH_CONFIG").ToDictionary(),
        };
        var file = new ConfigFile(Path.Combine(sources.Folder, "command line"), lasting);
        var read = SiteReader.Read(new YamlScalarNode(name), map, file);
        return read is { Site: var site } && file.Mistakes.Count == 0
            ? site
            : throw new UserException(
                string.Join("; ", file.Mistakes.Select(mistake => mistake.Text)),
                "Correct what is named; `muster config schema` lists every key."
            );
    }

    private static void Put(YamlMappingNode map, string setting)
    {
        var (path, value) = setting.IndexOf('=') is > 0 and var at
            ? (setting[..at], setting[(at + 1)..])
            : throw new UserException(
                $"--set takes KEY=VALUE, not '{ConfigFile.Flat(setting)}'",
                "Write, for example: --set sbatch.time=10:00:00"
            );
        // The site is written as it is in force, so the variable's value, perhaps a token, would stand in the file. Of
        // a
        // provider's secret only the variable is written.
        if (value.Contains("${", StringComparison.Ordinal) && !CloudKeys.IsSecret(path))
            throw new UserException(
                $"the value of {path} names a variable, which would be written out as what it holds now",
                $"Add the site without it, then write `{path}` into the file by hand."
            );
        var keys = path.Split('.', 2);
        if (keys.Length == 1)
        {
            map.Children[keys[0]] = Node(value);
            return;
        }
        if (!map.Children.TryGetValue(keys[0], out var inner))
            map.Add(keys[0], inner = new YamlMappingNode());
        if (inner is not YamlMappingNode below)
            throw new UserException(
                $"{keys[0]} is set to a value and to a list of keys",
                $"Leave out one of them: --set {setting}"
            );
        below.Children[keys[1]] = Node(value);
    }

    private static YamlNode Node(string value) =>
        value is ['[', .., ']']
            ? new YamlSequenceNode(
                value[1..^1]
                    .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Select(word => new YamlScalarNode(word))
            )
            : new YamlScalarNode(value) { Style = value.Length == 0 ? ScalarStyle.DoubleQuoted : ScalarStyle.Any };
}
