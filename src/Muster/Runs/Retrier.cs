using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>Has a site begin the next attempt of a run, as <see cref="RunRetries"/> decides.</summary>
internal static class Retrier
{
    public static async Task GoOnAsync(OpenSite site, Run run, RunFacts facts, CancellationToken ct)
    {
        if (run.Plan.Retry is not { } retry)
            return;
        var folder = new RunFolder(site.HostOf(run.Plan.Host), site.Root);
        try
        {
            if (run.State is RunState.Ended)
                await folder.ForgetEnvironmentAsync(run.Id.ToString(), ct); // another attempt would have needed it
            else if (RunRetries.IsDue(run, facts))
                await folder.AgainAsync(run, retry.MemoryAfter(run.Attempts), ct);
        }
        catch (UserException) { } // whoever looks next asks again
    }
}
