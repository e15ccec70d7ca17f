using System.CommandLine;
using System.Diagnostics;
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
        var selector = new Argument<string>("RUN|SITE") { Description = "A run (its folder, and inside its SLURM job while it runs), or a site." };
        var host = new Option<string?>("--host") { Description = "One host of an ssh site.", HelpName = "HOST" };
        var command = new Command("shell", "A shell where a run is, or on a site.") { selector, host };
        command.SetAction(async (parsed, ct) =>
        {
            var app = MusterCommand.Current.App();
            if (Console.IsInputRedirected) throw new UserException("a shell needs a terminal", "Run it in one; for a command use `muster submit --no-snapshot -- COMMAND`.");
            var word = parsed.GetValue(selector)!;
            var run = app.Config.Find(word) is null ? RunSelector.Get(app.Store, word) : null;
            var site = app.OpenSite(run?.Plan.Site ?? word);
            var text = run is null ? ShellText.Of($"exec \"${{SHELL:-sh}}\" -l") : InRun(site, run);
            using var process = Process.Start(await StartAsync(site, run?.Plan.Host ?? parsed.GetValue(host), text, ct)) ?? throw new InvalidOperationException("the shell did not start");
            await process.WaitForExitAsync(ct);
            return process.ExitCode;
        });
        return command;
    }

    private static ShellText InRun(OpenSite site, Run run)
    {
        var folder = ShellText.Of($"{RunFolder.Expand(site.Root)}; cd \"$root\"/runs/{run.Id.ToString()}/code/{run.Plan.Folder} 2>/dev/null || cd \"$root\"/runs/{run.Id.ToString()}");
        // On SLURM the node itself may not be entered, or only outside the job's limits: a step of the job is the way in.
        return run.State is RunState.Running(var handle, _, _) && site.Site is SlurmSite
            ? ShellText.Of($"{folder}; exec srun --jobid={handle.Split(';')[0]} --overlap --pty \"${{SHELL:-sh}}\"")
            : ShellText.Of($"{folder}; exec \"${{SHELL:-sh}}\"");
    }

    private static async Task<ProcessStartInfo> StartAsync(OpenSite site, string? hostName, ShellText text, CancellationToken ct)
    {
        if (site.HostOf(hostName) is not OpenSshHost ssh) return Start(["sh", "-c", text.ToString()]);
        await ssh.ConnectAsync(ct);
        return Start(ssh.Interactive($"exec sh -c {ShellText.Quote(text.ToString())}"));
    }

    private static ProcessStartInfo Start(IReadOnlyList<string> words)
    {
        var start = new ProcessStartInfo(words[0]) { UseShellExecute = false };
        foreach (var word in words.Skip(1)) start.ArgumentList.Add(word);
        return start;
    }
}
