using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Import;

/// <summary>Reads a file of an older tool where a site is expected; what it is shows in its content.</summary>
public static class SiteFile
{
    private const string Readable = "Give a cluster_tools file (JSON with hostname, user, sbatch_options, …), one of Poseidon (worker_nodes, server_nodes, …), a configuration of DROIDSLAMCLI (YAML), or the name of a site in muster.yaml.";

    public static ImportedSite Read(string path, ConfigSources sources)
    {
        var full = Path.GetFullPath(path, sources.Folder);
        if (!File.Exists(full)) throw new UserException($"there is no file {path}", Readable);

        string text;
        try { text = File.ReadAllText(full); }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{path} cannot be read: {fault.Message}", "Check its permissions.", fault);
        }
        return text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n').StartsWith('{') ? ReadJson(text, path, sources) : ReadYaml(full, text, path, sources);
    }

    private static ImportedSite ReadJson(string text, string path, ConfigSources sources)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var json = document.RootElement;
            if (ClusterToolsFile.Fits(json)) return ClusterToolsFile.Read(json, path, sources);
            if (PoseidonFile.Fits(json)) return PoseidonFile.Read(json, path, sources);
            throw NotRead(null, path);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)   // the latter: half of a surrogate pair
        {
            throw new UserException($"{path} is not JSON: {fault.Message}", "Correct the file; it must be one JSON object.", fault);
        }
    }

    private static ImportedSite ReadYaml(string full, string text, string path, ConfigSources sources)
    {
        if (new ConfigFile(full, sources).Load(text) is not YamlMappingNode map) throw NotRead(null, path);
        if (DroidSlamFile.Fits(map))
        {
            var read = DroidSlamFile.Read(path, sources);
            return new(read.Site, read.Warnings);
        }
        throw NotRead(map.Children.Keys.OfType<YamlScalarNode>().Any(key => key.Value is "workers") ? "a cluster file of GTSfM" : null, path);
    }

    private static UserException NotRead(string? what, string path) => new(
        what is null ? $"{path} describes no site that Muster can read" : $"{path} is {what} and is not read as a site yet", Readable);
}
