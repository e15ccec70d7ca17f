using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>
/// What a site said when it refused a job for good: there is no job, and the same request would be refused again.
/// </summary>
public sealed partial record SbatchRefusal(string What, string Fix)
{
    /// <summary>
    /// Reads the error text of an <c>sbatch</c> that printed no id. Null means doubt: a job may exist, so look before
    /// submitting again.
    /// Only what is positively known to be a refusal is one.
    /// </summary>
    /// <remarks>
    /// Seen with 22.05: after "Socket timed out" the job was made as soon as the controller woke up. And a refusal for
    /// unsatisfiable nodes leaves a record behind, FAILED with reason BadConstraints, that never ran.
    /// </remarks>
    public static SbatchRefusal? Find(string errors)
    {
        if (Doubt().IsMatch(errors))
            return null;
        var known = Known.FirstOrDefault(known => errors.Contains(known.Said, StringComparison.OrdinalIgnoreCase));
        if (known is not null)
            return new(SaidBySbatch(errors), known.Fix);
        if (Misspelt().Match(errors) is { Success: true } misspelt)
        {
            return new(
                SaidBySbatch(errors),
                $"Correct the sbatch option '{misspelt.Groups["option"].Value.TrimStart('-')}' of the site, or of the "
                    + "command line."
            );
        }
        return null;
    }

    /// <summary>The site's own words on one line, without the program's name before each.</summary>
    private static string SaidBySbatch(string errors)
    {
        var lines = errors
            .Split('\n')
            .Select(line => Prefix().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups["text"].Value.Trim());
        return $"sbatch refused the job: {string.Join("; ", lines)}";
    }

    private sealed record Refusal(string Said, string Fix);

