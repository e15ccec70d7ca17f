using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;
using Muster.Sites.Reading;

namespace Muster.Cli.Runs;

internal static class AttachCommand
{
    public static Argument<string> RunArgument(string about = "Run: `last`, a name, or an ID prefix.") =>
        new("RUN") { Description = about };

    public static Command Create()
    {
        var selector = RunArgument();
        var onInterrupt = OnInterruptOption();
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
                            $"Submit it again: `muster rerun {run.Id.Short}`. Files that were uploaded are not sent "
                                + "again."
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
            Description = "What Ctrl-C does: ask, detach or cancel (default: ask).",
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
