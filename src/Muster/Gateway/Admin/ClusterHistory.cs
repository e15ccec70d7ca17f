using Muster.Gateway.Model;

namespace Muster.Gateway.Admin;

/// <summary>How the whole cluster stood, minute by minute up to now; null where nobody looked.</summary>
/// <param name="Step">Seconds from one value to the next.</param>
/// <param name="From">The time of the first value, which is the first that is known.</param>
/// <param name="Waiting">The most at once, as of <paramref name="Running"/> and <paramref name="SlotsHeld"/>.</param>
/// <param name="OldestWait">In seconds.</param>
/// <param name="NodesOnline">The fewest.</param>
/// <param name="Completed">In that minute, as <paramref name="Failed"/> and <paramref name="Cancelled"/>.</param>
public sealed record ClusterHistory(
    int Schema,
    int Step,
    DateTimeOffset From,
    IReadOnlyList<int?> Waiting,
    IReadOnlyList<int?> OldestWait,
    IReadOnlyList<int?> Running,
    IReadOnlyList<int?> SlotsHeld,
    IReadOnlyList<int?> Slots,
    IReadOnlyList<int?> NodesOnline,
    IReadOnlyList<int?> Nodes,
    IReadOnlyList<int?> Completed,
    IReadOnlyList<int?> Failed,
    IReadOnlyList<int?> Cancelled
)
{
    private const int Seconds = 60;

    /// <param name="hours">The last one goes on.</param>
    public static ClusterHistory Of(IReadOnlyList<ClusterHour> hours, DateTimeOffset now)
    {
        var minute = now.ToUnixTimeSeconds() / Seconds;
        var first = ((minute / NodeHour.Minutes) - hours.Count + 1) * NodeHour.Minutes;
        var known = hours.SelectMany(hour => hour.Waiting).ToList();
        var begin = known.FindIndex(value => value is not null);
        var range = begin < 0 ? (0..0) : begin..(int)(minute - first + 1);
        IReadOnlyList<int?> All(Func<ClusterHour, IEnumerable<int?>> of) => hours.SelectMany(of).ToArray()[range];
        return new(
            1,
            Seconds,
            DateTimeOffset.FromUnixTimeSeconds((first + Math.Max(0, begin)) * Seconds),
            All(hour => hour.Waiting),
            All(hour => hour.OldestWait),
            All(hour => hour.Running),
            All(hour => hour.SlotsHeld),
            All(hour => hour.Slots),
            All(hour => hour.NodesOnline),
            All(hour => hour.Nodes),
            All(hour => hour.Completed),
            All(hour => hour.Failed),
            All(hour => hour.Cancelled)
        );
    }
}
