namespace Muster.Cli.Context;

/// <summary>Words that people bring along from other tools, and what we have for them.</summary>
internal static class OtherTools
{
    public static string? Command(string word) =>
        word switch
        {
            "ls" or "list" or "status" or "queue" or "jobs" or "squeue" or "qstat" or "sacct" or "top" =>
                "`muster ps` lists runs.",
            "stop" or "kill" or "scancel" or "qdel" or "abort" or "down" => "`muster cancel RUN` ends a run.",
            "delete" or "remove" or "prune" or "clean" =>
                "`muster rm RUN` removes a run; `muster sites tidy SITE` deletes old ones from a site.",
            "sbatch" or "srun" or "qsub" or "launch" or "start" or "up" or "python" or "python3" or "bash" or "sh" =>
                "To run a command: `muster submit -- COMMAND`.",
            "log" or "tail" => "`muster logs` shows the last run's log; -f follows it.",
            "ssh" or "enter" or "login" =>
                "`muster shell RUN` opens a shell where a run is; `muster shell SITE` on a site.",
            "inspect" or "describe" or "info" or "scontrol" =>
                "`muster show RUN` shows a run, and `muster why RUN` its state.",
            "download" or "pull" or "get" or "results" => "`muster fetch RUN` downloads results.",
            "scp" or "rsync" or "copy" or "put" or "upload" =>
                "`muster cp RUN:out/FILE .` copies out of a run, and the other way round into it.",
            "restart" or "retry" or "resubmit" => "`muster rerun RUN` submits a run again.",
            "sinfo" or "clusters" or "targets" or "hosts" =>
                "`muster sites list` lists sites; `muster sites check SITE` looks at one.",
            "init" or "setup" or "login-node" => "`muster sites add NAME --kind ssh --host HOST` adds a site.",
            "doctor" or "check" => "`muster sites check SITE` checks a site.",
            "watch" or "follow" => "`muster attach` follows the last run.",
            _ => null,
        };

    /// <summary>Of sbatch, docker and others, where `muster submit` calls it something else.</summary>
    public static string? Option(string word) =>
        word.Split('=')[0] switch
        {
            "-p" or "--partition" => Set("partition"),
            "-A" or "--account" => Set("account"),
            "--qos" => Set("qos"),
            "-C" or "--constraint" => Set("constraint"),
            "--mail-type" => Set("mail-type"),
            "--mail-user" => Set("mail-user"),
            "-w" or "--nodelist" => Set("nodelist"),
            "--ntasks" => "For ranks that work together: --role NAME=N. Else --set ntasks=N passes it to sbatch.",
            "--gres" or "--gpu" or "--gpus-per-node" or "-G" => "Use --gpus N.",
            "--mem" => "Use --memory SIZE, such as --memory 12G.",
            "-c" or "--cpus-per-task" or "--cpu" => "Use --cpus N.",
            "-J" or "--job-name" => "Use --name NAME.",
            "-t" or "--time-limit" or "--timeout" => "Use --time TIME, such as --time 10h.",
            "-N" => "Use --nodes N.",
            "-e" => "Use --env NAME=VALUE.",
            "--image" => "Use --container IMAGE.",
            "-v" or "--volume" or "--mount" => "Use --input PATH:NAME; the command finds it at $MUSTER_IN/NAME.",
            "-it" or "-i" =>
                "Leave it out. `muster shell RUN` opens a shell where a run is; `muster exec -t RUN -- …` a program.",
            "--dependency" => "Use --after RUN.",
            _ => null,
        };

    public static bool IsScript(string word) =>
        word.Contains('/')
        || Path.GetExtension(word) is ".py" or ".sh" or ".R" or ".jl" or ".m"
        || word is "python" or "python3" or "bash" or "sh"
        || File.Exists(word);

    /// <summary>What is typed before a script of that kind.</summary>
    public static string Runner(string script) =>
        Path.GetExtension(script) switch
        {
            ".py" => "python ",
            ".sh" when !script.Contains('/') => "sh ",
            ".R" => "Rscript ",
            ".jl" => "julia ",
            _ => "",
        };

    private static string Set(string key) => $"Pass sbatch options with --set: --set {key}=VALUE.";
}
