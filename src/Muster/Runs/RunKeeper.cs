using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>
/// Keeps what is known here of runs true: asks each site once for all of its runs, and carries out requests that could
/// not be fulfilled before.
/// </summary>
public sealed class RunKeeper(RunStore store, Func<string, OpenSite> open, TimeProvider clock)
{
    /// <summary>How old the scheduler's word on a run may be that is to be cancelled.</summary>
    private static readonly TimeSpan CancelWord = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Asks the sites of <paramref name="runs"/>, and gives the runs as they are known then. A site that does not
    /// answer within <paramref name="patience"/> changes no state.
    /// </summary>
    /// <param name="oldestWord">How old the scheduler's last word may be.</param>
    public async Task<IReadOnlyList<Run>> RefreshAsync(
        IReadOnlyList<Run> runs,
        TimeSpan patience,
        TimeSpan oldestWord,
        CancellationToken ct
    )
    {
        var live = runs.Where(run => run.State.IsLive).ToList();
        // Under a scheduler ranks need nobody who looks.
        bool IsSpread(Run run) => !run.Plan.HasScheduler && (run.Plan.Roles.Count > 0 || run.Plan.Hosts().Count > 1);
        var alone = live.Where(run => !IsSpread(run)).GroupBy(run => (run.Plan.Site, run.Plan.Host));
        await Task.WhenAll([
            .. alone.Select(group =>
                RefreshAsync(group.Key.Site, group.Key.Host, [.. group], patience, oldestWord, ct)
            ),
            .. live.Where(IsSpread).Select(run => RefreshAsync(run, patience, ct)),
        ]);
        return [.. runs.Select(run => store.Find(run.Id) ?? run)];
    }

    /// <summary>
    /// Requests the end of a run and sees to it as far as it can be done now. The request outlives this process.
    /// </summary>
    public async Task<Run> CancelAsync(RunId id, bool hard, CancellationToken ct)
    {
        var run = store.Change(id, known => known with { CancelWished = true });
        switch (LaunchProtocol.Next(run))
        {
            case LaunchProtocol.Act.EndHere:
                return store.Change(
                    id,
                    known =>
                        known.State is RunState.Planned ? EndedHere(known, "cancelled before anything was sent") : known
                );
            case LaunchProtocol.Act.AskCancel:
                var answer = await new RunPlaces(open(run.Plan.Site), run.Plan).CancelAsync(hard, ct);
                return store.Change(id, known => LaunchProtocol.After(known, answer, clock.GetUtcNow()));
            default:
                return run;
        }
    }

    /// <summary>
    /// Launches a run whose submission was interrupted, if all of it had arrived; otherwise it stays as it is.
    /// </summary>
    public async Task<Run> FinishAsync(RunId id, CancellationToken ct)
    {
        var run = store.Find(id)!;
        var answer = await new RunPlaces(open(run.Plan.Site), run.Plan).LaunchAsync(ct);
        return store.Change(id, known => LaunchProtocol.After(known, answer, clock.GetUtcNow()));
    }

    /// <summary>Nobody is submitting it any more.</summary>
    public static bool IsAbandoned(Run run) =>
        run.State is RunState.Planned or RunState.Staging && run.Submitter?.IsGone() is true;

    /// <summary>
    /// A run of several ranks. Who looks at it also carries between them what they cannot tell each other.
    /// </summary>
    private async Task RefreshAsync(Run run, TimeSpan patience, CancellationToken ct)
    {
        if (run.State is RunState.Planned)
        {
            EndIfAbandoned(run);
            return;
        }
        // a host that does not answer takes no time from the others
        using var limit = new CancellationTokenSource(patience * 2, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var places = new RunPlaces(open(run.Plan.Site), run.Plan);
            if (await places.LookAsync(patience, either.Token) is not { } facts)
                return;
            var after = store.Change(
                run.Id,
                known => RunJudge.After(known, facts, null, schedulerKnowsMore: false, clock.GetUtcNow())
            );
            await places.CarryAsync(after, facts, clock.GetUtcNow(), either.Token);
            if (after.State.IsLive && after.CancelWished && (!facts.CancelKnown || facts.Tried && facts.Handle is null))
                await CancelAsync(run.Id, hard: false, either.Token);
            await EndIfInterruptedAsync(after, facts, either.Token);
        }
        catch (Exception fault)
            when (fault is UserException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            store.Change(run.Id, known => RunJudge.Unseen(known, clock.GetUtcNow()));
        }
    }

