using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>Why a job waits or ended, in plain words, and what its owner can do about it.</summary>
/// <param name="Code">As the scheduler wrote it.</param>
/// <param name="Advice">Null when there is nothing to do but wait.</param>
public sealed partial record SlurmReason(string Code, string Meaning, string? Advice = null)
{
    public static SlurmReason Of(string code)
    {
        // squeue: `ReqNodeNotAvail, UnavailableNodes:c3`; scontrol writes every space as an underscore.
        var text = code.Trim().TrimStart('(').TrimEnd(')');
        var word = text.Split(',', 2)[0].Trim();
        if (UnavailableNodes().Match(text) is { Success: true } nodes)
        {
            return new(
                code,
                $"a node it needs is not available: {nodes.Groups["nodes"].Value}",
                "wait for the node, or ask for others: check `nodelist`, `constraint` and `exclude`"
            );
        }
        if (Known.TryGetValue(word, out var known))
            return new(code, known.Meaning, known.Advice);
        if (Known.TryGetValue(text.Replace('_', ' ').ToLowerInvariant(), out known))
            return new(code, known.Meaning, known.Advice);
        return Limit().Match(word) is { Success: true } limit ? OfLimit(code, limit) : new(code, code);
    }

    /// <summary>The families of limits: whose, over what, of which resource.</summary>
    private static SlurmReason OfLimit(string code, Match limit)
    {
        var owner = limit.Groups["owner"].Value is "QOS" ? "the quality of service" : "your account";
        var resource = Resource(limit.Groups["what"].Value);
        if (limit.Groups["kind"].Value is "Min")
            return new(
                code,
                $"it asks for less than {owner} demands: {resource}",
                $"ask for more {resource}, or choose another `qos`"
            );

        var each = limit.Groups["each"].Value switch
        {
            "PerJob" => "in one job",
            "PerNode" => "on one node",
            "PerUser" => "for one user",
            "PerAccount" => "for one account",
            _ => null,
        };
        var meaning = $"{owner} has reached its limit of {resource}{(each is null ? "" : " " + each)}";
        return each is "in one job" or "on one node"
            ? new(
                code,
                $"it asks for more {resource} than {owner} allows {each}",
                $"ask for less {resource}, or choose another `qos` or `account`; it will not start as it is"
            )
            : new(
                code,
                meaning,
                limit.Groups["minutes"].Success
                    ? "wait for the budget to be renewed, or choose another `account`"
                    : "it starts when other jobs have ended; choose another `account` or `qos` if there is one"
            );
    }

    private static string Resource(string word) =>
        word.ToUpperInvariant() switch
        {
            "CPU" => "processors",
            "GRES" => "GPUs and other generic resources",
            "MEM" or "MEMORY" => "memory",
            "NODE" => "nodes",
            "JOB" or "JOBS" => "running jobs",
            "SUBMIT" or "SUBMITJOB" or "SUBMITJOBS" => "submitted jobs",
            "WALL" or "WALLDURATION" or "TIME" => "time",
            "LICENSE" => "licences",
            "BB" => "burst buffer",
            "BILLING" => "billing units",
            "ENERGY" => "energy",
            "RESOURCE" or "UNKNOWN" => "a resource",
            _ => word,
        };

    private sealed record Words(string Meaning, string? Advice = null);

