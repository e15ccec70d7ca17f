using System.Globalization;
using Muster.Runs.Measures;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Explain;

/// <summary>
/// What surrounds a run and may explain it: its place in a queue, what is free, how busy the host is, its last words.
/// </summary>
public sealed record Circumstances
{
    public QueuePlace? Place { get; init; }
    public Partition? Partition { get; init; }

    /// <summary>The scheduler was not asked, since it was asked often enough in this minute.</summary>
    public bool BudgetSpent { get; init; }

    /// <summary>Processes that want to run, over the last minute.</summary>
    public double? Load { get; init; }
    public int? Cpus { get; init; }

    /// <summary>Where the full disk is mounted that holds the run's folder.</summary>
    public string? FullDisk { get; init; }

    /// <summary>What the run used, where it was sampled.</summary>
    public UsageSummary? Usage { get; init; }
    public IReadOnlyList<string> LastErrors { get; init; } = [];

    /// <summary>Reads what <c>explain.sh</c> and <c>queue.sh</c> print.</summary>
    public static Circumstances Read(string host, string? queue)
    {
        var values = Lines(host).Concat(Lines(queue ?? "")).ToLookup(pair => pair.Key, pair => pair.Value);
        var place = values["job"]
            .Select(job => QueuePlace.Find(job, values["ahead"].FirstOrDefault()))
            .FirstOrDefault();
        var names = place?.Partition.Split(',') ?? [];
        return new()
        {
            Place = place,
            Partition = Partition
                .ReadAll(string.Join('\n', values["partition"]))
                .FirstOrDefault(part => place is null ? part.IsDefault : names.Contains(part.Name)),
            Load =
                values["load"].FirstOrDefault() is { Length: > 0 } load
                && double.TryParse(load.Split(' ')[0], CultureInfo.InvariantCulture, out var number)
                    ? number
                    : null,
            Cpus = int.TryParse(values["cpus"].FirstOrDefault(), CultureInfo.InvariantCulture, out var cpus)
                ? cpus
                : null,
            FullDisk = values["disk"].FirstOrDefault() is { Length: > 0 } disk ? disk : null,
            LastErrors = [.. values["err"]],
        };

        static IEnumerable<KeyValuePair<string, string>> Lines(string text) =>
            text.Split('\n')
                .Select(line => line.Split('=', 2))
                .Where(pair => pair.Length == 2)
                .Select(pair => KeyValuePair.Create(pair[0], pair[1]));
    }
}

/// <summary>Where a job stands in its partition's queue.</summary>
/// <param name="Ahead">Waiting jobs of the same partition with a higher priority, as far as the site shows
/// them.</param>
/// <param name="Start">When the scheduler expects to start it.</param>
public sealed record QueuePlace(string Partition, long? Priority, int? Ahead, DateTimeOffset? Start, string Reason)
{
    /// <summary>Reads <c>JOB|PARTITION|PRIORITY|START|REASON</c>.</summary>
    public static QueuePlace? Find(string line, string? ahead) =>
        line.Split('|', 5) is [_, var partition, var priority, var start, var reason]
            ? new(
                partition,
                long.TryParse(priority, CultureInfo.InvariantCulture, out var number) ? number : null,
                int.TryParse(ahead, CultureInfo.InvariantCulture, out var before) ? before : null,
                SlurmText.Time(start),
                reason
            )
            : null;
}
