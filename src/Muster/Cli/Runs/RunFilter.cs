using System.CommandLine;
using System.Globalization;
using System.IO.Enumeration;
using Muster.Configuration;
using Muster.Faults;
using Muster.Runs;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Runs;

/// <summary>Which runs a list shows.</summary>
internal sealed class RunFilter
{
    public static readonly IReadOnlyList<string> States =
    [
        "planned",
        "staging",
        "launched",
        "queued",
        "running",
        "ended",
        .. Enum.GetValues<Outcome>().Select(outcome => outcome.Word()),
    ];

    public Option<string?> Site { get; } =
        new("--site", "-s") { Description = "Show only runs on this site.", HelpName = "SITE" };
    public Option<string?> Name { get; } =
        new("--name", "-n") { Description = "Show only runs of this name; * stands for anything.", HelpName = "NAME" };
    public Option<string[]> State { get; } =
        new("--state")
        {
            Description = "Show only runs in this state.",
            HelpName = "STATE",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
    public Option<string[]> Tag { get; } =
        new("--tag")
        {
            Description = "Show only runs with this tag; of several, with all.",
            HelpName = "TAG",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
    public Option<string?> Since { get; } =
        new("--since") { Description = "Show only runs submitted since: 2d, 12h, 2026-03-01.", HelpName = "TIME" };

    /// <summary>So few runs are asked for that also those that ended long ago are.</summary>
    public bool IsNarrow(ParseResult parsed) =>
        parsed.GetValue(Name) is not null
        || parsed.GetValue(State) is { Length: > 0 }
        || parsed.GetValue(Tag) is { Length: > 0 }
        || parsed.GetValue(Since) is not null;

    /// <returns>Whether a run is shown; and, with false, whether it could be once its state is known.</returns>
    public Func<Run, bool, bool> Read(ParseResult parsed, DateTimeOffset now)
    {
        var (site, name, tags) = (parsed.GetValue(Site), parsed.GetValue(Name), parsed.GetValue(Tag) ?? []);
        var states = parsed.GetValue(State) ?? [];
        if (states.FirstOrDefault(word => !States.Contains(word)) is { } odd)
            throw UserException.Misuse(
                $"there is no state '{ConfigFile.Flat(odd)}'{Nearest.DidYouMean(odd, States)}",
                $"There are: {string.Join(", ", States)}"
            );
        var since = parsed.GetValue(Since) is { } text ? Moment(text, now) : DateTimeOffset.MinValue;
        return (run, isStateKnown) =>
            (site is null || run.Plan.Site == site)
            && (name is null || FileSystemName.MatchesSimpleExpression(name, run.Plan.Name, ignoreCase: false))
            && tags.All(tag => run.Tags.Contains(tag))
            && run.Created >= since
            && (
                states.Length == 0
                || !isStateKnown
                || states.Contains(run.State.Word)
                || (run.State is RunState.Ended && states.Contains("ended"))
            );
    }

    private static DateTimeOffset Moment(string text, DateTimeOffset now) =>
        Durations.TryParse(text, out var span) ? now - span
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var at) ? at
        : throw UserException.Misuse($"'{text}' is no time for --since", "Examples: 2d, 12h, 2026-03-01");
}
