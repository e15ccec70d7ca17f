using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Import;

/// <summary>Reads a cluster's file of cluster_tools, such as <c>cedar.json</c>, as a SLURM site.</summary>
internal static class ClusterToolsFile
{
    private static readonly string[] Mandatory =
    [
        "hostname",
        "user",
        "activate_python",
        "tar_path",
        "untar_path",
        "sbatch_options",
    ];
    private static readonly string[] Optional = ["password", "ssh_key"];

    public static bool Fits(JsonElement json) =>
        json.ValueKind is JsonValueKind.Object
        && (json.TryGetProperty("sbatch_options", out _) || json.TryGetProperty("activate_python", out _));

    public static ImportedSite Read(JsonElement json, string path, ConfigSources sources)
    {
        var missing = Mandatory.Where(key => !json.TryGetProperty(key, out _)).ToList();
        if (missing.Count > 0)
        {
            throw new UserException(
                $"{path} lacks {string.Join(", ", missing.Select(key => $"'{key}'"))}",
                "Add what is missing: a cluster_tools file needs " + string.Join(", ", Mandatory) + "."
            );
        }
        var name = Path.GetFileNameWithoutExtension(path);
        if (!SiteNames.IsName(name))
            throw new UserException(
                $"a site cannot be named '{name}' after its file {path}",
                "Rename the file: use letters, digits and . _ @ -."
            );

        var host = $"{Text(json, "user", path)}@{Text(json, "hostname", path)}";
        if (!SiteNames.IsHost(host))
            throw new UserException(
                $"{path}: '{host}' is not a host that ssh understands",
                "Correct `user` and `hostname`."
            );

        var sbatch = SbatchJson.Read(json.GetProperty("sbatch_options"), path);
        var site = new SlurmSite
        {
            Name = name,
            Origin = new(path),
            Host = host,
            Root = RootBelow(Text(json, "untar_path", path), path),
            Setup =
            [
                .. Text(json, "activate_python", path)
                    .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            ],
            SshConfig = sources.Find("MUSTER_SSH_CONFIG") is { } config
                ? sources.LocalPath(config, sources.Folder)
                : null,
            Identity =
                json.TryGetProperty("ssh_key", out _) && Text(json, "ssh_key", path) is { Length: > 0 } key
                    ? sources.LocalPath(key, Path.GetDirectoryName(Path.GetFullPath(path, sources.Folder))!)
                    : null,
            Sbatch = sbatch,
        };
        return new(site, [.. Warnings(json, path), .. sbatch.Warnings.Select(warning => $"{path}: {warning}")]);
    }

    private static IEnumerable<string> Warnings(JsonElement json, string path)
    {
        if (json.TryGetProperty("password", out _))
        {
            yield return $"{path}: the password is not used, and need not lie there in clear text; SSH asks for keys, "
                + "the agent or a second factor instead";
        }
        var others = json.EnumerateObject().Select(entry => entry.Name).Except(Mandatory).Except(Optional).ToList();
        if (others.Count > 0)
            yield return $"{path}: ignored {string.Join(", ", others.Select(key => $"'{ConfigFile.Flat(key)}'"))}";
    }

    /// <summary>
    /// A folder of our own below <c>untar_path</c>, on the disk that the user chose for runs. A relative path began at
    /// the home there.
    /// </summary>
    private static string RootBelow(string untarPath, string path)
    {
        var folder = untarPath.TrimEnd('/');
        foreach (var home in (string[])["~/", "$HOME/", "${HOME}/"])
        {
            if (folder.StartsWith(home, StringComparison.Ordinal))
                folder = "~/" + folder[home.Length..];
        }
        if (!folder.StartsWith('/') && !folder.StartsWith("~/", StringComparison.Ordinal))
            folder = "~/" + folder;
        var root = folder + "/muster";
        return SiteNames.IsRemotePath(root)
            ? root
            : throw new UserException(
                $"{path}: untar_path is '{ConfigFile.Flat(untarPath)}'",
                "Write a full path without spaces, quotes, variables and colons."
            );
    }

    private static string Text(JsonElement json, string key, string path)
    {
        var value = json.GetProperty(key);
        return
            value.ValueKind is JsonValueKind.String
            && value.GetString() is { } text
            && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t'))
            ? text
            : throw new UserException($"{path}: '{key}' is not a text", $"Write '{key}' as one text in quotes.");
    }
}
