using System.Globalization;
using System.Text;
using Muster.Sites;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Submit;

/// <summary>The script that SLURM gets: its options, and how the ranks are started.</summary>
public static class SbatchScript
{
    /// <summary>The options. Flags come before the folder's options, and those before the site's.</summary>
    internal static IReadOnlyList<string> LinesFor(RunPlan plan, SubmitRequest request, SlurmSite site)
    {
        var options = site.Sbatch.With(request.FolderOptions).With(Flags(plan, request));
        if (plan.Array is { } array)
            options = options.With("array", array.Text);
        if (plan.After.Count > 0)
            options = options.With(
                "dependency",
                string.Join(',', plan.After.Select(after => $"afterok:{after.Handle!.Number}"))
            );
        if (plan.Retry?.WantsRequeue is true && !options.Has("requeue") && !options.Has("no-requeue"))
            options = options.With("requeue", null);
        return
        [
            .. options.ToLines(),
            $"{RunPlan.JobNameLine}{plan.JobName}",
            $"#SBATCH --comment={plan.Id}",
            "#SBATCH --output=logs/slurm.log",
            "#SBATCH --open-mode=append",
            // The supervisor is told before the limit, so that it can tell a time-out from a cancel.
            .. options.Has("signal") ? Array.Empty<string>() : ["#SBATCH --signal=B:USR1@30"],
            .. plan.Roles.Count > 0 && !GangSteps.AreAlike(plan.Roles) ? Parts(plan, options) : [],
        ];
    }

    /// <summary>The whole of it, also for people to read before they submit.</summary>
    public static string Of(RunPlan plan)
    {
        var text = new StringBuilder("#!/bin/sh\n");
        foreach (var line in plan.BatchLines)
            text.Append(line).Append('\n');
        // SLURM copies the script away, so the folder is named; --chdir has made it the working folder.
        if (plan.Roles.Count > 0)
            text.Append(GangSteps.Of(plan));
        else
            text.Append("exec sh ./supervise main \"${SLURM_ARRAY_TASK_ID:-0}\"\n");
        return text.ToString();
    }

    private static SbatchOptions Flags(RunPlan plan, SubmitRequest request)
    {
        var flags = SbatchOptions.None;
        if (request.Gpus is { } gpus)
            flags = flags.With("gres", $"gpu:{gpus}");
        if (request.Cpus is { } cpus)
            flags = flags.With("cpus-per-task", cpus.ToString(CultureInfo.InvariantCulture));
        if (request.Memory is { } memory)
            flags = flags.With("mem", memory);
        if (request.Nodes is { } nodes)
            flags = flags.With("nodes", nodes.ToString(CultureInfo.InvariantCulture));
        if (GangSteps.AreAlike(plan.Roles))
            flags = OfRole(flags.With("ntasks", $"{plan.Ranks().Count}"), plan.Roles[0]);
        if (plan.Time is { } time)
            flags = flags.With("time", $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");
        foreach (var set in request.Set)
        {
            var at = set.IndexOf('=');
            flags = at < 0 ? flags.With(set, null) : flags.With(set[..at], set[(at + 1)..]);
        }
        return flags;
    }

    /// <summary>
    /// The parts of a heterogeneous job. What was asked for the run goes to the first role, whose lines stand before,
    /// and to each of the others.
    /// </summary>
    private static IEnumerable<string> Parts(RunPlan plan, SbatchOptions options)
    {
        for (var part = 0; part < plan.Roles.Count; part++)
        {
            if (part > 0)
                yield return "#SBATCH hetjob";
            foreach (var line in OfRole(part > 0 ? options : SbatchOptions.None, plan.Roles[part]).ToLines())
                yield return line;
            yield return $"#SBATCH --ntasks={plan.Roles[part].Size}";
        }
    }

    private static SbatchOptions OfRole(SbatchOptions options, PlannedRole role)
    {
        if (role.Gpus is { } gpus)
            options = options.With("gpus-per-task", $"{gpus}");
        if (role.Cpus is { } cpus)
            options = options.With("cpus-per-task", $"{cpus}");
        return role.Memory is { } memory ? options.With("mem", memory) : options;
    }
}
