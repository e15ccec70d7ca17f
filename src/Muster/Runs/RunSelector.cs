using Muster.Faults;

namespace Muster.Runs;

/// <summary>
/// Finds the run that a person means: `last`, a name, or an unambiguous beginning or end of an id.
/// </summary>
public static class RunSelector
{
    /// <summary>Each run once, in the order in which they were named.</summary>
    public static IReadOnlyList<Run> GetAll(RunStore store, IEnumerable<string> selectors) =>
        [.. selectors.Select(selector => Get(store, selector)).DistinctBy(run => run.Id)];

    public static Run Get(RunStore store, string selector)
    {
        if (selector == RunNames.Last)
            return store.Last()
                ?? throw new UserException("there are no runs yet", "Start one: `muster submit -- COMMAND`.");
        if (RunId.TryParse(selector, out var id) && store.Find(id) is { } exact)
            return exact;
        // A name used before means its newest run; the first of a series has its number, too. What is known of an
        // id must fit only one.
        if (store.Named(selector) is [var newest, ..])
            return newest;
        if (selector.EndsWith("-1", StringComparison.Ordinal) && store.Called(selector[..^2]) is { } first)
            return first;
        IReadOnlyList<Run> found =
            selector.Length > 0 && selector.All(c => char.IsAsciiHexDigitLower(c) || c == '-')
                ? [.. store.WithPrefix(selector).Concat(store.WithEnding(selector)).DistinctBy(run => run.Id)]
                : [];
        return found switch
        {
            [var only] => only,
            [] => throw new UserException(
                $"there is no run named '{selector}'",
                "`muster ps --all` lists runs; to adopt one that was submitted elsewhere: `muster ps "
                    + "--adopt SITE`."
            ),
            _ => throw new UserException(
                $"'{selector}' matches {found.Count} runs: "
                    + $"{string.Join(", ", found.Select(run => $"{run.Id} ({run.Plan.Name})"))}",
                "Use more of the ID, or the run's name."
            ),
        };
    }
}
