using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>Unfolds SLURM's lists of nodes, such as <c>c[1-3,5],gpu01,n[08-10]</c>.</summary>
public static partial class NodeList
{
    private const int MostNodes = 100_000;

    /// <summary>The names in their order. A part that is not understood stays as it is.</summary>
    public static IReadOnlyList<string> Expand(string list) =>
        [.. Parts(list).SelectMany(part => Unfold(part) ?? [part]).Take(MostNodes)];

    /// <summary>Splits at the commas outside brackets.</summary>
    private static IEnumerable<string> Parts(string list)
    {
        var start = 0;
        var inside = false;
        for (var i = 0; i <= list.Length; i++)
        {
            if (i < list.Length && list[i] is '[')
                inside = true;
            if (i < list.Length && list[i] is ']')
                inside = false;
            if (i < list.Length && (list[i] is not ',' || inside))
                continue;
            var part = list[start..i].Trim();
            if (part.Length > 0)
                yield return part;
            start = i + 1;
        }
    }

    private static IEnumerable<string>? Unfold(string part)
    {
        IEnumerable<string> names = [""];
        var place = 0;
        foreach (Match bracket in Bracket().Matches(part))
        {
            var before = part[place..bracket.Index];
            var ranges = bracket.Groups["ranges"].Value.Split(',').Select(Range).ToList();
            if (before.IndexOfAny(['[', ']']) >= 0 || ranges.Contains(null))
                return null;
            names = names.SelectMany(name =>
                ranges.SelectMany(range => range!.Select(number => name + before + number))
            );
            place = bracket.Index + bracket.Length;
        }
        var rest = part[place..];
        return rest.IndexOfAny(['[', ']']) >= 0 ? null : names.Select(name => name + rest);
    }

    /// <summary><c>08-10</c> keeps its zeros.</summary>
    private static IEnumerable<string>? Range(string text)
    {
        var ends = text.Split('-');
        var width = ends[0].Length;
        if (ends.Length > 2 || ends.Any(end => end.Length is 0 or > 9 || !end.All(char.IsAsciiDigit)))
            return null;
        var numbers = ends.Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToList();
        if (numbers[^1] < numbers[0])
            return null;
        return Enumerable
            .Range(numbers[0], numbers[^1] - numbers[0] + 1)
            .Select(number => number.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0'));
    }

    [GeneratedRegex(@"\[(?<ranges>[^\[\]]*)\]")]
    private static partial Regex Bracket();
}
