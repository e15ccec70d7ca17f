using System.Text;
using System.Text.RegularExpressions;
using Muster.Configuration;
using Muster.Faults;
using Muster.Shell;

namespace Muster.Runs.Submit;

/// <summary>
/// Puts the parameters of a sweep into the shell text of a command: <c>{lr}</c> becomes the point's value.
/// </summary>
internal static partial class SweepText
{
    /// <summary>Sets each index's parameters.</summary>
    public static string Values(IReadOnlyList<SweepPoint> points)
    {
        if (points.Count == 0)
            return "";
        var text = new StringBuilder("case $MUSTER_RANK in\n");
        foreach (var point in points)
        {
            text.Append("  ")
                .Append(point.Index)
                .Append(") export MUSTER_POINT=")
                .Append(ShellText.Quote(point.Label()));
            foreach (var (name, value) in point.Values)
                text.Append(' ').Append(SweepPoint.VariableOf(name)).Append('=').Append(ShellText.Quote(value));
            text.Append(" ;;\n");
        }
        return text.Append("esac\n").ToString();
    }

    /// <summary>The words of the command; for those of no sweep, as they were typed.</summary>
    public static ShellText Words(RunPlan plan, IReadOnlyList<string> words)
    {
        if (plan.Points.Count == 0)
            return ShellText.Of($"{words}");
        var all = ShellText.Of($"");
        foreach (var word in words)
        {
            all = ShellText.Of($"{all} ");
            var at = 0;
            foreach (Match hole in Holes().Matches(word))
            {
                if (hole.Index > at)
                    all = ShellText.Of($"{all}{word[at..hole.Index]}");
                all = IsEscaped(hole)
                    ? ShellText.Of($"{all}{hole.Value[1..^1]}")
                    : ShellText.Of($"{all}\"${SweepPoint.VariableOf(hole.Groups["name"].Value)}\"");
                at = hole.Index + hole.Length;
            }
            if (at < word.Length || word.Length == 0)
                all = ShellText.Of($"{all}{word[at..]}");
        }
        return all;
    }

    /// <summary>A line that the shell itself reads.</summary>
    public static string Line(RunPlan plan)
    {
        var line = string.Join(' ', plan.Command);
        return plan.Points.Count == 0
            ? line
            : Holes()
                .Replace(
                    line,
                    hole =>
                        IsEscaped(hole)
                            ? hole.Value[1..^1]
                            : $"\"${{{SweepPoint.VariableOf(hole.Groups["name"].Value)}}}\""
                );
    }

    /// <summary>A name in braces that is no parameter is a slip of the hand.</summary>
    public static void Check(IEnumerable<string> command, IReadOnlyCollection<string> parameters)
    {
        foreach (var word in command)
        foreach (Match hole in Holes().Matches(word))
        {
            var name = hole.Groups["name"].Value;
            if (!IsEscaped(hole) && !parameters.Contains(name))
                throw UserException.Misuse(
                    $"the command has {{{name}}}, but the sweep has no parameter '{name}'"
                        + Nearest.DidYouMean(name, parameters),
                    $"Its parameters: {string.Join(", ", parameters)}. To pass the braces on, write {{{{{name}}}}}."
                );
        }
    }

    private static bool IsEscaped(Match hole) => hole.Value.StartsWith("{{", StringComparison.Ordinal);

    [GeneratedRegex(@"\{\{(?<name>[A-Za-z_][A-Za-z0-9_.-]*)\}\}|\{(?<name>[A-Za-z_][A-Za-z0-9_.-]*)\}")]
    private static partial Regex Holes();
}
