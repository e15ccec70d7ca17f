using System.Globalization;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>
/// What all of SLURM's lists have in common: how fields are told apart, and how times and absent values are written.
/// </summary>
internal static class SlurmText
{
    /// <summary>
    /// ASCII's unit separator: job names, comments and reasons may hold any character that can be typed.
    /// </summary>
    public const string Separator = "\u001f";

    /// <summary>The lines that have exactly these fields; a site's banners have not.</summary>
    public static IEnumerable<string[]> Rows(string output, int fields) =>
        output.Split('\n').Select(line => line.TrimEnd('\r').Split(Separator)).Where(row => row.Length == fields);

    /// <summary>Null for the many words that mean nothing.</summary>
    public static string? Value(string text) =>
        text.Trim() is var value
        && value is "" or "(null)" or "N/A" or "n/a" or "None" or "Unknown" or "None assigned" or "NONE"
            ? null
            : value;

    /// <summary>A time as SLURM's commands print it under <c>TZ=UTC0</c>, or as seconds since 1970.</summary>
    public static DateTimeOffset? Time(string text)
    {
        if (Value(text) is not { } value)
            return null;
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return seconds is > 0 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        }
        return DateTimeOffset.TryParseExact(
            value,
            "yyyy-MM-dd'T'HH:mm:ss",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var time
        )
            ? time
            : null;
    }
}
