using System.Globalization;
using System.Text;
using System.Text.Json;
using Muster.Runs.Notices;
using Muster.Shell;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Submit;

/// <summary>A small file in a run's folder.</summary>
public sealed record RunFile(string Name, string Text, bool Private = false);

/// <summary>Writes what stands in a run's folder besides its code: the plan, the scripts, the command.</summary>
public static class RunFiles
{
    /// <param name="environment">The values; they go into a file of their own that only the user can read.</param>
    /// <param name="host">One of the plan's hosts, for its part of the run; null for its first.</param>
    /// <param name="notices">Where the host tells of the run's end; it holds secrets, too.</param>
    public static IReadOnlyList<RunFile> For(
        RunPlan plan,
        IReadOnlyDictionary<string, string> environment,
        string? host = null,
        string? notices = null
    )
    {
        var files = new List<RunFile>
        {
            new("run.json", JsonSerializer.Serialize(plan, RunJson.Indented.RunPlan) + "\n"),
            new("plan.sh", Plan(plan, host ?? plan.Host)),
            new("job", Job(plan, host ?? plan.Host)),
            new("common.sh", ShellScripts.Read("Runs/Remote/common.sh")),
            new("usage.sh", ShellScripts.Read("Runs/Remote/usage.sh")),
            new("supervise", ShellScripts.Read("Runs/Remote/supervise.sh")),
            new("launch", ShellScripts.Read("Runs/Remote/launch.sh")),
            new(
                "scheduler.sh",
                ShellScripts.Read(
                    plan.HasScheduler
                        ? "Sites/Schedulers/Slurm/scheduler.sh"
                        : "Sites/Schedulers/Processes/scheduler.sh"
                )
            ),
        };
        if (plan.HasScheduler)
            files.Add(new("batch.sh", SbatchScript.Of(plan)));
        if (plan.Roles.Count > 0)
            files.Add(new("gang.sh", ShellScripts.Read("Runs/Remote/gang.sh")));
        if (!plan.HasScheduler)
            files.Add(new("queue.sh", ShellScripts.Read("Sites/Schedulers/Processes/queue.sh")));
        if (plan.Tty is not null)
            files.Add(new("tty.sh", ShellScripts.Read("Runs/Remote/tty.sh")));
        if (plan.Outputs.Count > 0)
            files.Add(
                new(
                    "outputs",
                    string.Concat(plan.Outputs.SelectMany(OutputPattern.Lines).Select(pattern => pattern + "\n"))
                )
            );
        if (environment.Count > 0)
            files.Add(new("env.sh", RunEnvironment.Script(environment), Private: true));
        if (plan.IsToldByHost)
        {
            files.Add(new("notice.sh", ShellScripts.Read("Runs/Remote/notice.sh")));
            files.Add(new("notices", notices ?? "", Private: true));
        }
        files.AddRange(
            plan.Companions.Select(companion => new RunFile($"companion.{companion.Name}", Companion(plan, companion)))
        );
        return files;
    }

    /// <summary>What each rank executes. Every word of the command reaches the program as it was typed.</summary>
    public static string Job(RunPlan plan, string? host)
    {
        var text = new StringBuilder("# What each rank runs.\n");
        text.Append(ShellText.Of($"cd \"$MUSTER_CODE\"/{plan.Folder} || exit 1\n"));
        text.Append(ReadEnvironment);
        // What the command is to read, nothing before it may take.
        if (plan.Stdin is not null)
            text.Append("exec 9<&0 </dev/null\n");
        text.Append(SetupLines.Of(plan.Setup, plan.IgnoreSetupErrors));
        foreach (var line in plan.JobLines)
        {
            text.Append(line).Append('\n');
            text.Append(
                "code=$?; [ $code -eq 0 ] || echo \"muster: a line before the command ended with $code\" >&2\n"
            );
        }
        if (plan.Stdin is not null)
            text.Append("exec <&9 9<&-\n");
        if (plan.Roles.Count > 0)
            return text.Append(RoleCommands.Of(plan, host)).ToString();
        text.Append(SweepText.Values(plan.Points));
        if (plan.Retry?.Resume is { } resume)
            text.Append("if [ \"$MUSTER_RETRY\" != 0 ]; then\n")
                .Append(Command(plan with { Command = [resume], RawLine = true }, host))
                .Append("exit\nfi\n");
        return text.Append(Command(plan, host)).ToString();
    }

    private static string Command(RunPlan plan, string? host) =>
        Inner(plan) is { } image ? ContainerCommand.For(plan, image, host)
        : plan.RawLine ? SweepText.Line(plan) + "\n"
        : ShellText.Of($"exec {SweepText.Words(plan, plan.Command)}\n").ToString();