    // Texts of slurm_errno.c and of sbatch itself, 20.02 to 25.05. The more telling come first, as sbatch prints
    // several.
    private static readonly IReadOnlyList<Refusal> Known =
    [
        new(
            "Memory specification can not be satisfied",
            "Ask for less `mem`; `muster sites check` shows what the nodes have."
        ),
        new(
            "Memory required by task is not available",
            "Ask for less `mem`; `muster sites check` shows what the nodes have."
        ),
        new(
            "CPU count per node can not be satisfied",
            "Ask for fewer `cpus-per-task`; `muster sites check` shows what the nodes have."
        ),
        new(
            "CPU count specification invalid",
            "Ask for fewer `cpus-per-task`; `muster sites check` shows what the nodes have."
        ),
        new("More processors requested than permitted", "Ask for fewer `ntasks` or `cpus-per-task`."),
        new("Requested more tasks than available processors", "Ask for fewer `ntasks`."),
        new("Invalid partition name specified", "Correct `partition`; `muster sites check` lists those of the site."),
        new(
            "No partition specified or system default partition",
            "Name a `partition`; `muster sites check` lists those of the site."
        ),
        new(
            "User's group not permitted to use this partition",
            "Choose another `partition`, or ask the site for access."
        ),
        new(
            "Required partition not available (inactive or drain)",
            "Choose another `partition`: this one takes no jobs at present."
        ),
        new(
            "Requested partition configuration not available now",
            "Choose another `partition` or `account`: this account may not use it now."
        ),
        new("Partition in DOWN state", "Choose another `partition`."),
        new("Multiple partition job request not supported", "Name one `partition`."),
        new(
            "Requested time limit is invalid",
            "Ask for a shorter `time`; `muster sites check` shows each partition's limit."
        ),
        new("Time limit specification required", "Set `time`: this site demands a limit."),
        new("Invalid time-min specification", "Make `time-min` shorter than `time`."),
        new(
            "Invalid account or account/partition combination specified",
            "Correct `account`; `sacctmgr show associations user=$USER` on the site lists yours."
        ),
        new(
            "Invalid qos specification",
            "Correct `qos`; `sacctmgr show associations user=$USER` on the site lists yours."
        ),
        new("Invalid wckey specification", "Correct `wckey`."),
        new(
            "Job violates accounting/QOS policy",
            "Ask for less time or fewer resources, or wait until some of your jobs have ended."
        ),
        new("Requested account has breached requested QOS usage threshold", "Choose another `qos` or `account`."),
        new(
            "Invalid generic resource (gres) specification",
            "Correct `gres`; `muster sites check` shows what the nodes have."
        ),
        new("Duplicate generic resource (gres) specification", "Name each `gres` once."),
        new("Invalid GRES specification", "Name every `gres` with its type, or none."),
        new(
            "Invalid Trackable RESource (TRES) specification",
            "Correct `gres` and `gpus`; `muster sites check` shows what the nodes have."
        ),
        new("Requested GRES option unsupported", "Use `gres`: this site does not support the `gpus` options."),
        new("Invalid feature specification", "Correct `constraint`; `sinfo -o %f` on the site lists the features."),
        new(
            "Invalid preferred feature specification",
            "Correct `prefer`; `sinfo -o %f` on the site lists the features."
        ),
        new("Invalid license specification", "Correct `licenses`; `scontrol show licenses` on the site lists them."),
        new("Requested reservation is invalid", "Correct `reservation`, or leave it out."),
        new("Access denied to requested reservation", "Leave out `reservation`, or ask the site for access."),
        new("Invalid node name specified", "Correct `nodelist` and `exclude`."),
        new("Requested nodes not in this partition", "Choose nodes of the partition, or another `partition`."),
        new(
            "Node count specification invalid",
            "Ask for fewer `nodes`; `muster sites check` shows how many each partition has."
        ),
        new("Job dependency problem", "Correct `dependency`: the jobs it names must exist on this site."),
        new("Circular job dependency", "Correct `dependency`: it leads back to the job itself."),
        new(
            "Invalid job array specification",
            "Correct `array`: the site may allow fewer tasks (`scontrol show config | grep MaxArraySize`)."
        ),
        new("Task count specification invalid", "Correct `ntasks`."),
        new("Task distribution specification invalid", "Correct `distribution`."),
        new("Invalid --nice value", "Correct `nice`."),
        new(
            "Required node not available (down, drained or reserved)",
            "Choose other nodes, or wait until they are back."
        ),
        new(
            "Requested node configuration is not available",
            "Ask for less: no node has this many processors, GPUs and this much memory. `muster sites check` shows "
                + "what they have."
        ),
        new("System submissions disabled", "Wait: the site takes no jobs at present."),
        new("Burst Buffer request invalid", "Correct `bb`."),
        new("Access/permission denied", "Ask the site for the right to submit there."),
        new("is less than minimum node count", "Correct `nodes`: its range is reversed."),
        new("Unable to open file", "Check that the site's `root` is on a file system that the login node sees."),
        new("This does not look like a batch script", "Report this: Muster wrote a script that sbatch does not read."),
        new("Batch script contains DOS line breaks", "Report this: Muster wrote a script that sbatch does not read."),
        new("Batch script is empty", "Report this: Muster wrote a script that sbatch does not read."),
        new(
            "sbatch: not found",
            "Make sbatch known on the login node: correct `host`, or the PATH of non-interactive shells there."
        ),
        new(
            "sbatch: command not found",
            "Make sbatch known on the login node: correct `host`, or the PATH of non-interactive shells there."
        ),
    ];

    // One of these anywhere outweighs a refusal: they tell that a request was sent and its answer was not heard.
    [GeneratedRegex(
        """
            timed?[ ]out | contact[ ]slurm[ ]controller | temporarily[ ](un(able|available)|disabled) | sleeping[ ]and[ ]retrying | retrying
            | connection[ ](refused|reset|closed|timed|failure) | communication[ ](connection|shutdown)[ ]failure | broken[ ]pipe
            | zero[ ]bytes[ ]were | (receive|send)[ ](failure|message) | message[ ](send|receive)[ ]failure | unexpected[ ]message[ ]received
            | credential | munge | authentication | standby | try[ ](again|a[ ]different) | talking[ ]to[ ]database
            """,
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace
    )]
    private static partial Regex Doubt();

    [GeneratedRegex(
        """^(?:sbatch: (?:error: )?)?(?:Invalid --?(?<option>[a-z-]+) specification|Invalid numeric value "[^"]*" for (?<option>--[a-z-]+)\.?|(?:unrecognized option|unknown option|invalid option --|option requires an argument --|option|ambiguous option:) '(?<option>[A-Za-z-]+)[^']*')""",
        RegexOptions.Multiline
    )]
    private static partial Regex Misspelt();

    [GeneratedRegex(
        @"^\s*(?:sbatch: )(?:error: )?(?:Batch job submission failed: )?(?<text>\S.*)|^(?<text>.*sbatch: (?:command )?not found.*)"
    )]
    private static partial Regex Prefix();
}
