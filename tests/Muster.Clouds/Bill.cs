namespace Muster.Clouds;

/// <summary>
/// What a provider charges, by the table of prices that its own pages print: written apart from the program's ledger,
/// so that each checks the other.
/// </summary>
public sealed class Bill
{
    private readonly List<Line> _lines = [];

    /// <summary>Something begins to cost.</summary>
    /// <param name="what">A machine, a disk or an address, by its id.</param>
    /// <param name="step">Begun steps cost whole ones.</param>
    /// <param name="least">What is charged for at least.</param>
    /// <param name="leastCost">What it costs at least, however short it was.</param>
    public void Start(
        string provider,
        string what,
        decimal perHour,
        string currency,
        DateTimeOffset at,
        TimeSpan step,
        TimeSpan least = default,
        decimal leastCost = 0
    ) => _lines.Add(new(provider, what, perHour, currency, at, step, least, leastCost));

    /// <summary>It costs no more. What was stopped already stays stopped.</summary>
    public void Stop(string provider, string what, DateTimeOffset at)
    {
        foreach (var line in _lines.Where(line => line.Provider == provider && line.What == what))
            line.End ??= at;
    }

    /// <summary>What costs money now.</summary>
    public IEnumerable<string> Running(string provider) =>
        _lines.Where(line => line.Provider == provider && line.End is null).Select(line => line.What);

    public decimal Total(string provider, string currency, DateTimeOffset now) =>
        _lines.Where(line => line.Provider == provider && line.Currency == currency).Sum(line => line.Cost(now));

    private sealed record Line(
        string Provider,
        string What,
        decimal PerHour,
        string Currency,
        DateTimeOffset Start,
        TimeSpan Step,
        TimeSpan Least,
        decimal LeastCost
    )
    {
        public DateTimeOffset? End { get; set; }

        public decimal Cost(DateTimeOffset now)
        {
            var lasted = (End ?? now) - Start;
            if (lasted < Least)
                lasted = Least;
            var steps = (lasted.Ticks + Step.Ticks - 1) / Step.Ticks;
            var cost = PerHour * steps * Step.Ticks / TimeSpan.TicksPerHour;
            return cost < LeastCost ? LeastCost : cost;
        }
    }
}
