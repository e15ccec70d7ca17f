using System.Globalization;

namespace Muster.Runs;

/// <summary>A record of the supervisor or the launcher: its keys and values.</summary>
public sealed record StatusRecord(string Name, IReadOnlyDictionary<string, string> Values)
{
    public string? this[string key] => Values.GetValueOrDefault(key);
    public int? Number(string key) => int.TryParse(this[key], CultureInfo.InvariantCulture, out var number) ? number : null;
    public DateTimeOffset? Time => long.TryParse(this["time"], CultureInfo.InvariantCulture, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}

/// <summary>What a site's files say of one run at one moment.</summary>
public sealed record RunFacts
{
    /// <summary>There is a folder for it.</summary>
    public bool Present { get; init; }
    public IReadOnlyDictionary<string, StatusRecord> Records { get; init; } = new Dictionary<string, StatusRecord>();

    /// <summary>Supervisors that the asked host itself can see or miss, by rank.</summary>
    public IReadOnlyDictionary<string, Liveness> Supervisors { get; init; } = new Dictionary<string, Liveness>();

    /// <summary>A launcher has at least tried to hand it to the scheduler.</summary>
    public bool Tried { get; init; }

    public string? Handle => Records.GetValueOrDefault("launched")?["handle"];
    public bool CancelKnown => Records.ContainsKey("cancel");
    public IEnumerable<StatusRecord> Ending(string suffix) => Records.Values.Where(record => record.Name.EndsWith(suffix, StringComparison.Ordinal));
}

/// <summary>What became of a process that was once started.</summary>
public enum Liveness { Alive, Gone, Rebooted }
