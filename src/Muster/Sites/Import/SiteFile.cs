using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Import;

/// <summary>Reads a file of an older tool where a site is expected; what it is shows in its content.</summary>
public static class SiteFile
{
    private const string Readable =
        "Give a file of cluster_tools (JSON with hostname, user, sbatch_options, …), Poseidon (JSON with worker_nodes, "
        + "server_nodes, …), ClusterODM's autoscaler (JSON with provider, imageSizeMapping, …), GTSfM (YAML with "
        + "workers) or DROIDSLAMCLI (YAML with connection, slurm), or the name of a site in muster.yaml.";

    /// <summary>ClusterODM's own example has commas behind last entries.</summary>
    internal static readonly JsonDocumentOptions Json = new() { AllowTrailingCommas = true };

    public static ImportedSite Read(string path, ConfigSources sources)
    {
        var full = Path.GetFullPath(path, sources.Folder);
        if (!File.Exists(full))
            throw new UserException($"there is no file {path}", Readable);

        string text;
        try
        {
            text = File.ReadAllText(full);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{path} cannot be read: {fault.Message}", "Check its permissions.", fault);
        }
        return text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n').StartsWith('{')
            ? ReadJson(text, path, sources)
            : ReadYaml(full, text, path, sources);
    }

    private static ImportedSite ReadJson(string text, string path, ConfigSources sources)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Json);
            var json = document.RootElement;
            if (ClusterToolsFile.Fits(json))
                return ClusterToolsFile.Read(json, path, sources);
            if (PoseidonFile.Fits(json))
                return PoseidonFile.Read(json, path, sources);
            if (AsrFile.Fits(json))
            {
                var asr = AsrFile.Read(json, path, sources);
                return new(asr.Site, asr.Warnings);
            }
            throw NotRead(path);
        }
        // the latter: half of a surrogate pair
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new UserException(
                $"{path} is not JSON: {fault.Message}",
                "Correct the file; it must be one JSON object.",
                fault
            );
        }
    }

    private static ImportedSite ReadYaml(string full, string text, string path, ConfigSources sources)
    {
        if (new ConfigFile(full, sources).Load(text) is not YamlMappingNode map)
            throw NotRead(path);
        if (GtsfmFile.Fits(map))
            return GtsfmFile.Read(map, path, sources);
        if (!DroidSlamFile.Fits(map))
            throw NotRead(path);
        var read = DroidSlamFile.Read(path, sources);
        return new(read.Site, read.Warnings);
    }

    private static UserException NotRead(string path) =>
        new($"{path} describes no site that Muster can read", Readable);
}
