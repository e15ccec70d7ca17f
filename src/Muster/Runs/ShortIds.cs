using System.Globalization;

namespace Muster.Runs;

/// <summary>
/// Ids as people read and type them: the last digits of each, which are random while the first tell the time, as many
/// as no other run's id and no name has.
/// </summary>
public sealed class ShortIds
{
    internal const int Least = 4;

    // Behind the last dash; what is still alike there is told by the whole id.
    internal const int Most = 12;

    private readonly string _endings;
    private readonly HashSet<string> _names;

    // Endings whose last digits are alike follow each other: the first of each kind and the next one, each plus one.
    private readonly int[] _first = new int[1 << (4 * Least)];
    private readonly int[] _next;

    /// <param name="endings">The last digits of all ids, one after the other: so many thousands cost little.</param>
    /// <param name="names">Names that could be taken for such digits.</param>
    internal ShortIds(string endings, HashSet<string> names)
    {
        (_endings, _names) = (endings, names);
        _next = new int[endings.Length / Most];
        for (var at = 0; at < _next.Length; at++)
        {
            ref var first = ref _first[Kind(Ending(at))];
            (_next[at], first) = (first, at + 1);
        }
    }

    public string Of(RunId id)
    {
        var whole = id.ToString();
        var own = whole.AsSpan(whole.Length - Most);
        var (least, seen) = (Least, false);
        for (var at = _first[Kind(own)]; at > 0; at = _next[at - 1])
        {
            var other = Ending(at - 1);
            if (!other.SequenceEqual(own))
                least = Math.Max(least, Alike(own, other) + 1);
            else if (seen)
                return whole;
            else
                seen = true;
        }
        for (var length = least; length <= Most; length++)
            if (!_names.Contains(whole[^length..]))
                return whole[^length..];
        return whole;
    }

    private ReadOnlySpan<char> Ending(int at) => _endings.AsSpan(at * Most, Most);

    private static int Kind(ReadOnlySpan<char> ending) =>
        int.Parse(ending[^Least..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>How many of the last digits are the same.</summary>
    private static int Alike(ReadOnlySpan<char> one, ReadOnlySpan<char> other)
    {
        var count = 0;
        while (one[^(count + 1)] == other[^(count + 1)])
            count++;
        return count;
    }
}
