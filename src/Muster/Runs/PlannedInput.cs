using Muster.Faults;

namespace Muster.Runs;

/// <summary>A local file or folder that the run finds as <c>$MUSTER_IN/NAME</c>.</summary>
public sealed record PlannedInput(string Path, string Name)
{
    /// <summary>Patterns of what is taken along of a folder; none for all of it.</summary>
    public IReadOnlyList<string> Only
    {
        get => field ?? [];
        init;
    }

    /// <summary>Reads <c>PATH:NAME</c>, or <c>PATH</c> alone.</summary>
    internal static PlannedInput Parse(string text, string workingFolder)
    {
        // PATH:NAME, unless the whole is the path of something that exists.
        var whole = System.IO.Path.GetFullPath(text, workingFolder);
        var at = text.LastIndexOf(':');
        var (path, name) =
            System.IO.Path.Exists(whole) || at <= 0
                ? (whole, System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(whole)))
                : (System.IO.Path.GetFullPath(text[..at], workingFolder), text[(at + 1)..]);
        if (!System.IO.Path.Exists(path))
            throw new UserException($"the input {path} does not exist", "Correct the path of --input.");
        return RunNames.IsWellFormed(name)
            ? new(path, name)
            : throw UserException.Misuse(
                $"'{name}' is not a valid input name",
                "Use --input PATH:NAME with letters, digits, '.', '_' and '-'."
            );
    }

    /// <summary>All of a run's inputs, each under a name of its own.</summary>
    internal static IReadOnlyList<PlannedInput> ParseAll(IReadOnlyList<string> texts, string workingFolder)
    {
        List<PlannedInput> inputs = [.. texts.Select(text => Parse(text, workingFolder))];
        return inputs.GroupBy(input => input.Name).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new UserException($"two inputs are named '{twice.Key}'", "Rename one of them: --input PATH:NAME")
            : inputs;
    }
}
