using System.Globalization;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// Whether one more machine fits the limit and the budgets, with every machine counted at the most that it can cost
/// until its end.
/// </summary>
internal static class Allowance
{
    private sealed record Window(
        string Word,
        decimal Most,
        Func<DateTimeOffset, DateTimeOffset> Begin,
        Func<DateTimeOffset, DateTimeOffset> Next
    );

    /// <summary>Why it does not fit; null when it does.</summary>
    public static string? Refusal(
        IReadOnlyList<MachineRecord> all,
        MachineRecord wanted,
        KeeperOptions options,
        DateTimeOffset now
    )
    {
        var others = all.Where(other => other.Id != wanted.Id).ToList();
        var alive = others.Count(other => !other.IsGone);
        if (alive >= options.Limit)
            return $"the limit of {options.Limit} machines is reached: {alive} run or are on their way";
        var windows = Windows(options).ToList();
        if (windows.Count == 0)
            return null;
        if (wanted.Price is not { } price)
            return $"there is a budget, and no price is known for {wanted.Request.Type}: set `price`";
        if (
            others.Find(other => other.Price is { } known && known.Currency != price.Currency) is { Price: { } strange }
        )
            return $"the budget cannot add {strange.Currency} and {price.Currency}: set `currency`";
        var end = wanted.Until + options.Overrun;
        foreach (var window in windows)
            for (var from = window.Begin(now); from < end; from = window.Next(from))
            {
                var to = window.Next(from);
                // What is gone costs nothing any more.
                var reserved = others
                    .Where(other => !other.IsGone || from <= now)
                    .Sum(other => MachineLedger.Worst(other, from, to, now, options.Overrun));
                var more = MachineLedger.Worst(wanted, from, to, now, options.Overrun);
                if (reserved + more > window.Most)
                    return string.Create(
                        CultureInfo.InvariantCulture,
                        $"the budget of {window.Most:0.####} {price.Currency} {window.Word} does not allow it: "
                            + $"{reserved:0.####} is spent or reserved from {from:yyyy-MM-dd HH:mm}, "
                            + $"and it may cost {more:0.####} more"
                    );
            }
        return null;
    }

    private static IEnumerable<Window> Windows(KeeperOptions options)
    {
        if (options.HourBudget is { } hour)
            yield return new("an hour", hour, Hour, time => Hour(time).AddHours(1));
        if (options.DayBudget is { } day)
            yield return new("a day", day, Day, time => Day(time).AddDays(1));
        if (options.MonthBudget is { } month)
            yield return new("a month", month, MachineLedger.MonthOf, time => MachineLedger.MonthOf(time).AddMonths(1));

        static DateTimeOffset Day(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);
        static DateTimeOffset Hour(DateTimeOffset time) => Day(time).AddHours(time.UtcDateTime.Hour);
    }
}
