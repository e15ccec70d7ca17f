using System.CommandLine;
using System.Diagnostics;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Shell;
using Muster.Sites;

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
        var rank = new Option<string?>("--rank")
        {
            Description = "Rank of the run, such as main.3 (default: the first).",
            HelpName = "ROLE.N",
        };
        var command = new Command("shell", "Open a shell in a run's folder or on a site.") { selector, host, rank };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                if (Console.IsInputRedirected)
                    throw new UserException(
                        "a shell needs a terminal",
                        "Run it in a terminal. To run a single command: `muster submit --no-snapshot -- COMMAND`"
                    );
                var word = parsed.GetValue(selector)!;
                var run = app.Config.Find(word) is null ? RunSelector.Get(app.Store, word) : null;
                var site = app.OpenSite(run?.Plan.Site ?? word);
                var there = run is null
                    ? new(parsed.GetValue(host), ShellText.Of($"exec \"${{SHELL:-sh}}\" -l"), $"on {word}")
                    : await InRunAsync(app, site, run, parsed.GetValue(rank), ct);
                app.Screen.Note("shell", there.Where);
                using var process =
                    Process.Start(await StartAsync(site, there.Host, there.Text, ct))
                    ?? throw new InvalidOperationException("the shell did not start");
                await process.WaitForExitAsync(ct);
                return process.ExitCode;
            }
        );
        return command;
    }

    /// <summary>
    /// The site says where the run is now: what was last seen may be hours old, and its job long over.
    /// </summary>
    private static async Task<Place> InRunAsync(App app, OpenSite site, Run run, string? rank, CancellationToken ct)
    {
        var now = run.State.IsLive
            ? (await app.Keeper.RefreshAsync([run], TimeSpan.FromSeconds(10), TimeSpan.Zero, ct)).Single()
            : run;
        if (now.State.IsLive && now.UnreachableSince is not null)
            throw new HostUnreachableException(
                site.Site.Name,
                ContactFault.Silent,
                $"{RunText.Place(now)} did not say where {run.Plan.Name} is now",
                $"`muster sites check {site.Site.Name}` looks at the connection."
            );
        return PlaceOf(now, rank, site.Site.HasScheduler, site.Root);
    }

    internal static Place PlaceOf(Run run, string? rank, bool hasScheduler, string root)
    {
        var ranks = run.Plan.Ranks();
        rank ??= ranks[0];
        if (!ranks.Contains(rank))
            throw UserException.Misuse(
                $"{run.Plan.Name} has no rank '{rank}'",
                $"Its ranks: {string.Join(", ", ranks.Take(8))}{(ranks.Count > 8 ? ", …" : "")}."
            );
        var host = run.Plan.HostOf(rank);
        var dot = rank.LastIndexOf('.');
        var job =
            hasScheduler && run.State is RunState.Running(var handle, _, _)
                ? handle.Number + (run.Plan.Array is null ? "" : $"_{rank[(dot + 1)..]}")
                : null;
        var text = ShellText.Script(
            "Runs/Remote/enter.sh",
            [
                root,
                run.Plan.FolderOn(host),
                rank[..dot],
                rank[(dot + 1)..],
                run.Plan.Folder,
                .. job is null ? Array.Empty<string>() : [job],
            ]
        );
        var outside =
            hasScheduler ? $", on the login node {host ?? "(this machine)"}"
            : host is null ? ", on this machine"
            : $", on {host}";
        return new(
            host,
            text,
            run.State switch
            {
                RunState.Running(_, var where, _) when job is not null =>
                    $"inside job {job} of {run.Plan.Name}, which runs on {where}",
                RunState.Running => $"in the folder of {rank} of {run.Plan.Name}, which runs{outside}",
                RunState.Ended end => $"{run.Plan.Name} has ended ({end.Word}): in the folder that it left{outside}",
                _ => $"{run.Plan.Name} has not started ({run.State.Word}): in its folder{outside}",
            }
        );
    }

    /// <summary>Where a shell is opened, by what text, and how that is told.</summary>
    internal sealed record Place(string? Host, ShellText Text, string Where);

    private static async Task<ProcessStartInfo> StartAsync(
        OpenSite site,
        string? hostName,
        ShellText text,
        CancellationToken ct
    )
    {
        if (site.HostOf(hostName) is not OpenSshHost ssh)
            return Start(["sh", "-c", text.ToString()]);
        await ssh.ConnectAsync(ct);
        return Start(ssh.Interactive($"exec sh -c {ShellText.Quote(text.ToString())}"));
    }

    private static ProcessStartInfo Start(IReadOnlyList<string> words)
    {
        var start = new ProcessStartInfo(words[0]) { UseShellExecute = false };
        foreach (var word in words.Skip(1))
            start.ArgumentList.Add(word);
        return start;
    }
}