    /// <summary>The image to be run within the host; a pod is made of its image already.</summary>
    private static string? Inner(RunPlan plan) => plan.Machine?.Image is null ? plan.Container : null;

    private static string Plan(RunPlan plan, string? host)
    {
        string Seconds(TimeSpan? time) =>
            time is { } known ? ((long)Math.Ceiling(known.TotalSeconds)).ToString(CultureInfo.InvariantCulture) : "";
        string Epoch(DateTimeOffset? moment) =>
            moment?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) ?? "";
        var gang = plan.Roles.Count > 0;
        List<string> ranks = [.. plan.RanksOn(host)];
        string Roles(Func<PlannedRole, bool> which) =>
            string.Join(' ', plan.Roles.Where(which).Select(role => role.Name));
        return ShellText
            .Of(
                $"""
                muster_id={plan.Id.ToString()}
                muster_job={plan.JobName}
                muster_ranks={string.Join(' ', ranks)}
                muster_size={ranks.Count}
                muster_wants={Wants(plan)}
                muster_slots={(plan.Slots ?? new(null, null, null)).ToString()}
                muster_queue={plan.Queue ?? ""}
                muster_at_once={AtOnce(plan, host) ?? 0}
                muster_array={(plan.Array is null ? "" : "1")}
                muster_folder={plan.Folder}
                muster_time={Seconds(plan.HasScheduler ? null : plan.Time)}
                muster_grace=10
                muster_stdin={(plan.Stdin is null ? "" : "1")}
                muster_tty={plan.Tty ?? ""}
                muster_stay={Seconds(plan.Stay)}
                muster_at={Epoch(plan.At)}
                muster_deadline={Epoch(plan.Deadline)}
                muster_retries={plan.Retry?.Times.ToString(CultureInfo.InvariantCulture) ?? ""}
                muster_retry_on={string.Join(' ', plan.Retry?.On.Select(outcome => outcome.Word()) ?? [])}
                muster_ports={string.Join(' ', plan.Ports.Select(port => $"{port.Name}={port.Number}"))}
                muster_companions={string.Join(' ', plan.Companions.Select(companion => companion.Name))}
                muster_container={Inner(plan) ?? ""}
                muster_gang={(gang ? string.Join(' ', plan.Ranks()) : "")}
                muster_roles={Roles(_ => true)}
                muster_listening={Roles(role => role.Listens)}
                muster_work={string.Join(' ', plan.Roles.SelectMany(role => role.Ranks(role.Working)))}
                muster_hosts={plan.Hosts().Count}
                muster_patience={Seconds(plan.ReadyWithin)}
                muster_notify={(plan.IsToldByHost ? string.Join(' ', plan.HostTells) : "")}
                muster_long_wait={plan.HostLongWait ?? 0}
                muster_name={plan.Name}
                muster_site={plan.Site}
                muster_place={RunNotice.Place(plan)}
                muster_after={(
                    plan.HasScheduler ? "" : string.Join(' ', plan.After.Select(after => after.Id.ToString()))
                )}

                """
            )
            .ToString();
    }

    private static int? AtOnce(RunPlan plan, string? host) =>
        plan.ArrayParts.FirstOrDefault(part => part.Host == host) is { } own ? own.AtOnce : plan.Array?.AtOnce;

    /// <summary>What a rank of each role takes of its host.</summary>
    private static string Wants(RunPlan plan)
    {
        if (plan.HasScheduler)
            return "";
        return plan.Roles.Count == 0
            ? One("main", plan.CpusOfRank, plan.Memory, plan.Gpus)
            : string.Join(
                ' ',
                plan.Roles.Select(role =>
                    One(
                        role.Name,
                        role.Cpus ?? plan.Cpus,
                        role.Memory is { } memory ? MemorySize.Megabytes(memory) : plan.Memory,
                        role.Gpus ?? plan.Gpus
                    )
                )
            );

        static string One(string name, int? cpus, int? memory, int? gpus) =>
            $"{name}={cpus ?? 0}:{memory ?? 0}:{gpus ?? 0}";
    }

    private const string ReadEnvironment = "[ ! -f \"$MUSTER_RUN_DIR/env.sh\" ] || . \"$MUSTER_RUN_DIR/env.sh\"\n";

    private static string Companion(RunPlan plan, Companion companion)
    {
        var text = new StringBuilder();
        text.Append(ShellText.Of($"cd \"$MUSTER_CODE\"/{plan.Folder} || exit 1\n"));
        text.Append(ReadEnvironment);
        foreach (var line in plan.Setup)
            text.Append(line).Append('\n');
        return text.Append(companion.Script).ToString();
    }
}
