using Muster.Faults;
using Muster.Hosts;
using Muster.Runs.Measures;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Schedulers;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Explain;

/// <summary>
/// Gathers what explains a run. SLURM is asked with two commands at most: the run's own records say the rest.
/// </summary>
public sealed class Explainer(RunStore store, MeasureStore measures, Func<string, OpenSite> open, TimeProvider clock)
{
    public async Task<(Run Run, Explanation Explanation)> ExplainAsync(Run run, TimeSpan patience, CancellationToken ct)
    {
        var around = new Circumstances();
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            if (run.State is not RunState.Planned && !IsGone(run))
                (run, around) = await LookAsync(run, either.Token);
        }
        catch (Exception fault)
            when (fault is HostUnreachableException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            if (run.State.IsLive)
                run = store.Change(run.Id, known => RunJudge.Unseen(known, clock.GetUtcNow()));
        }
        around = around with { Usage = measures.Find(run.Id).Usage(run.Plan) };
        return (run, Explanation.For(run, around, RunKeeper.IsAbandoned(run), clock.GetUtcNow()));
    }

    /// <summary>It ended with its machine, or its machine after it: what is known of it is all that there is.</summary>
    private bool IsGone(Run run) =>
        run.State is RunState.Ended
        && open(run.Plan.Site) is { Cloud: not null } site
        && !site.HostNames.Contains(run.Plan.Host);

    private async Task<(Run, Circumstances)> LookAsync(Run run, CancellationToken ct)
    {
        var site = open(run.Plan.Site);
        var host = site.HostOf(run.Plan.Host);
        var facts = run.State.IsLive
            ? await new RunPlaces(site, run.Plan).LookAsync(TimeSpan.FromSeconds(10), ct)
            : null;
        if (facts is not null)
            run = store.Change(
                run.Id,
                known => RunJudge.After(known, facts, null, site.Site.HasScheduler, clock.GetUtcNow())
            );

        string? queue = null;
        var spent = false;
        if (
            run.State is RunState.Queued or RunState.Launched
            && site.Desk(run.Plan.Host) is { } desk
            && SlurmJobId.Find(run.Handle?.Text ?? "") is { } job
        )
        {
            queue = (
                await desk.AskOtherAsync(
                    ShellText.Script("Runs/Explain/queue.sh", [$"{job.Id}", Partition.Format]),
                    commands: 2,
                    ct
                )
            )?.Output;
            spent = queue is null;
        }
        await new MeasureKeeper(measures, open, clock).RefreshAsync([run], TimeSpan.FromSeconds(10), ct);
        var explain = RunFolder.WithFull(ShellText.Script("Runs/Explain/explain.sh", [site.Root, run.Id.ToString()]));
        var output = await host.GetAsync(explain, "looking at the run", ct);
        var around = Circumstances.Read(output, queue) with { BudgetSpent = spent };
        if (facts is not null && around.Place is { } place)
            run = store.Change(
                run.Id,
                known => RunJudge.After(known, facts, new SchedulerWord.Waiting(place.Reason), true, clock.GetUtcNow())
            );
        // The load of a login node says nothing about a job elsewhere.
        return (run, site.Site.HasScheduler ? around with { Load = null } : around);
    }
}
