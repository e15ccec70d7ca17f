using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Runs;
using Muster.Runs.Measures;

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
        var filter = new RunFilter();
        var columns = new Option<string[]>("--columns", "-c")
        {
            Description = $"Columns: {string.Join(", ", RunColumns.Known)}; metrics by name, or min:NAME and max:NAME.",
            HelpName = "COLUMN",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        var sort = new Option<string?>("--sort")
        {
            Description = "Sort by a column; with '-' before it, the greatest first.",
            HelpName = "COLUMN",
        };
        var watch = new Option<bool>("--watch", "-w")
        {
            Description = "Show it again every few seconds, until no run of the list is active.",
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
              muster ps --tag paper --state failed --since 2d
              muster ps --columns name,state,cores,memory,loss,min:val_loss --sort min:val_loss
            """
        )
        {
            all,
            cached,
            filter.Site,
            filter.Name,
            filter.State,
            filter.Tag,
            filter.Since,
            columns,
            sort,
            watch,
            adopt,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var view = RunColumns.Read(parsed.GetValue(columns) ?? [], parsed.GetValue(sort));
                var fits = filter.Read(parsed, app.Clock.GetUtcNow());
                if (parsed.GetValue(adopt) is { } from)
                    await AdoptAsync(app, from, ct);
                while (true)
                {
                    var most = parsed.GetValue(all) || filter.IsNarrow(parsed) ? int.MaxValue : 15;
                    var runs = await GatherAsync(app, fits, most, parsed.GetValue(cached), ct);
                    if (view.NeedsMeasures && !parsed.GetValue(cached))
                        await app.MeasureAsync(runs, TimeSpan.FromSeconds(10), ct);
                    if (parsed.GetValue(watch) && app.Screen.DataIsSeen)
                        app.Screen.Pass(ClearScreen, toNotes: false);
                    Show(app, runs, view);
                    if (!parsed.GetValue(watch) || !runs.Any(run => run.State.IsLive))
                        return 0;
                    await Task.Delay(TimeSpan.FromSeconds(5), app.Clock, ct);
                }
            }
        );
        return command;
    }

    private static readonly byte[] ClearScreen = [.. "\u001b[H\u001b[2J"u8];

    private static async Task<IReadOnlyList<Run>> GatherAsync(
        App app,
        Func<Run, bool, bool> fits,
        int most,
        bool cached,
        CancellationToken ct
    )
    {
        // A state can only be told once the site was asked.
        IReadOnlyList<Run> live = [.. app.Store.Live().Where(run => fits(run, false))];
        if (!cached && live.Count > 0)
        {
            app.Screen.Passing("contacting sites …");
            live = await app.Keeper.RefreshAsync(live, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct);
            await app.NotifyAsync(live, ct);
        }
        if (!cached)
            await CloudRuns.SettleAsync(app, CloudRuns.Used(app), ct);
        var ended = app.Store.Ended(most).Where(run => live.All(other => other.Id != run.Id));
        return
        [
            .. live.Concat(ended)
                .Where(run => fits(run, true))
                .OrderByDescending(run => run.Id.ToString(), StringComparer.Ordinal),
        ];
    }

    /// <summary>A table of runs, in the order given.</summary>
    public static void Show(App app, IReadOnlyList<Run> runs) => Show(app, runs, RunColumns.Read([], null));

    private static void Show(App app, IReadOnlyList<Run> runs, RunColumns view)
    {
        var measures = view.NeedsMeasures
            ? app.Measures.Summaries([.. runs.Select(run => run.Id)])
            : new Dictionary<RunId, MeasureSummary>();
        var now = app.Clock.GetUtcNow();
        runs = view.Sorted(runs, measures, now);
        if (app.Json)
        {
            app.Screen.Data(
                JsonSerializer.Serialize(
                    new RunListView(1, [.. runs.Select(run => RunView.Of(run, measures.GetValueOrDefault(run.Id)))]),
                    RunAnswers.Plain.RunListView
                )
            );
            return;
        }
        if (app.Screen.Quiet)
        {
            foreach (var run in runs)
                app.Screen.Data(run.Id.ToString());
            return;
        }
        var ids = app.Store.ShortIds();
        app.Screen.Table(
            view.Headers,
            [.. runs.Select(run => view.Row(run, measures.GetValueOrDefault(run.Id), ids, now))],
            (row, column) => view.Headers[column] == "STATE" ? RunText.Describe(runs[row], now).Tint : Tint.None
        );
        if (runs.Count == 0)
            app.Screen.Note("none", "no runs yet; start one: muster submit -- COMMAND");
    }

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
                    Tags = plan.Tags,
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
