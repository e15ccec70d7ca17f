using System.Globalization;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>A partition of a SLURM site: what may run there, and how much of it is free.</summary>
public sealed record Partition
{
    /// <summary>For <c>sinfo --noheader --format=</c>.</summary>
    public static readonly string Format = string.Join(
        SlurmText.Separator,
        "%P",
        "%a",
        "%l",
        "%L",
        "%F",
        "%c",
        "%m",
        "%G"
    );

    public required string Name { get; init; }
    public bool IsDefault { get; init; }

    /// <summary>SLURM's word: <c>up</c>, <c>down</c>, <c>drain</c>, <c>inact</c>.</summary>
    public required string Availability { get; init; }
    public bool IsUp => Availability is "up";
    public TimeLimit? TimeLimit { get; init; }

    /// <summary>The limit of a job that names none.</summary>
    public TimeLimit? DefaultTime { get; init; }
    public required NodeCounts Nodes { get; init; }

    /// <summary>Of the largest node.</summary>
    public int Cpus { get; init; }

    /// <summary>Of the largest node.</summary>
    public long MemoryMegabytes { get; init; }

    /// <summary>Such as <c>gpu:a100:4</c>, each kind once.</summary>
    public IReadOnlyList<string> Gres { get; init; } = [];

    /// <summary>SLURM prints one line for each kind of node in a partition; here they become one.</summary>
    public static IReadOnlyList<Partition> ReadAll(string output) =>
        [.. SlurmText.Rows(output, fields: 8).Select(Read).OfType<Partition>().GroupBy(part => part.Name).Select(Join)];

    private static Partition? Read(string[] row)
    {
        if (row[4].Split('/') is not [var allocated, var idle, var other, var total])
            return null;
        return new()
        {
            Name = row[0].TrimEnd('*'),
            IsDefault = row[0].EndsWith('*'),
            Availability = row[1],
            TimeLimit = Limit(row[2]),
            DefaultTime = Limit(row[3]),
            Nodes = new(Number(allocated), Number(idle), Number(other), Number(total)),
            Cpus = Number(row[5].TrimEnd('+')),
            MemoryMegabytes = long.TryParse(row[6].TrimEnd('+'), CultureInfo.InvariantCulture, out var memory)
                ? memory
                : 0,
            Gres = SlurmText.Value(row[7]) is { } gres ? [.. SplitGres(gres)] : [],
        };
    }

    private static Partition Join(IEnumerable<Partition> parts) =>
        parts.Aggregate(
            (whole, part) =>
                whole with
                {
                    Nodes = whole.Nodes + part.Nodes,
                    Cpus = Math.Max(whole.Cpus, part.Cpus),
                    MemoryMegabytes = Math.Max(whole.MemoryMegabytes, part.MemoryMegabytes),
                    Gres = [.. whole.Gres.Union(part.Gres)],
                }
        );

    /// <summary>Drops the sockets: <c>gpu:a100:4(S:0-1),fpga:1</c>. Commas in the brackets do not separate.</summary>
    private static IEnumerable<string> SplitGres(string text)
    {
        var start = 0;
        var depth = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is '(')
                depth++;
            if (i < text.Length && text[i] is ')')
                depth--;
            if (i < text.Length && (text[i] is not ',' || depth > 0))
                continue;
            yield return text[start..i].Split('(')[0];
            start = i + 1;
        }
    }

    private static TimeLimit? Limit(string text) => Slurm.TimeLimit.TryParse(text, out var limit) ? limit : null;

    private static int Number(string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

/// <summary>Nodes at work, free, neither (down, drained), and all of them.</summary>
public readonly record struct NodeCounts(int Allocated, int Idle, int Other, int Total)
{
    public static NodeCounts operator +(NodeCounts a, NodeCounts b) =>
        new(a.Allocated + b.Allocated, a.Idle + b.Idle, a.Other + b.Other, a.Total + b.Total);
}
