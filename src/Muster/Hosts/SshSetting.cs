namespace Muster.Hosts;

/// <summary>One line of an entry in an SSH client's configuration.</summary>
public sealed record SshSetting(string Key, string Value)
{
    /// <summary>The way to a machine, and who is there: what an editor's connection needs, too.</summary>
    private static readonly string[] Keys =
    [
        "HostName",
        "User",
        "Port",
        "ProxyJump",
        "ProxyCommand",
        "IdentityFile",
        "CertificateFile",
        "IdentitiesOnly",
        "IdentityAgent",
        "HostKeyAlias",
        "UserKnownHostsFile",
        "GlobalKnownHostsFile",
        "StrictHostKeyChecking",
    ];

    /// <summary>
    /// What the client's own configuration says of a machine, where it is not what every client does.
    /// </summary>
    internal static async Task<IReadOnlyList<SshSetting>> ReadAsync(SshTarget target, CancellationToken ct)
    {
        IReadOnlyList<string> own =
        [
            .. target.ConfigFile is { } config ? ["-F", config] : Array.Empty<string>(),
            .. target.Identity is { } identity ? ["-i", identity] : Array.Empty<string>(),
        ];
        var usual = Lines(await SshRoute.AskAsync(target, ["-F", "none"], ct)).ToHashSet();
        return
        [
            .. Lines(await SshRoute.AskAsync(target, own, ct))
                .Where(line => line.Key == "HostName" || !usual.Contains(line))
                .OrderBy(line => Array.IndexOf(Keys, line.Key)),
        ];
    }

    internal static IEnumerable<SshSetting> Lines(string output) =>
        from line in output.Split('\n')
        let pair = line.TrimEnd('\r').Split(' ', 2)
        let key = Keys.FirstOrDefault(key => key.Equals(pair[0], StringComparison.OrdinalIgnoreCase))
        where key is not null && pair.Length == 2
        select new SshSetting(key, key is "IdentityFile" or "CertificateFile" ? Quoted(pair[1]) : pair[1]);

    private static string Quoted(string path) => path.Contains(' ') ? $"\"{path}\"" : path;
}
