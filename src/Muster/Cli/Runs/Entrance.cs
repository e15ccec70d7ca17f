using System.Text;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Clouds.Kubernetes;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli.Runs;

/// <summary>How something is started where a rank is.</summary>
internal enum EntranceKind
{
    /// <summary>At this terminal.</summary>
    Terminal,

    /// <summary>It reads what it is sent.</summary>
    Input,

    /// <summary>It reads nothing, and ends when nobody listens.</summary>
    Closed,
}

/// <summary>The way to where a rank of a run is now, by what text it is gone, and how the place is told.</summary>
internal sealed record Entrance(string? Host, string Rank, string? Job, string Where, ShellText Text)
{
    /// <summary>Beside the rank's command, and not in a folder alone.</summary>
    public bool IsInside { get; init; }

    /// <summary>
    /// The site says where the run is now: what was last seen may be hours old, and its job long over.
    /// </summary>
    public static async Task<Run> NowAsync(App app, OpenSite site, Run run, CancellationToken ct)
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
        return now.State is not (RunState.Planned or RunState.Staging)
            ? now
            : throw new UserException(
                $"{run.Plan.Name} is not on {RunText.Place(now)} yet ({now.State.Word})",
                $"Wait for it: muster wait {run.Plan.Name} --for running"
            );
    }

    /// <param name="node">One of the nodes of its job; null for the rank's own.</param>
    /// <param name="words">The command; none for a shell.</param>
    public static async Task<Entrance> FindAsync(
        App app,
        OpenSite site,
        Run run,
        string? rank,
        string? node,
        EntranceKind kind,
        IReadOnlyList<string> words,
        CancellationToken ct
    )
    {
        if (rank is not null)
            RunParts.CheckOneRank(run.Plan, rank);
        var now = await NowAsync(app, site, run, ct);
        if (node is not null)
            RunParts.CheckNode(now, NodesOf(now), node);
        return Of(now, rank, site.Site.HasScheduler, site.Root, kind, words, node);
    }

    /// <summary>The nodes of the job that it is in now; none without a scheduler.</summary>
    public static IReadOnlyList<string> NodesOf(Run run) =>
        run.Plan.HasScheduler && run.State is RunState.Running(_, var where, _) ? NodeList.Expand(where) : [];

    internal static Entrance Of(
        Run run,
        string? rank,
        bool hasScheduler,
        string root,
        EntranceKind kind,
        IReadOnlyList<string> words,
        string? node = null,
        string inside = "Runs/Remote/inside.sh"
    )
    {
        rank ??= run.Plan.Ranks()[0];
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
                job ?? "",
                run.Plan.Images.FirstOrDefault(image => image.Host == host)?.Image ?? "",
                kind.ToString().ToLowerInvariant(),
                ShellScripts.Read(inside),
                node ?? "",
                .. words,
            ]
        );
        var outside =
            hasScheduler ? $", on the login node {host ?? "(this machine)"}"
            : host is null ? ", on this machine"
            : $", on {host}";
        return new(
            host,
            rank,
            job,
            run.State switch
            {
                RunState.Running(_, var where, _) when job is not null => $"inside job {job} of {run.Plan.Name}, "
                    + (node is null ? $"which runs on {where}" : $"on {node} of {where}"),
                RunState.Running => $"in the folder of {rank} of {run.Plan.Name}, which runs{outside}",
                RunState.Ended end => $"{run.Plan.Name} has ended ({end.Word}): in the folder that it left{outside}",
                _ => $"{run.Plan.Name} has not started ({run.State.Word}): in its folder{outside}",
            },
            text
        )
        {
            IsInside = run.State is RunState.Running && (job is not null || !hasScheduler),
        };
    }

    /// <param name="what">What is to be at the terminal.</param>
    /// <param name="instead">What does without one.</param>
    public static void NeedTerminal(string what, string instead = "A command without one: `muster exec RUN -- COMMAND`")
    {
        if (Console.IsInputRedirected)
            throw new UserException($"{what} needs a terminal", $"Run it in a terminal. {instead}");
    }

    /// <summary>Gives the terminal to shell text on a host, and its exit code.</summary>
    public static async Task<int> AtTerminalAsync(IHost host, ShellText text, CancellationToken ct)
    {
        if (host is PodHost pod)
            return !OperatingSystem.IsWindows()
                ? await PodTerminal.RunAsync(pod, text, ct)
                : throw new UserException(
                    $"{host.Name} is a pod, at which Muster opens no terminal on Windows",
                    "A command without one: `muster exec RUN -- COMMAND`; "
                        + $"a terminal: kubectl exec -it job/{host.Name} -- sh"
                );
        IReadOnlyList<string> command = ["sh", "-c", text.ToString()];
        if (host is OpenSshHost ssh)
        {
            await ssh.ConnectAsync(ct);
            // In one line of plain letters, which every login shell takes as one word.
            var plain = Convert.ToBase64String(Encoding.UTF8.GetBytes(text.ToString()));
            command = ssh.Interactive($"exec sh -c 'eval \"$(echo {plain} | base64 -d)\"'");
        }
        var start = new System.Diagnostics.ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false };
        using var process =
            System.Diagnostics.Process.Start(start) ?? throw new InvalidOperationException("the shell did not start");
        await process.WaitForExitAsync(ct);
        return process.ExitCode;
    }
}
