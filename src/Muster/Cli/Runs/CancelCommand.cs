using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;

namespace Muster.Cli.Runs;

internal static class CancelCommand
{
    public static Command Create()
    {
        var selectors = new Argument<string[]>("RUN")
        {
            Description = "Runs: `last`, names, or IDs as `ps` shows them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var hard = new Option<bool>("--hard")
        {
            Description = "Kill the SLURM job immediately instead of asking it to stop first.",
        };
        var detach = new Option<bool>("--detach", "-d")
        {
            Description = "Request cancellation and return without waiting.",
        };
        var command = new Command(
            "cancel",
            "Cancel runs and their child processes. If a site cannot be reached, the request is kept and applied later."
        )
        {
            selectors,
            hard,
            detach,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var runs = parsed
                    .GetValue(selectors)!
                    .Select(selector => RunSelector.Get(app.Store, selector))
                    .ToList();
                var told = new HashSet<RunId>();
                foreach (var run in runs)
                    if (await CancelAsync(app, run, parsed.GetValue(hard), ct))
                        told.Add(run.Id);
                var code = 0;
                foreach (var run in runs)
                {
                    var patience = told.Contains(run.Id) ? Unseen : TimeSpan.Zero;
                    var after = parsed.GetValue(detach)
                        ? app.Store.Find(run.Id)!
                        : await EndedAsync(app, run, patience, ct);
                    if (app.Json)
                        app.Screen.Data(JsonSerializer.Serialize(RunView.Of(after), RunAnswers.Plain.RunView));
                    if (after.State is RunState.Ended)
                        app.Screen.Note(
                            after.State.Word,
                            $"{after.Plan.Name}: {RunText.Describe(after, app.Clock.GetUtcNow()).Text}"
                        );
                    else if (!parsed.GetValue(detach))
                    {
                        code = ExitCodes.Unknown;
                        if (told.Contains(run.Id))
                            app.Screen.Note(
                                "noted",
                                $"{after.Plan.Name} has not been seen to end yet; the cancel request is kept: "
                                    + "muster ps",
                                Tint.Yellow
                            );
                    }
                }
                foreach (var run in runs.Where(run => run.Plan.Machine is not null))
                {
                    await CloudRuns.SettleAsync(app, [run.Plan.Site], ct);
                    CloudRuns.TellKept(app, app.Store.Find(run.Id)!);
                }
                return code;
            }
        );
        return command;
    }

    /// <summary>
    /// Leaves the request. A site that cannot be reached gets it later, whenever this machine next looks at the run.
    /// </summary>
    public static async Task<bool> CancelAsync(App app, Run run, bool hard, CancellationToken ct)
    {
        try
        {
            await app.Keeper.CancelAsync(run.Id, hard, ct);
            return true;
        }
        catch (HostUnreachableException fault)
        {
            app.Store.Change(run.Id, known => RunJudge.Unseen(known, app.Clock.GetUtcNow()));
            app.Screen.Note(
                "noted",
                $"{fault.Message}. The request to cancel {run.Plan.Name} is kept and applied as soon as "
                    + "the site answers: "
                    + "muster ps",
                Tint.Yellow
            );
            return false;
        }
    }

    /// <summary>How long a site may be silent that has taken the request: it does its part, seen or not.</summary>
    private static readonly TimeSpan Unseen = TimeSpan.FromSeconds(30);

    private static async Task<Run> EndedAsync(App app, Run run, TimeSpan patience, CancellationToken ct)
    {
        var began = app.Clock.GetTimestamp();
        var hardened = false;
        var pause = TimeSpan.FromMilliseconds(200);
        while (true)
        {
            run = (
                await app.Keeper.RefreshAsync(
                    [app.Store.Find(run.Id)!],
                    TimeSpan.FromSeconds(10),
                    TimeSpan.FromSeconds(10),
                    ct
                )
            ).Single();
            var waited = app.Clock.GetElapsedTime(began);
            if (!run.State.IsLive || waited > TimeSpan.FromMinutes(2))
                return run;
            if (app.Clock.GetUtcNow() - run.UnreachableSince >= patience)
                return run;
            if (!hardened && waited > TimeSpan.FromSeconds(20))
            {
                // Its supervisor had its time to end it in good order.
                hardened = true;
                await CancelAsync(app, run, hard: true, ct);
            }
            app.Screen.Passing($"waiting for the end of {run.Plan.Name}, {Words.Duration(waited)}");
            await Task.Delay(pause, ct);
            pause = TimeSpan.FromMilliseconds(Math.Min(3000, pause.TotalMilliseconds * 1.3));
        }
    }
}
