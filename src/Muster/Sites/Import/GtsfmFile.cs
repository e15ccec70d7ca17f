using Muster.Configuration;
using Muster.Faults;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Import;

/// <summary>
/// Reads a cluster file of GTSfM, as a list of hosts or of its GPUs, as a site of ssh hosts with the role worker.
/// </summary>
public static class GtsfmFile
{
    private static readonly string[] OfEntry = ["host", "gpus", "system_memory", "gpu_memory_pool", "use_ucx"];

    internal static bool Fits(YamlMappingNode map) => Find(map, "workers") is not null;

    /// <summary>Each entry is one GPU of a machine.</summary>
    public static bool HasGpus(string path, ConfigSources sources) =>
        new ConfigFile(path, sources).Load(File.ReadAllText(path)) is YamlMappingNode map
        && Find(map, "workers") is YamlSequenceNode list
        && list.Children.OfType<YamlMappingNode>()
            .Any(entry => Find(entry, "gpus") is not null || Find(entry, "gpu_memory_pool") is not null);

    internal static ImportedSite Read(YamlMappingNode map, string path, ConfigSources sources)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        if (!SiteNames.IsName(name))
            throw new UserException(
                $"a site cannot be named '{name}' after its file {path}",
                "Rename the file: use letters, digits and . _ @ -."
            );
        if (Find(map, "workers") is not YamlSequenceNode { Children.Count: > 0 } list)
            throw new UserException(
                $"{path}: 'workers' is not a list of hosts",
                "Write a line for each, such as `- gpu1`; the first one has the data."
            );
        var workers = list.Children.Select(entry => Host(entry, path)).ToList();
        var odd = map
            .Children.Keys.Concat(list.Children.OfType<YamlMappingNode>().SelectMany(entry => entry.Children.Keys))
            .Select(key => ((YamlScalarNode)key).Value ?? "")
            .Distinct()
            .Except(OfEntry)
            .Where(key => key != "workers")
            .ToList();
        return new(
            new SshSite
            {
                Name = name,
                Origin = new(path),
                Hosts = [.. workers.Distinct()],
                Roles = new Dictionary<string, IReadOnlyList<string>> { ["worker"] = workers },
                ThisMachine = workers.Contains("localhost") ? "localhost" : null,
                SshConfig = sources.Find("MUSTER_SSH_CONFIG") is { } config
                    ? sources.LocalPath(config, sources.Folder)
                    : null,
            },
            odd.Count == 0
                ? []
                : [$"{path}: ignored {string.Join(", ", odd.Select(key => $"'{ConfigFile.Flat(key)}'"))}"]
        );
    }

    private static string Host(YamlNode entry, string path)
    {
        var text = (entry is YamlMappingNode map ? Find(map, "host") : entry) is YamlScalarNode { Value: { } value }
            ? value
            : "";
        return text is "localhost" or "127.0.0.1" or "::1" ? "localhost"
            : SiteNames.IsHost(text) ? text
            : throw new UserException(
                $"{path}:{entry.Start.Line}: '{ConfigFile.Flat(text)}' is not a host that ssh understands",
                "Give its name or address; put its user and port into your SSH configuration."
            );
    }

    private static YamlNode? Find(YamlMappingNode map, string key) =>
        map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode { Value: { } name } && name == key).Value;
}
