using Muster.Faults;

namespace Muster.Runs;

/// <summary>Finds the run that a person means: `last`, a name, or an unambiguous beginning of an id.</summary>
public static class RunSelector
{
    public static Run Get(RunStore store, string selector)
    {
        if (selector == RunNames.Last)
            return store.Last()
                ?? throw new UserException("there are no runs yet", "Start one: `muster submit -- COMMAND`.");
        if (RunId.TryParse(selector, out var id) && store.Find(id) is { } exact)
            return exact;
        // A name used before means its newest run; the first of a series has its number, too. An id's beginning must
        // fit only one.
        if (store.Named(selector) is [var newest, ..])
            return newest;
        if (selector.EndsWith("-1", StringComparison.Ordinal) && store.Called(selector[..^2]) is { } first)
            return first;
        var found =
            selector.Length > 0 && selector.All(c => char.IsAsciiHexDigitLower(c) || c == '-')
                ? store.WithPrefix(selector)
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
                "Use a longer ID prefix or the run's name."
            ),
        };
    }
}
