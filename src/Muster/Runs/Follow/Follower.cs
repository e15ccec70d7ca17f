using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Follow;

/// <summary>
/// Follows one run to its end through every break of the network: log bytes exactly once, states only on evidence.
/// </summary>
public sealed class Follower(RunStore store, OpenSite site, TimeProvider clock)
{
    private DateTimeOffset _askedAt;
    private double _share = 1;
    private Task _carrying = Task.CompletedTask;

    /// <summary>
    /// Tells everything that happens until the run has ended and all its bytes were told. Cancelling only ends the
    /// following.
    /// </summary>
    public async Task<Run> FollowAsync(RunId id, Func<RunEvent, ValueTask> tell, CancellationToken ct)
    {
        var run = store.Find(id) ?? throw new InvalidOperationException($"run {id} is not in the store");
        await tell(new RunEvent.Changed(run));
        List<FollowLine> lines = [.. run.Plan.Hosts().Select(host => new FollowLine(site, run.Plan, host, [], clock))];
        if (
            run.State is RunState.Ended
            && run.UnreachableSince is null
            && store.Find(id) is { } ended
            && !ended.State.IsLive
        )
            return await FinishAsync(ended, lines, tell, ct);
        var places = new RunPlaces(site, run.Plan);
        var isGang = places.IsGang;
        using var gate = new SemaphoreSlim(1); // the lines of several hosts speak one at a time
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var following = lines
            .Select(line =>
                line.FollowAsync(
                    JudgeLineAsync,
                    LostAsync,
                    happening => new(AloneAsync(() => tell(happening).AsTask())),
                    enough.Token
                )
            )
            .ToList();
        try
        {
            await foreach (var done in Task.WhenEach(following))
                await done;
        }
        // the run has ended, and what is left is read below
        catch (OperationCanceledException) when (!ct.IsCancellationRequested) { }
        finally
        {
            await enough.CancelAsync();
            await Task.WhenAll(following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await _carrying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_carrying.IsFaulted)
            await _carrying;
        return await FinishAsync(run, lines, tell, ct);

        async Task<FollowNext> JudgeLineAsync(FollowLine line)
        {
            var next = FollowNext.GoOn;
            await AloneAsync(async () =>
            {
                run = await JudgeAsync(run, Facts(lines), lines.Max(one => one.NewsAt), tell, enough.Token);
                if (line.HasEnded && lines.Count == 1 && run.State is not RunState.Ended)
                    run = await SettleAsync(run, line, tell, enough.Token);
                next = line.HasEnded
                    ? run.State is RunState.Ended || lines.Count > 1
                        ? FollowNext.Stop
                        : FollowNext.Again
                    : FollowNext.GoOn;
                if (run.State is RunState.Ended && !line.HasEnded)
                    await enough.CancelAsync();
                else if (isGang && _carrying.IsCompleted)
                    _carrying = places.CarryAsync(run, Facts(lines), clock.GetUtcNow(), enough.Token);
            });
            return next;
        }

        Task LostAsync() =>
            AloneAsync(() =>
            {
                run = store.Change(id, known => RunJudge.Unseen(known, clock.GetUtcNow()));
                return Task.CompletedTask;
            });

        async Task AloneAsync(Func<Task> act)
        {
            await gate.WaitAsync(CancellationToken.None);
            try
            {
                await act();
            }
            finally
            {
                gate.Release();
            }
        }
    }

    private static RunFacts Facts(List<FollowLine> lines) =>
        RunFacts.Together(
            [.. lines.Select(line => line.Facts).OfType<RunFacts>()],
            [.. lines.Where(line => line.IsLost).Select(line => line.Host ?? "")]
        );

    private async Task<Run> JudgeAsync(
        Run run,
        RunFacts facts,
        DateTimeOffset newsAt,
        Func<RunEvent, ValueTask> tell,
        CancellationToken ct
    )
    {
        var word = await WordAsync(store.Find(run.Id) ?? run, facts, newsAt, ct);
        var now = clock.GetUtcNow();
        var after = RunJudge.After(store.Find(run.Id) ?? run, facts, word, site.Site.HasScheduler, now);
        // Seeing it again is news only now and then; a state is news at once, and so is that it begins to look ended.
        var changed =
            after.State != run.State || !after.Ports.SequenceEqual(run.Ports) || !after.Notes.SequenceEqual(run.Notes);
        if (
            !changed
            && after.VanishedSince == run.VanishedSince
            && run.UnreachableSince == after.UnreachableSince
            && now - run.SeenAt < TimeSpan.FromSeconds(30)
        )
            return run;
        after = store.Change(run.Id, known => RunJudge.After(known, facts, word, site.Site.HasScheduler, now));
        if (changed)
            await tell(new RunEvent.Changed(after));
        return after;
    }

    /// <summary>The run's own records say it is over, but its scheduler has to be heard first.</summary>
    private async Task<Run> SettleAsync(Run run, FollowLine line, Func<RunEvent, ValueTask> tell, CancellationToken ct)
    {
        while (run.State is not RunState.Ended)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), clock, ct);
            run = await JudgeAsync(
                run,
                line.Facts! with
                {
                    Supervisors = new Dictionary<string, Liveness>(),
                },
                line.NewsAt,
                tell,
                ct
            );
            if (run.State is RunState.Queued)
                break; // it will run again
        }
        return run;
    }

    private async Task<SchedulerWord?> WordAsync(Run run, RunFacts facts, DateTimeOffset newsAt, CancellationToken ct)
    {
        if (facts.Handle is not { } handle || site.Desk(run.Plan.Host) is not { } desk)
            return null;
        var exited = facts.Ending(".exit").Any();
        var pace =
            exited || run.CancelWished ? TimeSpan.FromSeconds(2)
            : run.VanishedSince is not null || facts.MemoryKill is not null ? TimeSpan.FromSeconds(10)
            : run.State is RunState.Running ? TimeSpan.FromSeconds(60)
            : WaitingPace(clock.GetUtcNow() - run.Created);
        var now = clock.GetUtcNow();
        if (now - _askedAt < (exited ? TimeSpan.FromSeconds(1) : pace * _share))
            return null;
        (_askedAt, _share) = (now, Pause.Usual.Share());
        var answer = await desk.AskAsync([handle], OtherHandles(), pace, ct);
        // A word from before the run's own news says nothing about it any more.
        return answer is not null && answer.At >= newsAt ? answer.Words.GetValueOrDefault(handle) : null;
    }

    /// <summary>What has waited long hardly starts in the next seconds, and its own record tells that it has.</summary>
    private static TimeSpan WaitingPace(TimeSpan waited) =>
        TimeSpan.FromSeconds(Math.Clamp(waited.TotalSeconds / 20, 10, 60));

    private JobHandle[] OtherHandles() =>
        [
            .. store
                .Live()
                .Where(other => other.Plan.Site == site.Site.Name)
                .Select(other => other.Handle)
                .OfType<JobHandle>(),
        ];

    /// <summary>What stands in the logs by now, on every host that answers.</summary>
    public async IAsyncEnumerable<RunEvent.Log> ReadAsync(
        Run run,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        foreach (var host in run.Plan.Hosts())
        {
            await foreach (var log in ReadAsync(run, host, new Dictionary<string, long>(), ct))
                yield return log;
        }
    }

    private async IAsyncEnumerable<RunEvent.Log> ReadAsync(
        Run run,
        string? host,
        IReadOnlyDictionary<string, long> offsets,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        await using var channel = await new RunFolder(site.HostOf(host), site.Root).FollowAsync(
            run.Plan.FolderOn(host),
            once: true,
            offsets,
            ct
        );
        await foreach (var frame in FollowFrame.ReadAsync(channel.Output, ct))
        {
            if (frame is FollowFrame.Log log)
                yield return new(log.Name, log.Offset, log.Bytes);
        }
    }

    /// <summary>What stands in the logs of a run that has ended and was not told yet.</summary>
    private async Task<Run> FinishAsync(
        Run run,
        List<FollowLine> lines,
        Func<RunEvent, ValueTask> tell,
        CancellationToken ct
    )
    {
        foreach (var line in lines.Where(line => !line.HasEnded))
        {
            try
            {
                await foreach (var log in ReadAsync(run, line.Host, line.Offsets, ct))
                    await tell(log);
            }
            catch (HostUnreachableException fault) when (lines.Count > 1)
            {
                // the others' are told all the same
                await tell(new RunEvent.ContactLost(clock.GetUtcNow(), fault.Message));
            }
        }
        return run;
    }
}
