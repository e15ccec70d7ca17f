using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;
using Muster.Sites.Reading;

namespace Muster.Cli.Runs;

internal static class AttachCommand
{
    public static Argument<string> RunArgument(string about = "A run: `last`, its name, or the beginning of its id.") =>
        new("RUN") { Description = about };

    public static Command Create()
    {
        var selector = RunArgument();
        var onInterrupt = OnInterruptOption();
        var noFetch = new Option<bool>("--no-fetch")
        {
            Description = "Leave the results on the site when the run has ended.",
        };
        var command = new Command("attach", "Follow a run again: its log from the beginning, its ports, its end.")
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
                            $"{run.Plan.Name} was interrupted before all of it had arrived; nothing was started",
                            $"Submit it again: `muster rerun {run.Id.Short}`. What has arrived is not sent twice."
                        );
                    }
                }
                await using var attachment = new Attachment(app, parsed.GetValue(onInterrupt));
                return await attachment.FollowAsync(run, fetch: !parsed.GetValue(noFetch), logs: true, ct);
            }
        );
        return command;
    }

    public static Option<OnInterrupt> OnInterruptOption() =>
        new("--on-interrupt")
        {
            Description = "What Ctrl-C does: ask (default), detach or cancel.",
            HelpName = "ask|detach|cancel",
            CustomParser = result =>
                Enum.TryParse<OnInterrupt>(result.Tokens[0].Value, ignoreCase: true, out var value)
                    ? value
                    : Wrong(result),
        };

    private static OnInterrupt Wrong(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError($"--on-interrupt takes ask, detach or cancel, not '{result.Tokens[0].Value}'");
        return OnInterrupt.Ask;
    }
}
