using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Node.Engines;

/// <summary>Looks for progress in what a program says, line by line as they come.</summary>
/// <param name="read">A line's progress, 0 to 100; null when it says nothing of it.</param>
internal sealed class OutputProgress(EngineWork work, Func<string, double?> read)
{
    private int _seen;

    public void Tick()
    {
        var lines = work.Output.Lines(_seen.ToString(CultureInfo.InvariantCulture));
        _seen += lines.Count;
        if (lines.Select(read).OfType<double>().DefaultIfEmpty(-1).Max() is >= 0 and var percent)
            work.Progress(percent);
    }

    /// <summary>By a pattern whose first group is the number of percent.</summary>
    public static Func<string, double?> By(Regex pattern) =>
        line =>
            pattern.Match(line) is { Success: true } match
            && double.TryParse(match.Groups[1].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var percent)
                ? Math.Clamp(percent, 0, 100)
                : null;
}
