using System.Text.Json.Serialization;

namespace Muster.Bench.Figures;

/// <summary>A row as it is kept: what every round of it gave.</summary>
internal sealed record Measured
{
    public required string Benchmark { get; init; }
    public required string What { get; init; }
    public required Unit Unit { get; init; }
    public required DateOnly Taken { get; init; }
    public required IReadOnlyList<double> Own { get; init; }
    public string? PeerName { get; init; }
    public IReadOnlyList<double> Peer { get; init; } = [];
    public string? LimitName { get; init; }
    public IReadOnlyList<double> Limit { get; init; } = [];
    public Budget? Budget { get; init; }
    public string More { get; init; } = "";

    /// <summary>Ours over the peer's, round by round, as both share what else the machine does.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> Ratios => [.. Own.Zip(Peer, (own, peer) => own / peer)];

    [JsonIgnore]
    public bool? Holds => Budget?.Holds(Unit, Median(Own), Peer.Count > 0 ? Median(Own) / Median(Ratios) : null);

    public static Measured Of(string benchmark, DateOnly taken, IReadOnlyList<Row> rounds) =>
        new()
        {
            Benchmark = benchmark,
            Taken = taken,
            What = rounds[^1].What,
            Unit = rounds[^1].Unit,
            Own = [.. rounds.Select(row => row.Own)],
            PeerName = rounds[^1].Peer?.Name,
            Peer = [.. rounds.Select(row => row.Peer).OfType<Reference>().Select(peer => peer.Value)],
            LimitName = rounds[^1].Limit?.Name,
            Limit = [.. rounds.Select(row => row.Limit).OfType<Reference>().Select(limit => limit.Value)],
            Budget = rounds[^1].Budget,
            More = rounds[^1].More,
        };

    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>How far its rounds lie apart, as a part of their median.</summary>
    private static double Spread(IReadOnlyList<double> values) =>
        Median(values) is var median && median > 0 ? (values.Max() - values.Min()) / median : 0;

    /// <summary>
    /// In words, when it is worse than it was by more than noise: than the spread of either, and than a tenth, or a
    /// quarter where there are too few rounds to know a spread. The ratio is what is compared where there is a peer,
    /// as machines differ.
    /// </summary>
    public string? WorseThan(Measured then)
    {
        var hasPeer = Peer.Count > 0 && then.Peer.Count > 0;
        var (before, now) = hasPeer ? (then.Ratios, Ratios) : (then.Own, Own);
        var least = Math.Min(before.Count, now.Count) < 3 ? 0.25 : 0.1;
        var noise = Math.Max(least, Math.Max(Spread(before), Spread(now)));
        var (was, became) = (Median(before), Median(now));
        var worse = (Unit.MoreIsBetter() ? was / became : became / was) - 1;
        if (worse <= noise)
            return null;
        var unit = hasPeer ? Unit.Times : Unit;
        var beside = hasPeer ? $" times {PeerName}" : "";
        return $"{Benchmark}: {What}: {unit.Text(became)}{beside}, was {unit.Text(was)}: "
            + FormattableString.Invariant($"{worse * 100:0} % worse, noise is {noise * 100:0} %");
    }

    /// <summary>One line of a table.</summary>
    public string Line()
    {
        var own = Ranged(Own) + (More.Length > 0 ? $", {More}" : "");
        var peer = PeerName is null ? "" : $"{PeerName}: {Ranged(Peer)}";
        var ratio = PeerName is null ? "" : Unit.Times.Text(Median(Ratios));
        var limit = LimitName is null ? "" : $"{LimitName}: {Unit.Text(Median(Limit))}";
        var held = Holds switch
        {
            null => "",
            true => "yes",
            false => "no",
        };
        return $"| {What} | {own} | {peer} | {ratio} | {limit} | {Budget?.Text(Unit)} | {held} |";
    }

    private string Ranged(IReadOnlyList<double> values) =>
        Unit.Text(Median(values))
        + (values.Count > 1 ? $" ({Unit.Text(values.Min())} to {Unit.Text(values.Max())})" : "");
}
