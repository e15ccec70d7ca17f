using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;

namespace Muster.Sites.Import;

/// <summary>
/// Reads a cluster file of Poseidon's <c>psd_run</c> as a site of ssh hosts with the roles worker, server and master.
/// </summary>
public static class PoseidonFile
{
    private static readonly string[] Known =
    [
        "worker_nodes",
        "server_nodes",
        "master_node",
        "username",
        "pem_file",
        "virtualenv",
        "framework",
    ];

    internal static bool Fits(JsonElement json) =>
        json.ValueKind is JsonValueKind.Object
        && (json.TryGetProperty("worker_nodes", out _) || json.TryGetProperty("server_nodes", out _));

    /// <summary>The launch profile that the file names; it was Poseidon's own when there was no other.</summary>
    public static string FrameworkOf(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.TryGetProperty("framework", out var framework)
            ? framework.GetString() ?? "poseidon"
            : "poseidon";
    }

    internal static ImportedSite Read(JsonElement json, string path, ConfigSources sources)
    {
        var missing = ((string[])["worker_nodes", "server_nodes"])
            .Where(key => !json.TryGetProperty(key, out _))
            .ToList();
        if (missing.Count > 0)
            throw new UserException(
                $"{path} lacks {string.Join(" and ", missing.Select(key => $"'{key}'"))}",
                "Add what is missing, as a list of addresses."
            );
        var name = Path.GetFileNameWithoutExtension(path);
        if (!SiteNames.IsName(name))
            throw new UserException(
                $"a site cannot be named '{name}' after its file {path}",
                "Rename the file: use letters, digits and . _ @ -."
            );

        var user = Text(json, "username", path);
        string Host(string address) =>
            address is "localhost" or "127.0.0.1" or "::1" ? "localhost"
            : (user is null ? address : $"{user}@{address}") is var host && SiteNames.IsHost(host) ? host
            : throw new UserException(
                $"{path}: '{address}' is not a host that ssh understands",
                "Write names or addresses, and the user as `username`."
            );
        // Only Poseidon itself cannot do without servers.
        var needsServers = (Text(json, "framework", path) ?? "poseidon") == "poseidon";
        List<string> Nodes(string key, bool needed) =>
            json.GetProperty(key) is { ValueKind: JsonValueKind.Array } list
            && (!needed || list.GetArrayLength() > 0)
            && list.EnumerateArray().All(node => node.ValueKind is JsonValueKind.String)
                ? [.. list.EnumerateArray().Select(node => Host(node.GetString()!))]
                : throw new UserException(
                    $"{path}: '{key}' is not a list of addresses",
                    $"Write \"{key}\": [\"10.0.0.1\", \"10.0.0.2\"]."
                );
        var (workers, servers) = (Nodes("worker_nodes", true), Nodes("server_nodes", needsServers));
        var master = Host(Text(json, "master_node", path) ?? "localhost");
        var identity = Text(json, "pem_file", path);
        var site = new SshSite
        {
            Name = name,
            Origin = new(path),
            Hosts = [.. workers.Concat(servers).Append(master).Distinct()],
            Roles = new KeyValuePair<string, IReadOnlyList<string>>[]
            {
                new("worker", workers),
                new("server", servers),
                new("master", [master]),
            }
                .Where(role => role.Value.Count > 0)
                .ToDictionary(),
            ThisMachine = workers.Concat(servers).Append(master).Contains("localhost") ? "localhost" : null,
            SshConfig = sources.Find("MUSTER_SSH_CONFIG") is { } config
                ? sources.LocalPath(config, sources.Folder)
                : null,
            Identity = identity is null
                ? null
                : sources.LocalPath(identity, Path.GetDirectoryName(Path.GetFullPath(path, sources.Folder))!),
            Setup =
                Text(json, "virtualenv", path) is not { } environment ? []
                : SiteNames.IsRemotePath(environment) ? [$". {environment}/bin/activate"]
                : throw new UserException(
                    $"{path}: virtualenv is '{ConfigFile.Flat(environment)}'",
                    "Write a full path without spaces, quotes, variables and colons."
                ),
        };
        var others = json.EnumerateObject().Select(entry => entry.Name).Except(Known).ToList();
        return new(
            site,
            others.Count == 0
                ? []
                : [$"{path}: ignored {string.Join(", ", others.Select(key => $"'{ConfigFile.Flat(key)}'"))}"]
        );
    }

    private static string? Text(JsonElement json, string key, string path) =>
        !json.TryGetProperty(key, out var value) || value.ValueKind is JsonValueKind.Null ? null
        : value.ValueKind is JsonValueKind.String
        && value.GetString() is { Length: > 0 } text
        && !text.Any(char.IsControl)
            ? text
        : throw new UserException($"{path}: '{key}' is not a text", $"Write '{key}' as one text in quotes.");
}
