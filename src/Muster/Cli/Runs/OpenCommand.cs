using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
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
            Description = "Only the port of that name.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Print the addresses and open no browser." };
        var command = new Command(
            "open",
            "Bring a run's ports here and open them, without its log, until Ctrl-C or the run's end."
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
                        "Its ports ended with it; `muster fetch` brings its results."
                    );
                RunParts.CheckPort(run.Plan, parsed.GetValue(only));
                await using var attachment = new Attachment(app, OnInterrupt.Detach)
                {
                    WantedPort = parsed.GetValue(only),
                    Opened = url =>
                    {
                        if (!parsed.GetValue(noBrowser) && app.Screen.NotesAreSeen)
                            Browse(url, app.Screen);
                    },
                };
                return await attachment.FollowAsync(run, fetch: false, logs: false, ct);
            }
        );
        return command;
    }

    private static void Browse(Uri url, Screen screen)
    {
        try
        {
            Process
                .Start(new ProcessStartInfo(url.ToString()) { UseShellExecute = true, RedirectStandardError = false })
                ?.Dispose();
        }
        catch (Win32Exception)
        {
            screen.Note("note", "there is no browser to open here; the address works all the same");
        }
    }
}
