using Muster.Faults;

namespace Muster.Sites;

/// <summary>The configuration in force, joined from all its files.</summary>
public sealed record MusterConfig
{
    public required string DefaultSite { get; init; }

    /// <summary>In the order of the files, the nearest first.</summary>
    public required IReadOnlyList<Site> Sites { get; init; }
    public OnInterrupt OnInterrupt { get; init; } = OnInterrupt.Ask;

    /// <summary>A snapshot larger than this is asked about first.</summary>
    public long SnapshotWarnBytes { get; init; } = 1L << 30;

    /// <summary>A snapshot of more files than this is asked about first.</summary>
    public int SnapshotWarnFiles { get; init; } = 10_000;

    /// <summary>Every value that is written somewhere, and where.</summary>
    public required IReadOnlyList<Setting> Settings { get; init; }

    /// <summary>The files that were read, the nearest first.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    public Site? Find(string name) => Sites.FirstOrDefault(site => site.Name == name);

    public Site Get(string name) => Find(name) ?? throw new UserException(
        $"there is no site '{name}'{Nearest.Hint(name, Sites.Select(site => site.Name))}",
        $"Choose one of: {string.Join(", ", Sites.Select(site => site.Name))}; or add it with `muster sites add`.");
}

/// <summary>What Ctrl-C does to a run that is being followed.</summary>
public enum OnInterrupt { Ask, Detach, Cancel }
