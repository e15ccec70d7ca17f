namespace Muster.Sites.Schedulers.Slurm;

/// <summary>One job as accounting remembers it, seconds or years after its end.</summary>
public sealed record SacctLine
{
    /// <summary>
    /// For <c>sacct -X -n -P --delimiter= --format=</c>: whole jobs without steps. Run it under <c>TZ=UTC0</c> with an
    /// explicit <c>--starttime</c>: by default it looks back to midnight only.
    /// </summary>
    public const string Format = "JobID,JobName,State,ExitCode,Start,End,NodeList";

    public required SlurmJobRef Job { get; init; }
    public required string Name { get; init; }
    public required SlurmState State { get; init; }
    public SlurmExitCode? ExitCode { get; init; }
    public DateTimeOffset? Start { get; init; }
    public DateTimeOffset? End { get; init; }
    public string? Nodes { get; init; }

    public static IReadOnlyList<SacctLine> ReadAll(string output) =>
        [.. SlurmText.Rows(output, fields: 7).Select(Read).OfType<SacctLine>()];

    private static SacctLine? Read(string[] row)
    {
        if (SlurmJobRef.Find(row[0].Trim()) is not { } job)
            return null;
        return new()
        {
            Job = job,
            Name = row[1],
            State = SlurmState.Read(row[2]),
            ExitCode = SlurmExitCode.Find(row[3]),
            Start = SlurmText.Time(row[4]),
            End = SlurmText.Time(row[5]),
            Nodes = SlurmText.Value(row[6]),
        };
    }
}
