using Muster.Faults;
using Muster.Runs.Measures;
using Muster.Sites;

namespace Muster.Runs.Submit;

/// <summary>Whether a run can be launched again by itself, and with which memory it begins.</summary>
public static class RetryCheck
{
    internal static void Refuse(SubmitRequest request, Site site)
    {
        var (odd, fix) = request switch
        {
            { Array: not null } => ("--array", "`muster rerun RUN --failed` does the indexes again that failed."),
            { Roles.Count: > 0 } => ("--role", "Leave --retry out."),
            { Stay: not null } => ("--stay", "Leave one of them out."),
            _ when site is CloudSite => ("a cloud site", "Leave --retry out, or choose another site with -s."),
            _ => (null, ""),
        };
        if (odd is not null)
            throw UserException.Misuse($"--retry cannot be combined with {odd}", fix);
    }

    /// <summary>The plan with the memory that its first attempt asks for.</summary>
    public static RunPlan Resolve(RunPlan plan) =>
        plan.Retry is not { GrowMemory: not null } retry ? plan
        : Resources.AskedBy(plan).Memory is { } memory ? plan with { Retry = retry with { Memory = memory } }
        : throw UserException.Misuse(
            "--grow-memory needs to know how much memory the run begins with",
            "Add --memory SIZE."
        );
}