    private static readonly Dictionary<string, Words> Known = new(StringComparer.Ordinal)
    {
        ["None"] = new("the scheduler has not looked at it yet"),
        ["WaitingForScheduling"] = new("the scheduler has not looked at it yet"),
        ["Priority"] = new("other jobs are ahead of it", "a shorter `time` may let it start earlier"),
        ["Resources"] = new(
            "it is next and waits for machines to become free",
            "fewer GPUs, less memory or a shorter `time` may start it earlier"
        ),
        ["Dependency"] = new("it waits for another job"),
        ["DependencyNeverSatisfied"] = new(
            "the job it depends on did not end as required, so it will never start",
            "cancel it, and submit again"
        ),
        ["JobHeldUser"] = new("it is held by its owner", "`scontrol release` lets it go"),
        ["JobHeldAdmin"] = new("it is held by an administrator", "ask the site's administrators"),
        ["JobHoldMaxRequeue"] = new(
            "it was put back into the queue too often and is held",
            "look at its logs, then cancel it or release it with `scontrol release`"
        ),
        ["launch failed requeued held"] = new(
            "a node could not start it, and it is held",
            "ask the site's administrators about the node, then `scontrol release`"
        ),
        ["job requeued in held state"] = new(
            "it was put back into the queue and is held",
            "`scontrol release` lets it go"
        ),
        ["JobArrayTaskLimit"] = new(
            "as many tasks of the array run as it allows at once",
            "a larger number after `%` in `array` runs more at once"
        ),
        ["BeginTime"] = new("its start time has not come; after a requeue SLURM waits for about two minutes"),
        ["Licenses"] = new("it waits for a licence"),
        ["Reservation"] = new("it waits for its reservation to begin"),
        ["ReservationDeleted"] = new(
            "its reservation does not exist any more",
            "cancel it, and submit without `reservation`"
        ),
        ["ReqNodeNotAvail"] = new(
            "a node it needs is down, reserved, or kept free for maintenance",
            "a `time` that ends before the maintenance lets it start; check `nodelist` and `constraint`"
        ),
        ["Cleaning"] = new("its last attempt is still being cleaned up"),
        ["Prolog"] = new("the site prepares its start"),
        ["BurstBufferResources"] = new("it waits for room in the burst buffer"),
        ["BurstBufferStageIn"] = new("its data is being copied into the burst buffer"),
        ["BurstBufferOperation"] = new("the burst buffer failed for it", "ask the site's administrators"),
        ["NodeDown"] = new("a node it needs is down", "wait for the node, or ask for others"),
        ["FrontEndDown"] = new("the site's front-end node is down", "ask the site's administrators"),
        ["PartitionDown"] = new("its partition starts no jobs at present", "choose another `partition`"),
        ["PartitionInactive"] = new("its partition is switched off", "choose another `partition`"),
        ["PartitionConfig"] = new("it does not fit what its partition allows", "choose another `partition`"),
        ["PartitionTimeLimit"] = new(
            "it asks for more time than its partition allows",
            "ask for a shorter `time`, or choose another `partition`"
        ),
        ["PartitionNodeLimit"] = new(
            "it asks for more nodes than its partition has or allows",
            "ask for fewer `nodes`, or choose another `partition`"
        ),
        ["AccountNotAllowed"] = new("its account may not use the partition", "choose another `account` or `partition`"),
        ["AccountingPolicy"] = new(
            "it goes beyond a limit of your account",
            "ask for less, or choose another `account`"
        ),
        ["InvalidAccount"] = new(
            "its account does not exist or is not yours",
            "correct `account`; `sacctmgr show associations user=$USER` lists yours"
        ),
        ["InvalidQOS"] = new("its quality of service does not exist or is not yours", "correct `qos`"),
        ["QOSNotAllowed"] = new("its quality of service may not be used there", "choose another `qos` or `partition`"),
        ["QOSUsageThreshold"] = new(
            "the account has used too much for this quality of service",
            "choose another `qos` or `account`"
        ),
        ["BadConstraints"] = new(
            "no machine is as it asks",
            "check `constraint`, `gres`, `mem` and `cpus-per-task` against `sinfo`"
        ),
        ["DeferBatch"] = new("the site does not start batch jobs at present"),
        ["FedJobLock"] = new("the clusters are deciding which of them runs it"),
        ["MaxMemPerLimit"] = new("it asks for more memory than is allowed", "ask for less `mem`"),
        ["DeadLine"] = new("it could not be done before its deadline"),
        ["InactiveLimit"] = new("the site ended it for being idle"),
        ["JobLaunchFailure"] = new("it could not be started, or a signal ended it", "look at its logs"),
        ["NonZeroExitCode"] = new("its script ended with an error", "look at its logs"),
        ["OutOfMemory"] = new("it needed more memory than it had asked for", "ask for more `mem`"),
        ["RaisedSignal"] = new("a signal ended it", "look at its logs"),
        ["SystemFailure"] = new(
            "SLURM, a file system or the network failed",
            "ask the site's administrators, or submit again"
        ),
        ["TimeLimit"] = new("it reached its time limit", "ask for a longer `time`"),
    };

    [GeneratedRegex(@"UnavailableNodes:(?<nodes>[^\s)]+)")]
    private static partial Regex UnavailableNodes();

    [GeneratedRegex(
        @"\A(?=.*(?:Grp|Max|Min|Limit))(?:(?<owner>QOS|Assoc)(?:iation)?(?<kind>Grp|Max|Min)?|Max(?=\w+PerAccount))(?<what>[A-Z][A-Za-z]*?)(?<minutes>(?:Run)?Minutes)?(?<each>Per(?:Job|Node|User|Account))?(?:Limit|NotSatisfied)?\z"
    )]
    private static partial Regex Limit();
}
