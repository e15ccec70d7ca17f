using System.Globalization;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>One job that the scheduler still remembers.</summary>
public sealed record SqueueLine
{
    /// <summary>
    /// For <c>squeue --noheader --format=</c>, under <c>TZ=UTC0</c>. Fixed fields, since <c>--json</c> has several
    /// layouts and in 22.05 ignores every filter.
    /// </summary>
    public static readonly string Format = string.Join(
        SlurmText.Separator,
        "%i",
        "%A",
        "%T",
        "%N",
        "%S",
        "%L",
        "%Q",
        "%P",
        "%k",
        "%j",
        "%r"
    );

    public required SlurmJobRef Job { get; init; }

    /// <summary>The number under which the controller keeps it: each started task of an array has its own.</summary>
    public required long RawId { get; init; }
    public required SlurmState State { get; init; }

    /// <summary>As SLURM folds them; see <see cref="NodeList"/>.</summary>
    public string? Nodes { get; init; }

    /// <summary>When it started, or is expected to.</summary>
    public DateTimeOffset? Start { get; init; }
    public TimeLimit? TimeLeft { get; init; }
    public long? Priority { get; init; }
    public required string Partition { get; init; }
    public string? Comment { get; init; }
    public required string Name { get; init; }
    public string? Reason { get; init; }

    public static IReadOnlyList<SqueueLine> ReadAll(string output) =>
        [.. SlurmText.Rows(output, fields: 11).Select(Read).OfType<SqueueLine>()];

    private static SqueueLine? Read(string[] row)
    {
        if (
            SlurmJobRef.Find(row[0].Trim()) is not { } job
            || !long.TryParse(row[1], CultureInfo.InvariantCulture, out var rawId)
        )
            return null;
        return new()
        {
            Job = job,
            RawId = rawId,
            State = SlurmState.Read(row[2]),
            Nodes = SlurmText.Value(row[3]),
            Start = SlurmText.Time(row[4]),
            TimeLeft = TimeLimit.TryParse(row[5], out var left) ? left : null,
            Priority = long.TryParse(row[6], CultureInfo.InvariantCulture, out var priority) ? priority : null,
            Partition = row[7],
            Comment = SlurmText.Value(row[8]),
            Name = row[9],
            Reason = SlurmText.Value(row[10]),
        };
    }
}
