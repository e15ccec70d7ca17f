using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites;

/// <summary>
/// Times as people write them: <c>90m</c>, <c>1h30m</c>, <c>2d</c>, and SLURM's <c>HH:MM:SS</c> and <c>D-HH</c>.
/// </summary>
public static partial class Durations
{
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        var match = Units().Match(text);
        if (match.Success && text.Length > 0)
        {
            double Part(string name) =>
                match.Groups[name] is { Success: true } group
                    ? double.Parse(group.ValueSpan, CultureInfo.InvariantCulture)
                    : 0;
            time =
                TimeSpan.FromDays(Part("d"))
                + TimeSpan.FromHours(Part("h"))
                + TimeSpan.FromMinutes(Part("m"))
                + TimeSpan.FromSeconds(Part("s"));
            return time > TimeSpan.Zero;
        }
        if (!TimeLimit.TryParse(text, out var limit) || limit.Length is not { } known)
            return false;
        time = known;
        return true;
    }

    /// <param name="option">Where it was given, for the fault.</param>
    internal static TimeSpan? Parse(string? text, string option) =>
        text is null ? null
        : TryParse(text, out var time) ? time
        : throw UserException.Misuse(
            $"'{text}' is not a valid duration for {option}",
            "Examples: 90m, 10h, 2d, 1h30m, HH:MM:SS"
        );

    [GeneratedRegex(
        @"\A((?<d>[0-9]{1,4}(\.[0-9]+)?)d)?((?<h>[0-9]{1,5}(\.[0-9]+)?)h)?((?<m>[0-9]{1,6}(\.[0-9]+)?)m(in)?)?((?<s>[0-9]{1,8}(\.[0-9]+)?)s)?\z"
    )]
    private static partial Regex Units();
}
