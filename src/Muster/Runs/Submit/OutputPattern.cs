using Muster.Faults;

namespace Muster.Runs.Submit;

/// <summary>Which files of a run are results: a pattern below the folder in which the command runs.</summary>
internal static class OutputPattern
{
    public static string Parse(string text) =>
        text.Length == 0 || text.StartsWith('/') || text.Split('/').Contains("..") || text.Contains('\n')
            ? throw UserException.Misuse(
                $"'{text}' is not a valid output pattern",
                "Outputs are patterns relative to the folder in which the command runs, such as 'results/*.png'."
            )
        : text.StartsWith("./", StringComparison.Ordinal) ? text[2..]
        : text;

    /// <summary>As the supervisor takes it: there, <c>**/</c> stands for at least one folder.</summary>
    public static IEnumerable<string> Lines(string pattern) =>
        pattern.Contains("**/", StringComparison.Ordinal)
            ? [pattern, pattern.Replace("**/", "", StringComparison.Ordinal)]
            : [pattern];
}
