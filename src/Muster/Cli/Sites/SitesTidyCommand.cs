using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Tidy;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Sites;

internal static class SitesTidyCommand
{
    private static readonly TimeSpan Youngest = TimeSpan.FromHours(1);

    public static Command Create()
    {
        var names = new Argument<string[]>("SITE") { Description = "Sites to tidy.", Arity = ArgumentArity.OneOrMore };
        var older = new Option<string>("--older")
        {
            Description = "Remove runs that ended at least this long ago.",
            HelpName = "TIME",
            DefaultValueFactory = _ => "30d",
        };
        var unfetched = new Option<bool>("--unfetched")
        {
            Description = "Also remove runs whose results were not fetched to this machine.",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be removed without removing it." };
        var command = new Command(
            "tidy",
            "Remove old runs from sites, with the content and container images that no run needs any longer. What is "
                + "known here of the runs stays; `muster rm` removes that too."
        )
        {
            names,
            older,
            unfetched,
            dryRun,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                if (!Durations.TryParse(parsed.GetValue(older)!, out var age))
                    throw UserException.Misuse(
                        $"'{parsed.GetValue(older)}' is not a valid duration for --older",
                        "Examples: 30d, 12h"
                    );
                if (age < Youngest)
                    throw UserException.Misuse(
                        "--older is less than an hour",
                        "Runs that have just ended may still be in use. The minimum is 1h."
                    );
                var views = new List<TidyView>();
                foreach (var site in parsed.GetValue(names)!.Select(app.GetSite))
                {
                    var open = app.OpenSite(site);
                    foreach (var host in open.IsHere ? [null] : open.HostNames.Cast<string?>())
                    {
                        views.Add(
                            await TidyAsync(
                                app,
                                open,
                                host,
                                age,
                                parsed.GetValue(unfetched),
                                parsed.GetValue(dryRun),
                                isFirst: views.Count == 0,
                                ct
                            )
                        );
                    }
                }
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(new TidyListView(1, views), SiteAnswers.Plain.TidyListView)
                    );
                return views.All(view => view.Stays.Count == 0) ? ExitCodes.Done : ExitCodes.Fault;
            }
        );
        return command;
    }

    private static async Task<TidyView> TidyAsync(
        App app,
        OpenSite site,
        string? host,
        TimeSpan age,
        bool unfetched,
        bool dryRun,
        bool isFirst,
        CancellationToken ct
    )
    {
        var where = host is null || host == site.Site.Name ? site.Site.Name : $"{site.Site.Name}:{host}";
        var tidy = new SiteTidy(site.HostOf(host), site.Root);
        app.Screen.Passing($"looking at {where} …");
        var since = app.Clock.GetUtcNow() - age;
        // A lost run is not known to have ended.
        var ended = app
            .Store.Ended(int.MaxValue)
            .Where(run =>
                run.Plan.Site == site.Site.Name
                && (host is null || run.Plan.Host is null || run.Plan.Hosts().Contains(host))
                && run.State is RunState.Ended { Outcome: not Outcome.Lost } end
                && end.At < since
            );
        var old = await tidy.LookAsync(age, ended.Select(run => run.Plan.FolderOn(host)), ct);
        var known = old.Select(run => run.Id).Distinct().ToDictionary(id => id, app.Store.Find);
        var going = old.Where(run => unfetched || run.Results == 0 || known[run.Id]?.FetchedTo is not null).ToList();
        var kept = old.Except(going).ToList();

        var images = await tidy.ImagesAsync(age, remove: false, ct);
        var inputs = KeptInput.OnlyOf(
            app,
            [.. going.Select(run => known[run.Id]).OfType<Run>()],
            run => run.State is not RunState.Ended end || end.At >= since || kept.Any(one => one.Id == run.Id),
            isFirst ? age : null
        );
        var inputBytes = inputs.Sum(input => input.Bytes ?? 0);

        if (!app.Json)
            Show(app, where, old, kept, known, images);
        if (inputs.Count > 0)
            app.Screen.Note(
                "input",
                $"{Words.Size(inputBytes)} kept here as standard input of {Words.Count(inputs.Count, "run")}: goes, too"
            );
        var agreed =
            !dryRun
            && (
                app.Yes
                || (
                    app.Screen.MayAsk
                    && !app.Json
                    && app.Screen.Ask(
                        $"Remove {Words.Count(going.Count, "run")} and unused content and images from {where}? "
                            + "[y]es [n]o",
                        "yn"
                    )
                        is 'y'
                )
            );
        if (!agreed)
        {
            if (!dryRun && !app.Screen.MayAsk)
                throw new UserException(
                    $"{where}: nothing was removed, because it was not confirmed",
                    "Review with --dry-run, then confirm with --yes."
                );
            return new(
                site.Site.Name,
                host,
                [.. going.Select(View)],
                [.. kept.Select(View)],
                images,
                false,
                [],
                0,
                0,
                inputBytes
            );
        }
        var report = await tidy.RemoveAsync(age, going.Select(run => run.Folder), ct);
        foreach (var input in inputs)
            KeptInput.Forget(input);
        // Some had only been named by the runs that are gone now.
        images = await tidy.ImagesAsync(age, remove: true, ct);
        app.Screen.Note(
            "removed",
            $"{where}: {Words.Count(report.Gone.Count, "run")}, {Words.Size(going.Sum(run => run.Bytes))}; "
                + $"{Words.Count(report.FilesSwept, "file")} not used by any run, {Words.Size(report.BytesSwept)}"
                + (
                    images.Count == 0
                        ? ""
                        : $"; {Words.Count(images.Count, "image")}, {Words.Size(images.Sum(image => image.Bytes))}"
                ),
            Tint.Green
        );
        foreach (var folder in report.Stays)
            app.Screen.Note("stays", $"{folder}: its folder could not be moved", Tint.Yellow);
        return new(
            site.Site.Name,
            host,
            [.. going.Select(View)],
            [.. kept.Select(View)],
            images,
            true,
            report.Stays,
            report.FilesSwept,
            report.BytesSwept,
            inputBytes
        );

        OldRunView View(OldRun run) =>
            new(run.Id.ToString(), known[run.Id]?.Plan.Name, run.Bytes, run.Results, known[run.Id]?.FetchedTo);
    }

    private static void Show(
        App app,
        string where,
        IReadOnlyList<OldRun> old,
        IReadOnlyList<OldRun> kept,
        Dictionary<RunId, Run?> known,
        IReadOnlyList<OldImage> images
    )
    {
        var screen = app.Screen;
        if (screen.Quiet)
        {
            foreach (var run in old.Except(kept))
                screen.Data(run.Id.ToString());
            return;
        }
        foreach (var image in images)
            screen.Note("image", $"{image.Name}, {Words.Size(image.Bytes)}: no run uses it");
        var ids = app.Store.ShortIds();
        var rows = old.Select(run =>
                (IReadOnlyList<string>)
                    [
                        ids.Of(run.Id),
                        known[run.Id]?.Plan.Name ?? "-",
                        Words.Size(run.Bytes),
                        $"{run.Results}",
                        kept.Contains(run)
                            ? known[run.Id] is null
                                ? "kept: from another machine, results not fetched here"
                                : "kept: results not fetched"
                            : "goes",
                    ]
            )
            .ToList();
        if (rows.Count == 0)
            screen.Note(where, "no runs older than that");
        else
            screen.Table(["RUN", "NAME", "SIZE", "RESULTS", ""], rows);
    }
}

internal sealed record TidyListView(int Schema, IReadOnlyList<TidyView> Sites);

/// <param name="InputBytes">What was kept here as standard input of the runs.</param>
internal sealed record TidyView(
    string Site,
    string? Host,
    IReadOnlyList<OldRunView> Runs,
    IReadOnlyList<OldRunView> Kept,
    IReadOnlyList<OldImage> Images,
    bool Removed,
    IReadOnlyList<string> Stays,
    int FilesSwept,
    long BytesSwept,
    long InputBytes
);

internal sealed record OldRunView(string Id, string? Name, long Bytes, int Results, string? FetchedTo);
