using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Cli.Sites;
using Muster.Runs;
using Muster.Sites;
using Muster.Sites.Reading;

namespace Muster.Cli;

/// <summary>
/// What may come next on a command line: a pure function of the words so far and of the names known here.
/// </summary>
internal static class Completion
{
    /// <param name="words">Without `muster` itself; the last one is being typed, and may be empty.</param>
    public static IReadOnlyList<Proposal> For(
        RootCommand root,
        IReadOnlyList<string> words,
        Func<IReadOnlyList<Run>> runs,
        Func<IReadOnlyList<Site>> sites,
        Func<IReadOnlyList<JobDraft>> jobs
    )
    {
        // Bash takes `--site=lab` apart at the sign.
        var typed = words.Where(word => word != "=").ToList();
        if (words.Count == 0 || words[^1] == "=")
            typed.Add("");
        var current = typed[^1];
        Command command = root;
        Option? waiting = null;
        var free = 0;
        foreach (var word in typed.SkipLast(1))
        {
            if (waiting is not null)
                waiting = null;
            else if (
                word == "--"
                || (command is ITakesCommand && !word.StartsWith('-') && (free > 0 || !IsJob(command, word)))
            )
                return []; // the user's own command from here on
            else if (word.StartsWith('-') && word.Length > 1)
                waiting =
                    !word.Contains('=') && Find(command, root, word) is { } option && TakesValue(option)
                        ? option
                        : null;
            else if (free == 0 && Sub(command, word) is { } sub)
                command = sub;
            else
                free++;
        }

        if (waiting is not null)
            return Matching(Values(waiting.HelpName), current);
        if (current.StartsWith("--", StringComparison.Ordinal) && current.IndexOf('=') is > 0 and var at)
        {
            return Find(command, root, current[..at]) is { } named
                ?
                [
                    .. Matching(Values(named.HelpName), current[(at + 1)..])
                        .Select(value => value with { Word = $"{current[..(at + 1)]}{value.Word}" }),
                ]
                : [];
        }
        if (current.StartsWith('-'))
            return Matching(Options(), current);
        var subs =
            free > 0
                ? []
                : command.Subcommands.Where(sub => !sub.Hidden).Select(sub => new Proposal(sub.Name, sub.Description));
        var argument =
            command.Arguments.ElementAtOrDefault(free)
            ?? command.Arguments.LastOrDefault(last => last.Arity.MaximumNumberOfValues > 1);
        if (command is SubmitCommand && free == 0)
            return Matching(jobs().Select(job => new Proposal(job.Name, $"job ({job.Origin})")), current);
        return Matching(subs.Concat(Values(argument?.HelpName ?? argument?.Name)), current);

        bool IsJob(Command of, string word) => of is SubmitCommand && jobs().Any(job => job.Name == word);

        IEnumerable<Proposal> Options() =>
            command
                .Options.Concat(root.Options.Where(option => option.Recursive))
                .Where(option => !option.Hidden)
                .DistinctBy(option => option.Name)
                .Select(option => new Proposal(option.Name, option.Description));

        IEnumerable<Proposal> Values(string? of) =>
            of switch
            {
                "SITE" => sites().Select(site => new Proposal(site.Name, $"{SiteView.KindOf(site)} site")),
                "HOST" => sites()
                    .SelectMany(site => site is SshSite ssh ? ssh.Hosts : [])
                    .Distinct()
                    .Select(host => new Proposal(host, "host")),
                "STATE" => RunFilter.States.Select(state => new Proposal(state, null)),
                "COLUMN" => RunColumns.Known.Select(column => new Proposal(column, null)),
                "TAG" => runs().SelectMany(run => run.Tags).Select(tag => new Proposal(tag, "tag")),
                "RUN" => runs()
                    .DistinctBy(run => run.Plan.Name)
                    .Select(run => new Proposal(run.Plan.Name, About(run)))
                    .Concat(
                        runs()
                            .Where(_ => current.Length > 0 && char.IsAsciiHexDigit(current[0]))
                            .Select(run => new Proposal(run.Id.ToString(), About(run)))
                    )
                    .Append(new("last", "the newest run")),
                { } choice when choice.Contains('|') => choice
                    .Split('|')
                    .SelectMany(word => word is "RUN" or "SITE" ? Values(word) : [new(word, null)]),
                _ => [], // the shell knows files better
            };
    }

    private static string About(Run run) => $"{run.State.Word} on {RunText.SiteName(run)}";

    private static bool TakesValue(Option option) =>
        option.Arity.MaximumNumberOfValues > 0 && option is not Option<bool>;

    private static IReadOnlyList<Proposal> Matching(IEnumerable<Proposal> all, string begun) =>
        [.. all.Where(one => one.Word.StartsWith(begun, StringComparison.Ordinal)).DistinctBy(one => one.Word)];

    private static Command? Sub(Command command, string word) =>
        command.Subcommands.FirstOrDefault(sub => sub.Name == word || sub.Aliases.Contains(word));

    private static Option? Find(Command command, RootCommand root, string word) =>
        command
            .Options.Concat(root.Options)
            .FirstOrDefault(option => option.Name == word || option.Aliases.Contains(word));
}

/// <summary>A word that may come next, and what it is.</summary>
internal sealed record Proposal(string Word, string? About);
