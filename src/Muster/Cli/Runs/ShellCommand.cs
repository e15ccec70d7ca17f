using System.CommandLine;
using Muster.Cli.Context;
using Muster.Runs;
using Muster.Shell;

namespace Muster.Cli.Runs;

internal static class ShellCommand
{
    public static Command Create()
    {
        var selector = new Argument<string>("RUN|SITE")
        {
            Description = "Run (inside its SLURM job while it runs) or site.",
        };
        var host = new Option<string?>("--host") { Description = "Host of an ssh site.", HelpName = "HOST" };
        var rank = ExecCommand.RankOption();
        var node = ExecCommand.NodeOption();
        var command = new Command(
            "shell",
            """
            Open a shell in a run's folder or on a site.

              muster shell train               where the run is now, with its variables
              muster shell sweep --rank main.3 where one rank or index is
              muster shell train --node gpu07  on another node of its job
              muster shell cedar               on a site

            A single command, also from scripts: `muster exec`.
            """
        )
        {
            selector,
            host,
            rank,
            node,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                Entrance.NeedTerminal("a shell");
                var word = parsed.GetValue(selector)!;
                var run = app.Config.Find(word) is null ? RunSelector.Get(app.Store, word) : null;
                var site = app.OpenSite(run?.Plan.Site ?? word);
                if (run is null)
                {
                    app.Screen.Note("shell", $"on {word}");
                    return await Entrance.AtTerminalAsync(
                        site.HostOf(parsed.GetValue(host)),
                        ShellText.Of($"exec \"${{SHELL:-sh}}\" -l"),
                        ct
                    );
                }
                var way = await Entrance.FindAsync(
                    app,
                    site,
                    run,
                    parsed.GetValue(rank),
                    parsed.GetValue(node),
                    EntranceKind.Terminal,
                    [],
                    ct
                );
                app.Screen.Note("shell", way.Where);
                return await Entrance.AtTerminalAsync(site.HostOf(way.Host), way.Text, ct);
            }
        );
        return command;
    }
}
