using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Tidy;
using Muster.Sites.Schedulers;
using Muster.Snapshots;

namespace Muster.Cli.Runs;

internal static class RmCommand
{
    /// <summary>Content that no run holds any longer is kept for so long, as the next run may need it.</summary>
    private static readonly TimeSpan ContentAge = TimeSpan.FromDays(30);

    public static Command Create()
    {
        var selectors = new Argument<string[]>("RUN")
        {
            Description = "Runs that have ended: `last`, names, or IDs as `ps` shows them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var force = new Option<bool>("--force", "-f")
        {
            Description = "Also remove runs whose results were not fetched, and lost runs.",
        };
        var forget = new Option<bool>("--forget")
        {
            Description = "Remove only what this machine knows of the runs; leave their sites untouched.",
        };
        var command = new Command(
            "rm",
            """
            Remove runs: their folders on their sites, the snapshots of their code, and what this machine knows of them. Fetched results stay.

              muster rm train-3
              muster rm train-1 train-2 --yes
              muster rm old --forget          when its site no longer exists
            """
        )
        {
            selectors,
            force,
            forget,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var (forced, only) = (parsed.GetValue(force), parsed.GetValue(forget));
                var runs = RunSelector.GetAll(app.Store, parsed.GetValue(selectors)!);
                foreach (var run in runs)
                    Check(app, run);
                var found = new List<Found>();
                foreach (var run in runs)
                    found.Add(await LookAsync(app, run, only, ct));
                foreach (var one in found.Where(_ => !forced && !only))
                    CheckLoss(one);
                Ask(app, found, only);
                var removed = new List<RemovedView>();
                foreach (var one in found)
                    removed.Add(await RemoveAsync(app, one, ct));
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(new RemovedListView(1, removed), RunAnswers.Plain.RemovedListView)
                    );
            }
        );
        return command;
    }

    private static void Check(App app, Run run)
    {
        if (run.State.IsLive)
            throw new UserException(
                $"{run.Plan.Name} has not ended: it is {run.State.Word}",
                $"Cancel it first: muster cancel {run.Id.Short}"
            );
        if (app.Store.Live().FirstOrDefault(live => live.Plan.After.Any(after => after.Id == run.Id)) is { } waits)
            throw new UserException(
                $"{waits.Plan.Name} waits for {run.Plan.Name} (--after)",
                $"Remove it when that has ended, or cancel that: muster cancel {waits.Id.Short}"
            );
    }

    private static void CheckLoss(Found found)
    {
        var run = found.Run;
        if (found.Results > 0 && run.FetchedTo is null)
            throw new UserException(
                $"the results of {run.Plan.Name} were not fetched: {Words.Count(found.Results, "file")} on {run.Plan.Site}",
                $"Fetch them first: muster fetch {run.Id.Short}; or remove them too with --force."
            );
        if (run.State is RunState.Ended { Outcome: Outcome.Lost } && found.Folders.Count > 0)
            throw new UserException(
                $"{run.Plan.Name} is lost: nobody knows whether it still runs",
                $"See why: muster why {run.Id.Short}; to remove it all the same: --force."
            );
    }

    private static async Task<Found> LookAsync(App app, Run run, bool only, CancellationToken ct)
    {
        if (only)
            return new(run, []);
        if (app.Config.Find(run.Plan.Site) is null && !File.Exists(run.Plan.Site))
            throw new UserException(
                $"{run.Plan.Name} is on {run.Plan.Site}, which is no site any more",
                $"Add the site again, or remove only what is known here: muster rm {run.Id.Short} --forget"
            );
        var site = app.OpenSite(app.GetSite(run.Plan.Site));
        var folders = new List<OldFolder>();
        // What a cloud's machine held went with the machine.
        foreach (var host in run.Plan.Hosts().Where(host => site.Cloud is null || site.HostNames.Contains(host ?? "")))
        {
            app.Screen.Passing($"looking at {host ?? run.Plan.Site} …");
            var tidy = new SiteTidy(site.HostOf(host), site.Root);
            foreach (var old in await tidy.LookAsync(TimeSpan.FromDays(36500), [run.Plan.FolderOn(host)], ct))
                if (old.Folder == run.Plan.FolderOn(host))
                    folders.Add(new(tidy, old));
        }
        return new(run, folders);
    }

    private static void Ask(App app, List<Found> found, bool only)
    {
        if (!app.Json && !app.Screen.Quiet)
            app.Screen.Table(
                ["RUN", "NAME", "SITE", "SIZE THERE", "RESULTS"],
                [
                    .. found.Select(one =>
                        (IReadOnlyList<string>)
                            [
                                one.Run.Id.Short,
                                one.Run.Plan.Name,
                                one.Run.Plan.Site,
                                only ? "stays" : Words.Size(one.Bytes),
                                one.Run.FetchedTo is null ? "not fetched" : "fetched",
                            ]
                    ),
                ]
            );
        if (app.Yes)
            return;
        var what = $"Remove {Words.Count(found.Count, "run")}? [y]es [n]o";
        if (!app.Screen.MayAsk || app.Json)
            throw new UserException("nothing was removed, because it was not confirmed", "Confirm with --yes.");
        if (app.Screen.Ask(what, "yn") is not 'y')
            throw new UserException("nothing was removed", "Answer y to remove them.");
    }

    /// <summary>The record here goes last, so that whatever was interrupted can be done again.</summary>
    private static async Task<RemovedView> RemoveAsync(App app, Found found, CancellationToken ct)
    {
        var run = found.Run;
        foreach (var (tidy, old) in found.Folders)
            if ((await tidy.RemoveAsync(ContentAge, [old.Folder], ct)).Stays.Count > 0)
                throw new UserException(
                    $"the folder of {run.Plan.Name} could not be moved: runs/{old.Folder} on {run.Plan.Site}",
                    "Look at its permissions there, or remove only what is known here with --forget."
                );
        if (run.Plan.Commit is not null && Directory.Exists(run.Plan.WorkingFolder))
            await GitSnapshot.ForgetAsync(run.Plan.WorkingFolder, new RunRef(run.Id.ToString()), ct);
        // Runs that were done again read the same.
        long? here = null;
        foreach (var input in KeptInput.OnlyOf(app, [run], _ => true, null))
        {
            KeptInput.Forget(input);
            here = (here ?? 0) + input.Bytes;
        }
        app.Store.Remove(run.Id);
        var also = here is { } bytes ? $", and {Words.Size(bytes)} of standard input here" : "";
        app.Screen.Note("removed", $"{run.Plan.Name} ({Words.Size(found.Bytes)} on {run.Plan.Site}{also})");
        return new(run.Id.ToString(), run.Plan.Name, run.Plan.Site, found.Bytes, here, run.FetchedTo);
    }

    private sealed record OldFolder(SiteTidy Tidy, OldRun Old);

    private sealed record Found(Run Run, IReadOnlyList<OldFolder> Folders)
    {
        public long Bytes => Folders.Sum(folder => folder.Old.Bytes);
        public int Results => Folders.Sum(folder => folder.Old.Results);
    }
}

internal sealed record RemovedListView(int Schema, IReadOnlyList<RemovedView> Runs);

/// <param name="Bytes">What went on the site.</param>
/// <param name="InputBytes">What was kept here as its standard input, and went, too.</param>
internal sealed record RemovedView(
    string Id,
    string Name,
    string Site,
    long Bytes,
    long? InputBytes,
    string? FetchedTo
);
