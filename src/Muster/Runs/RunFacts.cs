using System.Globalization;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>A record of the supervisor or the launcher: its keys and values.</summary>
public sealed record StatusRecord(string Name, IReadOnlyDictionary<string, string> Values)
{
    public string? this[string key] => Values.GetValueOrDefault(key);

    public int? Number(string key) =>
        int.TryParse(this[key], CultureInfo.InvariantCulture, out var number) ? number : null;

    public DateTimeOffset? Time =>
        long.TryParse(this["time"], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && seconds <= DateTimeOffset.MaxValue.AddYears(-100).ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
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

    /// <summary>Hosts of the run that did not answer.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];

    /// <summary>What several hosts say of one run. The records of ranks are on one host each.</summary>
    public static RunFacts Together(IReadOnlyList<RunFacts> parts, IReadOnlyList<string> silent) =>
        parts is [var only] && silent.Count == 0
            ? only
            : new()
            {
                Present = parts.Any(part => part.Present),
                Records = parts
                    .SelectMany(part => part.Records)
                    .GroupBy(pair => pair.Key)
                    .ToDictionary(group => group.Key, group => group.First().Value),
                Supervisors = parts
                    .SelectMany(part => part.Supervisors)
                    .GroupBy(pair => pair.Key)
                    .ToDictionary(group => group.Key, group => group.First().Value),
                Tried = parts.Any(part => part.Tried),
                Silent = silent,
            };

    /// <summary>The scheduler's handle. The launcher's word for it may be missing, if it was killed; and where a
    /// scheduler took the run twice,
    /// because it answered the first time too late, the job that claimed the run is the one that counts.</summary>
    public JobHandle? Handle
    {
        get
        {
            var told = HandleIn(Records.GetValueOrDefault("launched"));
            var started = Ending(".started").OrderBy(record => record.Name, StringComparer.Ordinal).FirstOrDefault();
            var own =
                HandleIn(started)
                ?? (told is null && started is not null ? new($"{started["host"]}:{started["pid"]}") : null);
            return own is null || own.Text == told?.Number ? told : own;
        }
    }

    private static JobHandle? HandleIn(StatusRecord? record) => record?["handle"] is { } text ? new(text) : null;

    /// <summary>What SLURM wrote into its log when it killed the job for its memory.</summary>
    public string? MemoryKill => Records.GetValueOrDefault("memory")?["text"];

    /// <summary>
    /// Where the full disk is mounted that holds the run's folder; told where a supervisor is missed.
    /// </summary>
    public string? FullDisk => Records.GetValueOrDefault("disk")?["text"];

    public bool CancelKnown => Records.ContainsKey("cancel");

    /// <summary>How often the site was told to begin it again: the number of its attempt, from 0.</summary>
    public int Retry =>
        Records
            .Keys.Where(name => name.StartsWith(RetryRecord, StringComparison.Ordinal))
            .Select(name => int.TryParse(name[RetryRecord.Length..], CultureInfo.InvariantCulture, out var n) ? n : 0)
            .DefaultIfEmpty(0)
            .Max();

    private const string RetryRecord = "retry.";

    /// <summary>Without what an earlier attempt has left, and is being set aside.</summary>
    public RunFacts OfItsAttempt()
    {
        if (Retry is 0 || Records.Values.All(IsOfIt))
            return this;
        var records = Records.Where(pair => IsOfIt(pair.Value)).ToDictionary();
        bool HasRecord(string rank) =>
            records.Keys.Any(name =>
                name.StartsWith(rank + ".", StringComparison.Ordinal)
                && !name.EndsWith(".exit", StringComparison.Ordinal)
            );
        return this with
        {
            Records = records,
            Supervisors = Supervisors.Where(pair => HasRecord(pair.Key)).ToDictionary(),
        };

        bool IsOfIt(StatusRecord record) =>
            record.Number("retry") >= Retry
            || record.Name is "staged" or "cancel" or "memory" or "disk"
            || record.Name.StartsWith(RetryRecord, StringComparison.Ordinal)
            || record.Name.StartsWith("note.", StringComparison.Ordinal);
    }

    public IEnumerable<StatusRecord> Ending(string suffix) =>
        Records.Values.Where(record => record.Name.EndsWith(suffix, StringComparison.Ordinal));
}

/// <summary>What became of a process that was once started.</summary>
public enum Liveness
{
    Alive,
    Gone,
    Rebooted,
}
