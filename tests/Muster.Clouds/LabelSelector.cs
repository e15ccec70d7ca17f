namespace Muster.Clouds;

/// <summary>
/// The label selectors of Hetzner and Kubernetes: <c>k</c>, <c>!k</c>, <c>k==v</c>, <c>k!=v</c>, <c>k in (a,b)</c>,
/// <c>k notin (a,b)</c>, all of those joined by commas.
/// </summary>
public static class LabelSelector
{
    public static bool Fits(string selector, IReadOnlyDictionary<string, string> labels) =>
        Terms(selector).All(term => FitsTerm(term, labels));

    private static bool FitsTerm(string term, IReadOnlyDictionary<string, string> labels)
    {
        if (term.StartsWith('!'))
            return !labels.ContainsKey(term[1..].Trim());
        if (Split(term, "!=") is var (key, other))
            return labels.GetValueOrDefault(key) != other;
        if (Split(term, "==") is var (same, value))
            return labels.GetValueOrDefault(same) == value;
        if (Split(term, "=") is var (alike, one))
            return labels.GetValueOrDefault(alike) == one;
        if (Split(term, " notin ") is var (without, none))
            return !Set(none).Contains(labels.GetValueOrDefault(without));
        if (Split(term, " in ") is var (within, some))
            return Set(some).Contains(labels.GetValueOrDefault(within));
        return labels.ContainsKey(term.Trim());
    }

    private static (string Key, string Value)? Split(string term, string by) =>
        term.IndexOf(by, StringComparison.Ordinal) is > 0 and var at
            ? (term[..at].Trim(), term[(at + by.Length)..].Trim())
            : null;

    private static string?[] Set(string text) => [.. text.Trim('(', ')').Split(',').Select(one => one.Trim())];

    private static IEnumerable<string> Terms(string selector)
    {
        var depth = 0;
        var start = 0;
        for (var at = 0; at <= selector.Length; at++)
        {
            if (at == selector.Length || (selector[at] == ',' && depth == 0))
            {
                if (selector[start..at].Trim() is { Length: > 0 } term)
                    yield return term;
                start = at + 1;
            }
            else
            {
                depth += selector[at] switch
                {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
            }
        }
    }
}
