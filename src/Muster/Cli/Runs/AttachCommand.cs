using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;

namespace Muster.Cli.Runs;

internal static class AttachCommand
{
    /// <summary>One run; the newest where none is named.</summary>
    public static Argument<string> RunArgument() =>
        new("RUN")
        {
            Description = "Run: `last`, a name, or an ID as `ps` shows it.",
            DefaultValueFactory = _ => RunNames.Last,
        };

    /// <summary>Runs; the newest where none is named.</summary>
    public static Argument<string[]> RunsArgument() =>
        new("RUN")
        {
            Description = "Runs: `last`, names, or IDs as `ps` shows them.",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => [RunNames.Last],
        };

    public static Command Create()
    {
        var selector = RunArgument();
        var onInterrupt = CtrlC.Option();
        var noFetch = new Option<bool>("--no-fetch") { Description = "Do not fetch results when the run ends." };
        var command = new Command("attach", "Reattach to a run: show its log, forward its ports, wait for its end.")
        {
            selector,
            onInterrupt,
            noFetch,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
                if (RunKeeper.IsAbandoned(run))
                {
                    run = await app.Keeper.FinishAsync(run.Id, ct);
                    if (run.State is RunState.Planned or RunState.Staging)
                    {
                        await app.Keeper.RefreshAsync([run], TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct);
                        throw new UserException(
                            $"{run.Plan.Name} was interrupted before everything was uploaded; nothing was started",
                            $"Submit it again: `muster rerun {app.IdOf(run)}`. Files that were uploaded are not sent "
                                + "again."
                        );
                    }
                }
                if (RunTerminal.Fits(run) && !app.Json)
                    return await new RunTerminal(app).ReturnAsync(run, !parsed.GetValue(noFetch), ct);
                using var ctrlC = new CtrlC(app, parsed.GetValue(onInterrupt));
                await using var attachment = new Attachment(app, ctrlC);
                return await attachment.FollowAsync(run, fetch: !parsed.GetValue(noFetch), logs: true, ct);
            }
        );
        return command;
    }
}
