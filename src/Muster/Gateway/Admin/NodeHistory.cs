using Muster.Gateway.Model;

namespace Muster.Gateway.Admin;

/// <summary>How a node stood, minute by minute up to now; null where nobody looked.</summary>
/// <param name="Step">Seconds from one value to the next.</param>
/// <param name="From">The time of the first value, which is the first that is known.</param>
/// <param name="Tasks">The most of ours at once.</param>
/// <param name="MemoryFree">In bytes.</param>
/// <param name="Faults">Answers missed.</param>
public sealed record NodeHistory(
    int Schema,
    string Node,
    int Step,
    DateTimeOffset From,
    IReadOnlyList<NodeSpan> Spans,
    IReadOnlyList<int?> Tasks,
    IReadOnlyList<int?> Slots,
    IReadOnlyList<long?> MemoryFree,
    IReadOnlyList<double?> LatencyMs,
    IReadOnlyList<int?> Faults
)
{
    private const int Seconds = 60;

    /// <param name="hours">The last one goes on.</param>
    public static NodeHistory Of(string node, IReadOnlyList<NodeHour> hours, DateTimeOffset now)
    {
        var minute = now.ToUnixTimeSeconds() / Seconds;
        var first = ((minute / NodeHour.Minutes) - hours.Count + 1) * NodeHour.Minutes;
        var states = string.Concat(hours.Select(hour => hour.States));
        var begin = states.Length - states.TrimStart().Length;
        var range = begin == states.Length ? (0..0) : begin..(int)(minute - first + 1);
        IReadOnlyList<T> All<T>(Func<NodeHour, IEnumerable<T>> of) => hours.SelectMany(of).ToArray()[range];
        return new(
            1,
            node,
            Seconds,
            At(first + (begin == states.Length ? 0 : begin)),
            SpansOf(states, range, hours, first, now),
            All(hour => hour.Tasks),
            All(hour => hour.Slots),
            All(hour => hour.MemoryFree.Select(megabytes => megabytes * 1_000_000L)),
            All(hour => hour.Latency),
            All(hour => hour.Faults)
        );
    }

    private static List<NodeSpan> SpansOf(
        string states,
        Range range,
        IReadOnlyList<NodeHour> hours,
        long first,
        DateTimeOffset now
    )
    {
        var why = hours
            .SelectMany((hour, n) => hour.Why.Select(fault => (At: (n * NodeHour.Minutes) + fault.Minute, fault.Text)))
            .ToLookup(fault => fault.At, fault => fault.Text);
        var spans = new List<NodeSpan>();
        for (var at = range.Start.Value; at < range.End.Value; at++)
        {
            var reason = why[at].FirstOrDefault();
            if (NodeHour.Words.GetValueOrDefault(states[at]) is not { } word)
                continue;
            var end = At(first + at + 1) is var until && until < now ? until : now;
            if (
                at > range.Start.Value
                && states[at - 1] == states[at]
                && (reason is null || reason == spans[^1].Why || word != "offline")
            )
                spans[^1] = spans[^1] with { To = end };
            else
                spans.Add(new(word, At(first + at), end, word == "offline" ? reason ?? LastOf(why, at) : null));
        }
        return spans;
    }

    /// <summary>It missed its answers a little before it counts as offline.</summary>
    private static string? LastOf(ILookup<int, string> why, int at) =>
        why[at - 1].LastOrDefault() ?? why[at - 2].LastOrDefault();

    private static DateTimeOffset At(long minute) => DateTimeOffset.FromUnixTimeSeconds(minute * Seconds);
}

/// <param name="Why">Of one that did not answer.</param>
public sealed record NodeSpan(string State, DateTimeOffset From, DateTimeOffset To, string? Why);
