using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>Has a site begin the next attempt of a run, as <see cref="RunRetries"/> decides.</summary>
internal static class Retrier
{
    /// <summary>It may take a while until what the attempt before has left is gone.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    public static async Task GoOnAsync(OpenSite site, Run run, RunFacts facts, CancellationToken ct)
    {
        if (run.Plan.Retry is not { } retry)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        var folder = new RunFolder(site.HostOf(run.Plan.Host), site.Root);
        try
        {
            // Another attempt would have needed it.
            if (run.State is RunState.Ended)
                await folder.ForgetEnvironmentAsync(run.Id.ToString(), limit.Token);
            else if (RunRetries.IsDue(run, facts))
                await folder.AgainAsync(run, retry.MemoryAfter(run.Attempts), limit.Token);
        }
        catch (Exception fault)
            when (fault is UserException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // Whoever looks next asks again.
        }
    }
}
