using System.CommandLine;
using Muster.Cli.Context;
using Muster.Configuration;
using Muster.Faults;
using Muster.Runs;
using Muster.Shell;
using Muster.Sites.Reading;

namespace Muster.Cli.Runs;

/// <summary>A submission of a job: its options and what was typed, parsed as one command line.</summary>
internal sealed record JobCall(JobDraft Draft, ParseResult Parsed, IReadOnlyList<string> Command);

/// <summary>Finds the job that a submission names, and puts what was typed over it.</summary>
internal static class JobWords
{
    /// <summary>The jobs known in this folder, the one beside the code first; of one name, the nearest.</summary>
    public static IReadOnlyList<JobDraft> Known(ConfigSources sources, Func<MusterConfig> config) =>
        [
            .. (JobReader.FindBeside(sources) is { } beside ? [beside] : Array.Empty<JobDraft>())
                .Concat(config().Jobs)
                .DistinctBy(job => job.Name),
        ];

    /// <summary>Null where a command is submitted, and not a job.</summary>
    public static JobCall? Find(MusterRoot root, ParseResult parsed, SplitWords split)
    {
        if (parsed.CommandResult.Command is not SubmitCommand command || parsed.Action != command.Action)
            return null;
        var words = split.Command;
        if (words.Length == 0 || (split.AfterDashes && words[0].StartsWith('-')))
            return command.NeedsNoCommand(parsed) ? null : Beside(root, command, split);
        if (split.AfterDashes || Named(words[0]) is not { } job)
            return null;
        var dashes = Array.IndexOf(words, "--");
        var options = dashes < 0 ? words[1..] : words[1..dashes];
        return Over(root, command, job, [.. split.Options, .. options], dashes < 0 ? [] : words[(dashes + 1)..]);
    }

    private static JobDraft? Named(string word)
    {
        var sources = LocalSources.Find();
        if (word.EndsWith(JobReader.FileEnding, StringComparison.Ordinal) && File.Exists(word))
            return JobReader.ReadFile(Path.GetFullPath(word), sources);
        return JobReader.IsName(word)
            ? Known(sources, () => ConfigReader.Read(sources)).FirstOrDefault(job => job.Name == word)
            : null;
    }

    private static JobCall? Beside(MusterRoot root, SubmitCommand command, SplitWords split)
    {
        var sources = LocalSources.Find();
        if (JobReader.FindBeside(sources) is { } beside)
            return Over(root, command, beside, split.Options, split.Command);
        var known = ConfigReader.Read(sources).Jobs;
        return known.Count == 0 || split.Command.Length > 0
            ? null
            : throw UserException.Misuse(
                "no command and no job given",
                $"Jobs: {string.Join(", ", known.Select(job => job.Name))}. `muster {command.Name} JOB` runs one, "
                    + $"`muster {command.Name} -- COMMAND` a command."
            );
    }

    private static JobCall Over(
        MusterRoot root,
        SubmitCommand command,
        JobDraft job,
        IReadOnlyList<string> typed,
        IReadOnlyList<string> words
    )
    {
        var here = root.Parse(typed);
        if (here.Errors.Count > 0 && here.UnmatchedTokens is [var stray, ..] && !stray.StartsWith('-'))
            throw UserException.Misuse(
                $"{job.Name} is a job ({job.Origin}), and '{stray}' is no option of it",
                $"To run a program of that name: muster {command.Name} -- {job.Name} {stray} …"
            );
        var (ownWords, isText) = CommandOf(job, words);
        List<string> all = [.. typed];
        if (here.Errors.Count == 0)
            foreach (var option in job.Options)
                all.AddRange(Typed(command, job, option, here));
        if (isText && !all.Contains("--raw=true"))
            all.Add("--raw=true");
        return new(job, root.Parse(all), ownWords);
    }

    /// <summary>An option of the job as it would be typed, less what was typed for it.</summary>
    private static IEnumerable<string> Typed(SubmitCommand command, JobDraft job, JobOption option, ParseResult here)
    {
        var name = "--" + option.Name;
        var known =
            command.Options.FirstOrDefault(one => one.Name == name)
            ?? throw UserException.Misuse(
                $"job {job.Name} ({job.Origin}) has `{option.Name}`, which muster {command.Name} does not take",
                $"Remove it, or: muster submit {job.Name}"
            );
        var given = here.GetResult(known) is { Implicit: false } result ? result : null;
        if (known.Arity.MaximumNumberOfValues <= 1)
            return given is not null ? []
                : option.Name == "tensorboard" && option.Values is ["true" or "false"]
                    ? option.Values is ["true"] ? [name]
                        : []
                : [$"{name}={option.Values[0]}"];
        var names = given?.Tokens.Select(token => NameIn(option.Name, token.Value)).ToHashSet() ?? [];
        return option
            .Values.Where(value => !names.Contains(NameIn(option.Name, value)))
            .Select(value =>
                $"{name}={(option.Name == "input" && job.Folder is { } folder ? InputIn(folder, value) : value)}"
            );
    }

    /// <summary>What one value of an option is for: a variable, a port, an input …</summary>
    private static string NameIn(string option, string value) =>
        option == "input"
            ? value[(value.LastIndexOfAny([':', '/'], Math.Max(0, value.TrimEnd('/').Length - 1)) + 1)..].TrimEnd('/')
        : option is "output" or "exclude" or "tag" or "after" ? value
        : value.Split('=')[0];

    private static string InputIn(string folder, string value) =>
        PlannedInput.IsOnSite(value) ? value : Path.GetFullPath(value, folder);

    private static (IReadOnlyList<string> Words, bool IsText) CommandOf(JobDraft job, IReadOnlyList<string> words)
    {
        if (words.Count == 0)
            return (job.Command, job.IsShellText);
        if (!words[0].StartsWith('-'))
            return (words, false);
        if (job.Command.Count == 0)
            throw UserException.Misuse(
                $"job {job.Name} ({job.Origin}) has no command to which '{words[0]}' could be added",
                "Give a whole command behind '--'."
            );
        if (!job.IsShellText)
            return ([.. job.Command, .. words], false);
        return job.Command[0].Contains('\n')
            ? throw UserException.Misuse(
                $"the command of job {job.Name} ({job.Origin}) has several lines, so '{words[0]}' cannot be added to "
                    + "it",
                "Give a whole command behind '--', or pass the value as a variable: --env NAME=VALUE."
            )
            : ([$"{job.Command[0]} {string.Join(' ', words.Select(ShellText.Quote))}"], true);
    }
}
