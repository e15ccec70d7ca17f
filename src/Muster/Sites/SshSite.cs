namespace Muster.Sites;

/// <summary>Machines behind SSH that run what they are told at once.</summary>
public sealed record SshSite : Site
{
    /// <summary>Names that <c>ssh</c> understands, with or without <c>user@</c>.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>The hosts that only take ranks of a role.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Roles { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The one among the hosts that is this machine and needs no SSH.</summary>
    public string? ThisMachine { get; init; }

    /// <summary>A file for <c>ssh -F</c>; null leaves it to SSH.</summary>
    public string? SshConfig { get; init; }

    /// <summary>A private key; null leaves it to SSH.</summary>
    public string? Identity { get; init; }

    /// <summary>
    /// Whether the hosts must reach each other, which is then checked before a run starts on several.
    /// </summary>
    public bool CheckPairs { get; init; }
}
