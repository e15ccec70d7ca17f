namespace Muster.Runs;

/// <summary>One point of a sweep: the index that does it, and the value of each parameter, as it was written.</summary>
public sealed record SweepPoint(int Index, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>By what people know it: <c>lr=0.1 seed=3</c>.</summary>
    public string Label() => string.Join(' ', Values.Select(pair => $"{pair.Key}={pair.Value}"));

    /// <summary>The variable in which the command finds a parameter.</summary>
    public static string VariableOf(string parameter) =>
        "MUSTER_PARAM_"
        + string.Concat(parameter.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
}
