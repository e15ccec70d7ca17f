using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Runs;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli.Runs;

internal static class PsCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all", "-a") { Description = "Include runs that ended long ago." };
        var cached = new Option<bool>("--cached")
        {
            Description = "Show what is known locally, without contacting any site.",
        };
        var site = new Option<string?>("--site", "-s")
        {
            Description = "Show only runs on this site.",
            HelpName = "SITE",
        };
        var adopt = new Option<string?>("--adopt")
        {
            Description = "Adopt the runs on a site that were submitted from another machine.",
            HelpName = "SITE",
        };
        var command = new Command(
            "ps",
            """
            List active and recently finished runs.

              muster ps                    all that are active, and the 15 that ended last
              muster ps --all -s cedar     everything on one site
              muster ps --cached           without contacting any site
            """
        )
        {
            all,
            cached,
            site,
            adopt,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                if (parsed.GetValue(adopt) is { } from)
                    await AdoptAsync(app, from, ct);
                var live = app.Store.Live();
                if (parsed.GetValue(site) is { } only)
                    live = [.. live.Where(run => run.Plan.Site == only)];
                if (!parsed.GetValue(cached) && live.Count > 0)
                {
                    app.Screen.Passing("contacting sites …");
                    live = await app.Keeper.RefreshAsync(live, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct);
                    await app.NotifyAsync(live, ct);
                }
                if (!parsed.GetValue(cached))
                    await CloudRuns.SettleAsync(app, CloudRuns.Used(app), ct);
                var ended = app
                    .Store.Ended(parsed.GetValue(all) ? int.MaxValue : 15)
                    .Where(run => live.All(other => other.Id != run.Id));
                if (parsed.GetValue(site) is { } wanted)
                    ended = ended.Where(run => run.Plan.Site == wanted);
                Show(app, [.. live.Concat(ended).OrderByDescending(run => run.Id.ToString(), StringComparer.Ordinal)]);
                return 0;
            }
        );
        return command;
    }

    /// <summary>A table of runs, in the order given.</summary>
    public static void Show(App app, IReadOnlyList<Run> runs)
    {
        if (app.Json)
        {
            app.Screen.Data(
                JsonSerializer.Serialize(new RunListView(1, [.. runs.Select(RunView.Of)]), RunAnswers.Plain.RunListView)
            );
            return;
        }
        if (app.Screen.Quiet)
        {
            foreach (var run in runs)
                app.Screen.Data(run.Id.ToString());
            return;
        }
        var now = app.Clock.GetUtcNow();
        var ids = app.Store.ShortIds();
        var rows = runs.Select(run =>
                (IReadOnlyList<string>)
                    [
                        ids.Of(run.Id),
                        run.Plan.Name,
                        RunText.Place(run),
                        run.State.Word,
                        Words.Duration(now - run.Created),
                        Before(run) + Words.Command(run.Plan.Command),
                    ]
            )
            .ToList();
        app.Screen.Table(
            ["ID", "NAME", "SITE", "STATE", "AGE", "WHAT"],
            rows,
            (row, column) => column == StateColumn ? RunText.Describe(runs[row], now).Tint : Tint.None
        );
        if (runs.Count == 0)
            app.Screen.Note("none", "no runs yet; start one: muster submit -- COMMAND");
    }

    private const int StateColumn = 3;

    /// <summary>What is to be known before the command: why it does not run, or how it ended.</summary>
    private static string Before(Run run) =>
        (
            run.State.IsLive && run.UnreachableSince is { } since
                ? $"unreachable since {since.ToLocalTime():HH:mm}; "
                : ""
        )
        + run.State switch
        {
            RunState.Ended { Code: > 0 and var code } => $"code {code}: ",
            RunState.Queued(_, var reason) => $"{SlurmReason.Of(reason).Meaning}: ",
            RunState.Planned or RunState.Staging when RunKeeper.IsAbandoned(run) => "submission interrupted: ",
            RunState.Planned when run.Waits is { } waits => $"{waits}: ",
            _ => "",
        };

    /// <summary>Everything there is to know of a run lies in its folder on the site.</summary>
    private static async Task AdoptAsync(App app, string siteName, CancellationToken ct)
    {
        var adopted = 0;
        foreach (var found in await new Adoption(app.OpenSite(siteName)).LookAsync(ct))
        {
            if (found.Why is { } why)
                app.Screen.Note("note", $"not adopted: {found.Folder}: {why}", Tint.Yellow);
            if (found.Plan is not { } plan || app.Store.Find(plan.Id) is not null)
                continue;
            app.Store.Add(
                new Run
                {
                    Plan = plan,
                    Created = plan.Id.Time,
                    State = new RunState.Staging(),
                    Adopted = true,
                }
            );
            adopted++;
        }
        app.Screen.Note("adopted", Words.Count(adopted, "run"));
    }
}
