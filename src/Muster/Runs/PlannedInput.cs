using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>A file or folder, here or on the site already, that the run finds as <c>$MUSTER_IN/NAME</c>.</summary>
public sealed record PlannedInput(string Path, string Name)
{
    /// <summary>Patterns of what is taken along of a folder; none for all of it.</summary>
    public IReadOnlyList<string> Only
    {
        get => field ?? [];
        init;
    }

    /// <summary>Patterns, as in gitignore, of what stays here.</summary>
    public IReadOnlyList<string> Except
    {
        get => field ?? [];
        init;
    }

    /// <summary>The path is one of the site. A link leads there, and nothing is sent.</summary>
    public bool OnSite { get; init; }

    /// <summary>
    /// Whether it is <c>SITE:/PATH</c>, <c>SITE:~/PATH</c> or <c>SITE:data/NAME</c>: no name of an input has a slash.
    /// </summary>
    public static bool IsOnSite(string text) =>
        text.IndexOf(':') is > 0 and var at
        && (
            text.AsSpan(at + 1).StartsWith("/")
            || text.AsSpan(at + 1).StartsWith("~/")
            || text.AsSpan(at + 1).StartsWith("data/")
        )
        && !text.AsSpan(0, at).Contains('/');

    /// <summary>Reads <c>SITE:PATH:NAME</c> or <c>SITE:PATH</c>, where the site's host may stand for it.</summary>
    private static PlannedInput ParseOnSite(string text, Site site, string? host)
    {
        var at = text.IndexOf(':');
        var (where, path) = (text[..at], text[(at + 1)..]);
        var hosts = site is SshSite ssh ? ssh.Hosts : [];
        if (where != site.Name && !hosts.Contains(where))
            throw new UserException(
                $"the input {text} is on {where}, but the run goes to {site.Name}",
                $"Choose that site with -s {where}, or name a path on this one: --input {site.Name}:PATH"
            );
        if (where != site.Name && hosts.Count > 1 && where != host)
            throw new UserException(
                $"the input {text} is on host {where}, but the run may start on another",
                $"Choose the host: --host {where}. If all hosts have the path: --input {site.Name}:PATH"
            );
        var end = path.LastIndexOf(':');
        var name = end > 0 && !path.AsSpan(end).Contains('/') ? path[(end + 1)..] : null;
        path = (name is null ? path : path[..end]).TrimEnd('/');
        if (path.Length < 2 || path.Any(char.IsControl))
            throw UserException.Misuse(
                $"'{text}' does not name a file or folder on {site.Name}",
                "Write --input SITE:/PATH, SITE:~/PATH, or SITE:data/NAME for what `muster data push` has sent."
            );
        return Named(path, name ?? path[(path.LastIndexOf('/') + 1)..]) with { OnSite = true };
    }

    private static PlannedInput Named(string path, string name) =>
        RunNames.IsWellFormed(name)
            ? new(path, name)
            : throw UserException.Misuse(
                $"'{name}' is not a valid input name",
                "Use --input PATH:NAME with letters, digits, '.', '_' and '-'."
            );

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
        return Named(path, name);
    }

    /// <summary>All of a run's inputs, each under a name of its own.</summary>
    /// <param name="host">The host that was asked for.</param>
    /// <param name="except">Patterns of what stays here of those that are sent.</param>
    internal static IReadOnlyList<PlannedInput> ParseAll(
        IReadOnlyList<string> texts,
        string workingFolder,
        Site site,
        string? host = null,
        IReadOnlyList<string>? except = null
    )
    {
        List<PlannedInput> inputs =
        [
            .. texts.Select(text =>
                IsOnSite(text) && !System.IO.Path.Exists(System.IO.Path.GetFullPath(text, workingFolder))
                    ? ParseOnSite(text, site, host)
                    : Parse(text, workingFolder) with
                    {
                        Except = except ?? [],
                    }
            ),
        ];
        if (except is { Count: > 0 } && inputs.All(input => input.OnSite))
            throw UserException.Misuse(
                "--exclude leaves files of inputs out, but no input is sent",
                "Leave it out. Code is left out by .gitignore or .musterignore, nodes by --set exclude=NODES."
            );
        return inputs.GroupBy(input => input.Name).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new UserException($"two inputs are named '{twice.Key}'", "Rename one of them: --input PATH:NAME")
            : inputs;
    }
}
