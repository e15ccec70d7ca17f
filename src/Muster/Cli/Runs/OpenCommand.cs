using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Sites.Reading;

namespace Muster.Cli.Runs;

internal static class OpenCommand
{
    public static Command Create()
    {
        var selector = AttachCommand.RunArgument();
        var only = new Argument<string?>("PORT")
        {
            Description = "Open only the port with this name.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var noBrowser = new Option<bool>("--no-browser")
        {
            Description = "Print the addresses without opening a browser.",
        };
        var command = new Command(
            "open",
            "Forward a run's ports and open them in a browser, until Ctrl-C or the end of the run."
        )
        {
            selector,
            only,
            noBrowser,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
                run = (
                    await app.Keeper.RefreshAsync([run], TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct)
                ).Single();
                if (run.State is RunState.Ended)
                    throw new UserException(
                        $"{run.Plan.Name} has ended ({run.State.Word})",
                        "Its ports closed with it. To download its results: `muster fetch`"
                    );
                RunParts.CheckPort(run.Plan, parsed.GetValue(only));
                using var ctrlC = new CtrlC(app, OnInterrupt.Detach);
                await using var attachment = new Attachment(app, ctrlC)
                {
                    WantedPort = parsed.GetValue(only),
                    Opened = url =>
                    {
                        if (!parsed.GetValue(noBrowser) && app.Screen.NotesAreSeen)
                            Browser.Open(url, app.Screen);
                    },
                };
                return await attachment.FollowAsync(run, fetch: false, logs: false, ct);
            }
        );
        return command;
    }
}
