using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Runs.Submit;

/// <summary>A size of memory as SLURM writes it, in megabytes where no unit stands behind it.</summary>
internal static partial class MemorySize
{
    public static int Megabytes(string text)
    {
        if (Form().Match(text) is not { Success: true } match)
            throw UserException.Misuse($"'{text}' is not a valid size of memory", "Examples: 500M, 12G, 1T.");
        var number = long.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
        var megabytes = match.Groups["unit"].Value.ToUpperInvariant() switch
        {
            "K" => (number + 1023) / 1024,
            "G" => number * 1024,
            "T" => number * 1024 * 1024,
            _ => number,
        };
        return (int)Math.Min(megabytes, int.MaxValue);
    }

    [GeneratedRegex(@"\A(?<number>[0-9]{1,9})(?<unit>[KMGTkmgt]?)[Bb]?\z")]
    private static partial Regex Form();
}
