using System.Text;

namespace Muster.Runs.Submit;

/// <summary>How a batch script starts the ranks of roles in the nodes that it was given.</summary>
internal static class GangSteps
{
    /// <summary>
    /// Roles that want the same share one step: only so does SLURM bind processors, memory and GPUs to each rank, as
    /// two steps would both claim them.
    /// Where they differ, each is a part of a heterogeneous job and has a step of its own.
    /// </summary>
    public static string Of(RunPlan plan)
    {
        var text = new StringBuilder(
            """
            MUSTER_JOB=$SLURM_JOB_ID; export MUSTER_JOB
            [ -z "$SLURM_CPUS_PER_TASK" ] || export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK
            trap ': >"status/.near.${SLURM_RESTART_COUNT:-0}"' USR1
            trap : TERM
            steps=

            """
        );
        if (AreAlike(plan.Roles))
            Step(
                "",
                $"set -- {string.Join(' ', plan.Ranks())}; shift \"$SLURM_PROCID\"; exec sh ./supervise \"${{1%.*}}\" "
                    + $"\"${{1##*.}}\""
            );
        else
            for (var part = 0; part < plan.Roles.Count; part++)
                Step($"--het-group={part} ", $"exec sh ./supervise {plan.Roles[part].Name} \"$SLURM_PROCID\"");
        // A signal ends a wait before its step has ended.
        text.Append(
            """
            code=0
            for step in $steps; do
              while wait "$step"; ended=$?; kill -0 "$step" 2>/dev/null; do :; done
              [ $ended = 0 ] || code=$ended
            done
            exit $code

            """
        );
        return text.ToString();

        // A rank that is gone without a word ends its step, and so the others.
        void Step(string where, string command) =>
            text.Append(
                $"srun {where}--kill-on-bad-exit=1 --mpi=none sh -c '{command}' </dev/null &\nsteps=\"$steps $!\"\n"
            );
    }

    public static bool AreAlike(IReadOnlyList<PlannedRole> roles) =>
        roles.Select(role => role.Share).Distinct().Count() == 1;
}
