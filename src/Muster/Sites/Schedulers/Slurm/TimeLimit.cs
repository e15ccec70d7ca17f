using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>How long SLURM lets a job run; without a length it is unlimited.</summary>
public readonly partial record struct TimeLimit(TimeSpan? Length)
{
    public static readonly TimeLimit Unlimited = new(null);

    /// <summary>
    /// Reads <c>MM</c>, <c>MM:SS</c>, <c>HH:MM:SS</c>, <c>D-HH</c>, <c>D-HH:MM</c>, <c>D-HH:MM:SS</c> and the words for
    /// no limit.
    /// </summary>
    public static bool TryParse(string text, out TimeLimit limit)
    {
        limit = Unlimited;
        if (text.ToUpperInvariant() is "UNLIMITED" or "INFINITE")
            return true;
        var match = Clock().Match(text);
        if (!match.Success)
            return false;

        int Part(string name) =>
            match.Groups[name] is { Success: true } group
                ? int.Parse(group.ValueSpan, CultureInfo.InvariantCulture)
                : 0;
        limit = new(new TimeSpan(Part("d"), Part("h"), Part("m"), Part("s")));
        return true;
    }

    public override string ToString() =>
        Length switch
        {
            null => "UNLIMITED",
            { Days: > 0 } length => length.ToString(@"d\-hh\:mm\:ss", CultureInfo.InvariantCulture),
            { } length => length.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture),
        };

    [GeneratedRegex(
        @"\A(?:(?<d>[0-9]{1,6})-(?<h>[0-9]{1,6})(?::(?<m>[0-9]{1,6})(?::(?<s>[0-9]{1,6}))?)?|(?<h>[0-9]{1,6}):(?<m>[0-9]{1,6}):(?<s>[0-9]{1,6})|(?<m>[0-9]{1,8})(?::(?<s>[0-9]{1,6}))?)\z"
    )]
    private static partial Regex Clock();
}
