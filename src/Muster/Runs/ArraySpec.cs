using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Runs;

/// <summary>The indices of an array and how many may run at once.</summary>
public sealed partial record ArraySpec(string Text, IReadOnlyList<int> Indices, int? AtOnce)
{
    private const int Most = 10_000;

    /// <summary>Reads SLURM's notation: <c>0-9</c>, <c>0-9:2</c>, <c>1,3,5</c>, <c>0-99%4</c>.</summary>
    internal static ArraySpec Parse(string text)
    {
        var match = Form().Match(text);
        var indices = new SortedSet<int>();
        if (match.Success)
        {
            foreach (var part in match.Groups["parts"].Value.Split(','))
            {
                var range = part.Split('-', ':');
                var first = int.Parse(range[0], CultureInfo.InvariantCulture);
                var last = part.Contains('-') ? int.Parse(range[1], CultureInfo.InvariantCulture) : first;
                var step = part.Contains(':') ? int.Parse(range[2], CultureInfo.InvariantCulture) : 1;
                for (var i = first; i <= last && step > 0 && indices.Count <= Most; i += step)
                    indices.Add(i);
            }
        }
        return indices.Count is > 0 and <= Most
            ? new(
                text,
                [.. indices],
                match.Groups["cap"].Success ? int.Parse(match.Groups["cap"].Value, CultureInfo.InvariantCulture) : null
            )
            : throw UserException.Misuse(
                $"'{text}' is not a valid array of at most 10,000 indices",
                "Examples: 0-9, 0-9:2, 1,3,5, 0-99%4 (four at once)"
            );
    }

    [GeneratedRegex(
        @"\A(?<parts>[0-9]{1,9}(-[0-9]{1,9}(:[0-9]{1,9})?)?(,[0-9]{1,9}(-[0-9]{1,9}(:[0-9]{1,9})?)?)*)(%(?<cap>[1-9][0-9]{0,5}))?\z"
    )]
    private static partial Regex Form();
}
