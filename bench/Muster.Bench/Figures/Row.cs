namespace Muster.Bench.Figures;

/// <summary>What ours is read beside: a peer in the same minute, or what no program could do better.</summary>
internal sealed record Reference(string Name, double Value);

/// <summary>What a row must hold: a figure, or a ratio to its peer.</summary>
internal sealed record Budget(double Value, bool IsRatio = false, string Words = "")
{
    public static Budget Ratio(double value) => new(value, IsRatio: true);

    public string Text(Unit unit) =>
        (Words.Length > 0 ? $"{Words} = " : "")
        + (IsRatio ? FormattableString.Invariant($"{Value:0.##} × the peer") : unit.Text(Value));

    public bool Holds(Unit unit, double own, double? peer)
    {
        var value = IsRatio ? own / peer ?? double.NaN : own;
        return unit.MoreIsBetter() ? value >= Value : value <= Value;
    }
}

/// <summary>One measurement: ours, the peer's, and the limit.</summary>
internal sealed record Row(string What, Unit Unit, double Own)
{
    public Reference? Peer { get; init; }
    public Reference? Limit { get; init; }
    public Budget? Budget { get; init; }

    /// <summary>What else was seen, such as the worst.</summary>
    public string More { get; init; } = "";
}
