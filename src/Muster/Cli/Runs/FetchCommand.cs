using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Transfers;

namespace Muster.Cli.Runs;

internal static class FetchCommand
{
    public static Command Create()
    {
        var selectors = AttachCommand.RunsArgument();
        var to = new Option<string?>("--to")
        {
            Description = "Local folder (default: the run's own folder in ./muster-out).",
            HelpName = "FOLDER",
        };
        var only = new Option<string[]>("--only")
        {
            Description = "Fetch only files that match this pattern.",
            HelpName = "GLOB",
            Arity = ArgumentArity.OneOrMore,
        };
        var follow = new Option<bool>("--follow", "-f")
        {
            Description = "Keep the results here in step with those of a live run, until it ends.",
        };
        var command = new Command(
            "fetch",
            """
            Download the results of runs. Files that are already here are skipped.

              muster fetch                     the last run
              muster fetch train train-2       each into a folder of its own below ./muster-out
              muster fetch train --only '*.csv' --to results
              muster fetch train --follow      again and again while it runs; Ctrl-C stops only this
            """
        )
        {
            selectors,
            to,
            only,
            follow,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var runs = RunSelector.GetAll(app.Store, parsed.GetValue(selectors)!);
                if (runs.Count > 1 && parsed.GetValue(to) is not null)
                    throw UserException.Misuse(
                        $"--to names one folder, but {Words.Count(runs.Count, "run")} are to be fetched",
                        "Leave --to out: each run has a folder of its own below ./muster-out."
                    );
                if (parsed.GetValue(follow))
                    runs = await FetchFollow.UntilEndAsync(
                        app,
                        runs,
                        parsed.GetValue(to),
                        parsed.GetValue(only) ?? [],
                        ct
                    );
                foreach (var run in runs)
                    await BringAsync(app, run, parsed.GetValue(to), parsed.GetValue(only) ?? [], always: true, ct);
                await CloudRuns.SettleAsync(app, [.. runs.Select(run => run.Plan.Site).Distinct()], ct);
                return 0;
            }
        );
        return command;
    }

    /// <param name="always">Say it, and remember the place, also when there was nothing to bring.</param>
    /// <param name="steps">What is done with them then; none: what the run's recipe wants done with whole
    /// results.</param>
    /// <param name="onlyNews">Say only what came, as it is asked for again and again.</param>
    public static async Task BringAsync(
        App app,
        Run run,
        string? to,
        IReadOnlyList<string> only,
        bool always,
        CancellationToken ct,
        IReadOnlyList<IReadOnlyList<string>>? steps = null,
        bool onlyNews = false
    )
    {
        var hosts = run.Plan.Hosts();
        var above = Path.GetFullPath("muster-out");
        var folder = to is null ? ResultFolder.For(run, above) : Path.GetFullPath(to);
        // Ranks on several hosts may have given their results the same names.
        var some = false;
        foreach (var host in hosts)
            some |= await BringAsync(
                app,
                run,
                host,
                Path.Combine(folder, hosts.Count > 1 && !run.Plan.MergeResults ? host! : ""),
                to is null,
                only,
                always,
                onlyNews,
                ct
            );
        if (
            some
            && to is null
            && ResultFolder.Link(app.Store.Named(run.Plan.Series ?? run.Plan.Name), above) is { } unlinked
        )
            app.Screen.Note("note", unlinked, Tint.Yellow);
        if (only.Count == 0 && run.State is RunState.Ended)
            app.Store.Change(run.Id, known => known with { FetchedAt = app.Clock.GetUtcNow() });
        if (some)
            await AfterFetch.RunAsync(app, steps ?? (only.Count == 0 ? run.Plan.AfterFetch : []), folder, ct);
    }

    private static async Task<bool> BringAsync(
        App app,
        Run run,
        string? host,
        string to,
        bool keepOut,
        IReadOnlyList<string> only,
        bool always,
        bool onlyNews,
        CancellationToken ct
    )
    {
        var site = app.OpenSite(run.Plan.Site);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(to));
        var existed = Directory.Exists(target);
        var began = app.Clock.GetTimestamp();
        var fetch = new ResultFetch(
            site.HostOf(host),
            run.Plan.FolderOn(host),
            $"{site.Root}/runs/{run.Plan.FolderOn(host)}/out",
            target
        )
        {
            Part = run.Plan.MergeResults ? host : null,
        };
        var report = await fetch.FetchAsync(only, new TransferLine(app.Screen, "fetching", app.Clock), ct);
        if (run.Plan.Machine is not null && only.Count == 0)
            // They go with the machine.
            await new ResultFetch(
                site.HostOf(host),
                $"{run.Plan.FolderOn(host)}/logs",
                $"{site.Root}/runs/{run.Plan.FolderOn(host)}/logs",
                Path.Combine(target, "logs")
            ).FetchAsync([], new TransferLine(app.Screen, "fetching", app.Clock), ct);
        foreach (var warning in onlyNews ? [] : report.Warnings)
            app.Screen.Note("note", warning, Tint.Yellow);
        foreach (var kept in onlyNews ? [] : report.Kept)
            app.Screen.Note(
                "note",
                $"kept your {kept}; saved {(run.Plan.MergeResults ? $"that of {host}" : "the run's")} as {kept}.new",
                Tint.Yellow
            );
        var some = report.FilesFetched > 0 || report.FilesHere > 0;
        if (!some && !existed)
            RemoveEmpty(target);
        if (some && keepOut)
            KeepOutOfGit(Path.GetFullPath("muster-out"));
        if (some)
            app.Store.Change(
                run.Id,
                known =>
                    known with
                    {
                        FetchedTo =
                            run.Plan.Hosts().Count > 1 && !run.Plan.MergeResults
                                ? Path.GetDirectoryName(target)
                                : target,
                    }
            );
        if (onlyNews && report.FilesFetched == 0)
            return some;
        if (app.Json && (always || onlyNews))
        {
            app.Screen.Data(
                System.Text.Json.JsonSerializer.Serialize(
                    new FetchView(
                        1,
                        run.Id.ToString(),
                        target,
                        report.FilesFetched,
                        report.BytesFetched,
                        report.FilesHere,
                        report.Kept
                    ),
                    RunAnswers.Plain.FetchView
                )
            );
        }
        else if (some || always)
        {
            app.Screen.Note(
                "fetched",
                some
                        ? $"{Words.Count(report.FilesFetched, "file")}, {Words.Size(report.BytesFetched)} in "
                            + $"{Words.Duration(app.Clock.GetElapsedTime(began))} to "
                            + $"{Path.GetRelativePath(Directory.GetCurrentDirectory(), target)}"
                            + (report.FilesHere > 0 ? $"; {Words.Count(report.FilesHere, "file")} already here" : "")
                    : report.Unwanted > 0 && only.Count > 0
                        ? $"nothing: none of {Words.Count(report.Unwanted, "file")} matches "
                            + $"{string.Join(", ", only.Select(glob => $"'{glob}'"))}"
                    : "nothing to fetch: the run has no results",
                some ? Tint.Green : Tint.None
            );
        }
        return some;
    }

    private static void RemoveEmpty(string folder)
    {
        if (
            Directory.Exists(folder)
            && Directory.GetFileSystemEntries(folder) is [var only]
            && FetchRecord.IsOne(Path.GetFileName(only))
        )
            File.Delete(only);
        foreach (var empty in (string[])[folder, Path.GetDirectoryName(folder)!])
        {
            if (Directory.Exists(empty) && !Directory.EnumerateFileSystemEntries(empty).Any())
                Directory.Delete(empty);
        }
    }

    /// <summary>Results are not code: the next snapshot must not take them along.</summary>
    public static void KeepOutOfGit(string folder)
    {
        var ignore = Path.Combine(folder, ".gitignore");
        if (!File.Exists(ignore))
            File.WriteAllText(ignore, "*\n");
    }
}

/// <summary>What `fetch --json` answers.</summary>
public sealed record FetchView(
    int Schema,
    string Id,
    string Folder,
    int Files,
    long Bytes,
    int FilesThere,
    IReadOnlyList<string> Kept
);