    private void EndIfAbandoned(Run run)
    {
        if (IsAbandoned(run))
            store.Change(
                run.Id,
                known =>
                    known.State is RunState.Planned
                        ? EndedHere(known, "its submission was interrupted before anything was sent")
                        : known
            );
    }

    /// <summary>
    /// Ends a run whose submitter is gone and of which not all has arrived. The request to cancel is left on the site
    /// first, so that nothing which is still on its way can start it.
    /// </summary>
    private async Task EndIfInterruptedAsync(Run run, RunFacts facts, CancellationToken ct)
    {
        if (run.State is not RunState.Staging || !IsAbandoned(run))
            return;
        if (facts.Tried || facts.Handle is not null || facts.Records.ContainsKey("staged"))
            return;
        store.Change(run.Id, known => known with { CancelWished = true });
        var answer = await new RunPlaces(open(run.Plan.Site), run.Plan).CancelAsync(hard: false, ct);
        store.Change(
            run.Id,
            known =>
                known.State is RunState.Staging && answer is LaunchAnswer.Cancelled
                    ? EndedHere(
                        known,
                        "its submission was interrupted before everything was uploaded; nothing was started"
                    )
                    : LaunchProtocol.After(known, answer, clock.GetUtcNow())
        );
    }

    private async Task RefreshAsync(
        string siteName,
        string? host,
        IReadOnlyList<Run> runs,
        TimeSpan patience,
        TimeSpan oldestWord,
        CancellationToken ct
    )
    {
        foreach (var run in runs.Where(run => run.State is RunState.Planned))
            EndIfAbandoned(run);
        var asked = runs.Where(run => run.State is not RunState.Planned).ToList();
        if (asked.Count == 0)
            return;
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var site = open(siteName);
            var folder = new RunFolder(site.HostOf(host), site.Root);
            var began = clock.GetUtcNow();
            var looked = await folder.LookAsync(asked.Select(run => run.Id.ToString()), either.Token);
            var facts = asked
                .Where(run => looked.ContainsKey(run.Id.ToString()))
                .ToDictionary(run => run.Id, run => looked[run.Id.ToString()]);
            var handles = asked.Select(run => facts.GetValueOrDefault(run.Id)?.Handle).OfType<JobHandle>().ToList();
            // What is to be cancelled was told so a moment ago: an older word does not know it yet.
            var oldest = asked.Any(run => run.CancelWished) && oldestWord > CancelWord ? CancelWord : oldestWord;
            var answer =
                handles.Count > 0 && site.Desk(host) is { } desk
                    ? await desk.AskAsync(handles, [], oldest, either.Token)
                    : null;
            var due = new List<(Run Run, RunFacts Facts)>();
            foreach (var run in asked.Where(run => facts.ContainsKey(run.Id)))
            {
                var seen = facts[run.Id];
                // A word from before these records says nothing about a run that has started since.
                var fresh = answer?.At >= began || !seen.Ending(".started").Any() && !seen.Ending(".exit").Any();
                var word = fresh && seen.Handle is { } handle ? answer?.Words.GetValueOrDefault(handle) : null;
                var after = store.Change(
                    run.Id,
                    known => RunJudge.After(known, seen, word, site.Site.HasScheduler, clock.GetUtcNow())
                );
                if (after.Plan.Retry is not null && run.State.IsLive)
                    due.Add((after, seen));
                // Also where the request is known but nobody could say yet what there is to stop.
                var pending = !seen.CancelKnown || seen.Tried && seen.Handle is null;
                if (after.State.IsLive && after.CancelWished && pending)
                    await CancelAsync(run.Id, hard: false, either.Token);
                await EndIfInterruptedAsync(after, seen, either.Token);
            }
            await Parallel.ForEachAsync(
                due,
                new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = ct },
                async (one, each) => await Retrier.GoOnAsync(site, one.Run, one.Facts, each)
            );
        }
        catch (Exception fault)
            when (fault is UserException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // Also a site that is no longer in the configuration: its runs cannot be seen, and nothing else is known.
            foreach (var run in asked)
                store.Change(run.Id, known => RunJudge.Unseen(known, clock.GetUtcNow()));
        }
    }

    private Run EndedHere(Run run, string text) =>
        run with
        {
            State = new RunState.Ended(Outcome.Cancelled, null, clock.GetUtcNow(), new("submitter", text)),
        };
}
