using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Import;

/// <summary>Reads a file of an older tool where a site is expected; what it is shows in its content.</summary>
public static class SiteFile
{
    private const string Readable = "Give a cluster_tools file (JSON with hostname, user, sbatch_options, …), one of Poseidon (worker_nodes, server_nodes, …), or the name of a site in muster.yaml.";

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
        return text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n').StartsWith('{') ? ReadJson(text, path, sources) : throw NotRead(WhatYaml(full, text, sources), path);
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

    /// <summary>Which tool's YAML this is, as far as its first keys tell.</summary>
    private static string? WhatYaml(string full, string text, ConfigSources sources)
    {
        if (new ConfigFile(full, sources).Load(text) is not YamlMappingNode map) return null;
        var keys = map.Children.Keys.OfType<YamlScalarNode>().Select(key => key.Value).ToHashSet();
        if (keys.Contains("workers")) return "a cluster file of GTSfM";
        return keys.Contains("connection") || keys.Contains("slurm") ? "a configuration of DROIDSLAMCLI" : null;
    }

    private static UserException NotRead(string? what, string path) => new(
        what is null ? $"{path} describes no site that Muster can read" : $"{path} is {what} and is not read as a site yet", Readable);
}
