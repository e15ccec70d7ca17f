using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>Another run on the same site that must have ended well before.</summary>
public sealed record PlannedAfter(RunId Id, JobHandle? Handle, string? Host)
{
    /// <summary>For a run on the given site to wait for another.</summary>
    internal static PlannedAfter Of(Run other, Site site)
    {
        if (other.Plan.Site != site.Name)
            throw new UserException(
                $"run {other.Plan.Name} is on site {other.Plan.Site}, not on {site.Name}",
                "A run can only wait for runs on the same site."
            );
        var handle = other.State.IsLive ? other.Handle : null;
        return !site.HasScheduler || handle is not null
            ? new(other.Id, handle, other.Plan.Host)
            : throw new UserException(
                $"run {other.Plan.Name} has no job in SLURM's queue to wait for ({other.State.Word})",
                "Remove --after if it has succeeded; otherwise wait until it is launched."
            );
    }
}
