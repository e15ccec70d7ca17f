namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// What machines cost, rounded as their provider does. Each record is a line: its price as read when it was made, its
/// start, and its end, which is the proof that it was gone.
/// </summary>
public static class MachineLedger
{
    /// <summary>
    /// What a machine has cost from <paramref name="from"/> to <paramref name="to"/>, and up to now if it lives. The
    /// bill is never more: it ends when the machine does, and the proof of that comes later.
    /// </summary>
    public static decimal Cost(MachineRecord record, DateTimeOffset from, DateTimeOffset to, DateTimeOffset now) =>
        Between(record, from, to, record.MeterTo ?? now);

    /// <summary>The least that the bill can say: the cost up to when the provider last showed the machine.</summary>
    public static decimal CostSeen(MachineRecord record, DateTimeOffset from, DateTimeOffset to) =>
        Between(record, from, to, record.SeenAt ?? record.MeterFrom ?? from);

    /// <summary>What a machine of that price costs if it lives so long.</summary>
    public static decimal Estimate(CloudPrice price, TimeSpan life) => Charged(price, life);

    /// <summary>The most that it can cost in that time, whatever becomes of it.</summary>
    internal static decimal Worst(
        MachineRecord record,
        DateTimeOffset from,
        DateTimeOffset to,
        DateTimeOffset now,
        TimeSpan overrun
    )
    {
        if (record.IsGone || record.Price is null)
            return Cost(record, from, to, now);
        var end = (record.Until > now ? record.Until : now) + overrun;
        var start =
            record.MeterFrom
            ?? Later(
                from,
                record.State switch
                {
                    MachineState.Asking(_, var sent) => sent,
                    MachineState.Doubtful(_, var sent, _, _) => sent,
                    _ => now,
                }
            );
        return Between(record with { MeterFrom = start }, from, to, end);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static decimal Between(MachineRecord record, DateTimeOffset from, DateTimeOffset to, DateTimeOffset end)
    {
        if (record is not { Price: { } price, MeterFrom: { } start } || to <= start || end <= from)
            return 0;
        return Until(to < end ? to : end) - Until(from < end ? from : end);

        decimal Until(DateTimeOffset time)
        {
            if (time <= start)
                return 0;
            if (price.Unit.MonthlyCap is not { } cap)
                return Charged(price, time - start);
            var sum = 0m;
            for (var month = MonthOf(start); month < time; month = month.AddMonths(1))
            {
                var next = month.AddMonths(1);
                var piece = Charged(price, (time < next ? time : next) - start) - Charged(price, month - start);
                sum += Math.Min(cap, piece);
            }
            return sum;
        }
    }

    /// <summary>Begun units cost a whole one, and each machine at least the least.</summary>
    private static decimal Charged(CloudPrice price, TimeSpan age)
    {
        if (age <= TimeSpan.Zero)
            return 0;
        var step = Math.Max(1, price.Unit.Step.Ticks);
        var units = (age.Ticks + step - 1) / step;
        var ticks = Math.Max(units * step, price.Unit.Least.Ticks);
        return Math.Max(price.PerHour * ticks / TimeSpan.TicksPerHour, price.Unit.LeastCost);
    }

    internal static DateTimeOffset MonthOf(DateTimeOffset time) =>
        new(time.UtcDateTime.Year, time.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
}
