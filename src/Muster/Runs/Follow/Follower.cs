using Muster.Faults;
using Muster.Hosts;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Follow;

/// <summary>Follows one run to its end through every break of the network: log bytes exactly once, states only on evidence.</summary>
public sealed class Follower(RunStore store, OpenSite site, TimeProvider clock)
{
    /// <summary>A host that sends something every second is not heard for so long: its connection is taken for dead.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(4);

    private readonly Dictionary<string, long> _offsets = [];
    private DateTimeOffset? _lostAt;
    private DateTimeOffset _askedAt;
    private DateTimeOffset _newsAt;

    /// <summary>Where in a log to go on; without it, from the beginning.</summary>
    public void StartAt(string log, long offset) => _offsets[log] = offset;

    /// <summary>Tells everything that happens until the run has ended and all its bytes were told. Cancelling only ends the following.</summary>
    public async Task<Run> FollowAsync(RunId id, Func<RunEvent, ValueTask> tell, CancellationToken ct)
    {
        var run = store.Find(id) ?? throw new InvalidOperationException($"run {id} is not in the store");
        await tell(new RunEvent.Changed(run));
        if (run.State is RunState.Ended && run.UnreachableSince is null && store.Find(id) is { } ended && !ended.State.IsLive) return await FinishAsync(ended, tell, ct);
        for (var tries = 0; ; tries++)
        {
            string why;
            try
            {
                var (after, finished) = await OneConnectionAsync(run, tries, tell, () => tries = 0, ct);
                run = after;
                if (run.State is RunState.Ended) return finished ? run : await FinishAsync(run, tell, ct);
                if (finished)
                {
                    // Its scheduler will start it again, and then its records go on.
                    await Task.Delay(TimeSpan.FromSeconds(2), clock, ct);
                    continue;
                }
                why = "the connection ended";
            }
            catch (HostUnreachableException fault) when (fault.MayPass || _lostAt is not null)
            {
                why = fault.Message;
                if (!fault.MayPass) await Task.Delay(TimeSpan.FromSeconds(Math.Min(60, 5 * (tries + 1))), clock, ct);   // a host that refuses is not pestered
            }
            catch (Exception fault) when (fault is IOException or TimeoutException)
            {
                why = fault.Message;
            }
            ct.ThrowIfCancellationRequested();
            if (_lostAt is null)
            {
                _lostAt = clock.GetUtcNow();
                run = store.Change(id, known => RunJudge.Unseen(known, clock.GetUtcNow()));
                await tell(new RunEvent.ContactLost(_lostAt.Value, why));
            }
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 100 * (tries + 1))), clock, ct);
        }
    }

    private async Task<(Run Run, bool Finished)> OneConnectionAsync(Run run, int tries, Func<RunEvent, ValueTask> tell, Action answered, CancellationToken ct)
    {
        // Short tries find a link that has come back sooner; every third is a patient one, for slow links.
        var host = site.HostOf(run.Plan.Host, hurried: tries % 3 != 0);
        using var quiet = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, quiet.Token);
        try
        {
            await using var channel = await new RunFolder(host, site.Root).FollowAsync(run.Id, once: false, _offsets, ct);
            var records = new Dictionary<string, StatusRecord>();
            var missing = new Dictionary<string, Liveness>();
            var news = false;
            quiet.CancelAfter(Silence * 2);   // the first answer takes a few round trips
            await foreach (var frame in FollowFrame.ReadAsync(new HeardStream(channel.Output, () => quiet.CancelAfter(Silence)), either.Token))
            {
                if (_lostAt is { } since)
                {
                    _lostAt = null;
                    await tell(new RunEvent.ContactBack(clock.GetUtcNow() - since));
                }
                answered();
                switch (frame)
                {
                    case FollowFrame.Log log:
                        // That it runs is told before what it printed; that it has ended, behind it.
                        if (news && !records.Keys.Any(name => name.EndsWith(".exit", StringComparison.Ordinal))) run = await JudgeAsync(run, new RunFacts { Present = true, Records = records, Supervisors = missing }, tell, ct);
                        news = false;
                        await ShowAsync(log, tell);
                        continue;
                    case FollowFrame.Record(var record):
                        records[record.Name] = record;
                        (news, _newsAt) = (true, clock.GetUtcNow());
                        continue;
                    case FollowFrame.Gone(var name):
                        records.Remove(name);
                        (news, _newsAt) = (true, clock.GetUtcNow());
                        continue;
                    case FollowFrame.SupervisorMissing(var rank, var what):
                        missing[rank] = what;
                        continue;
                    case FollowFrame.Absent:
                        continue;
                }
                quiet.CancelAfter(Timeout.InfiniteTimeSpan);   // what follows is our own work
                news = false;
                run = await JudgeAsync(run, new RunFacts { Present = true, Records = records, Supervisors = missing }, tell, ct);
                if (run.State is RunState.Ended) return (run, frame is FollowFrame.End);
                if (frame is FollowFrame.End) return (await SettleAsync(run, records, tell, ct), true);
                quiet.CancelAfter(Silence);
            }
            ct.ThrowIfCancellationRequested();
            await channel.EndAsync(either.Token);
            return (run, false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            if (host is OpenSshHost ssh) await ssh.GiveUpConnectionAsync();
            throw new TimeoutException($"{host.Name} has not been heard for {Silence.TotalSeconds:0} s");
        }
    }

    private async Task<Run> JudgeAsync(Run run, RunFacts facts, Func<RunEvent, ValueTask> tell, CancellationToken ct)
    {
        var word = await WordAsync(run, facts, ct);
        var now = clock.GetUtcNow();
        var after = RunJudge.After(store.Find(run.Id) ?? run, facts, word, site.Scheduler.Question([]) is not null, now);
        // Seeing it again is news only now and then; a state is news at once, and so is that it begins to look ended.
        var changed = after.State != run.State || !after.Ports.SequenceEqual(run.Ports) || !after.Notes.SequenceEqual(run.Notes);
        if (!changed && after.VanishedSince == run.VanishedSince && run.UnreachableSince is null && now - run.SeenAt < TimeSpan.FromSeconds(30)) return run;
        after = store.Change(run.Id, known => RunJudge.After(known, facts, word, site.Scheduler.Question([]) is not null, now));
        if (changed) await tell(new RunEvent.Changed(after));
        return after;
    }

    /// <summary>The run's own records say it is over, but its scheduler has to be heard first.</summary>
    private async Task<Run> SettleAsync(Run run, IReadOnlyDictionary<string, StatusRecord> records, Func<RunEvent, ValueTask> tell, CancellationToken ct)
    {
        while (run.State is not RunState.Ended)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), clock, ct);
            run = await JudgeAsync(run, new RunFacts { Present = true, Records = records }, tell, ct);
            if (run.State is RunState.Queued) break;   // it will run again
        }
        return run;
    }

    private async Task<SchedulerWord?> WordAsync(Run run, RunFacts facts, CancellationToken ct)
    {
        if (facts.Handle is not { } handle || site.Desk(run.Plan.Host) is not { } desk) return null;
        var exited = facts.Ending(".exit").Any();
        var pace = exited ? TimeSpan.FromSeconds(2) : run is { State: RunState.Running, VanishedSince: null } ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(10);
        var now = clock.GetUtcNow();
        if (now - _askedAt < (exited ? TimeSpan.FromSeconds(1) : pace)) return null;
        _askedAt = now;
        var answer = await desk.AskAsync([handle], OtherHandles(), pace, ct);
        // A word from before the run's own news says nothing about it any more.
        return answer is not null && answer.At >= _newsAt ? answer.Words.GetValueOrDefault(handle) : null;
    }

    private string[] OtherHandles() => [.. store.Live().Where(other => other.Plan.Site == site.Site.Name).Select(RunKeeper.HandleOf).OfType<string>()];

    /// <summary>What stands in the logs by now.</summary>
    public async IAsyncEnumerable<RunEvent.Log> ReadAsync(Run run, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await using var channel = await new RunFolder(site.HostOf(run.Plan.Host), site.Root).FollowAsync(run.Id, once: true, _offsets, ct);
        await foreach (var frame in FollowFrame.ReadAsync(channel.Output, ct))
        {
            if (frame is FollowFrame.Log log) yield return new(log.Name, log.Offset, log.Bytes);
        }
    }

    /// <summary>What stands in the logs of a run that has ended and was not told yet.</summary>
    private async Task<Run> FinishAsync(Run run, Func<RunEvent, ValueTask> tell, CancellationToken ct)
    {
        await foreach (var log in ReadAsync(run, ct))
        {
            await tell(log);
            _offsets[log.Name] = log.Offset + log.Bytes.Length;
        }
        return run;
    }

    private async ValueTask ShowAsync(FollowFrame.Log log, Func<RunEvent, ValueTask> tell)
    {
        if (log.Offset != _offsets.GetValueOrDefault(log.Name)) throw new IOException($"{log.Name} continued at {log.Offset} instead of {_offsets.GetValueOrDefault(log.Name)}");
        await tell(new RunEvent.Log(log.Name, log.Offset, log.Bytes));
        _offsets[log.Name] = log.Offset + log.Bytes.Length;
    }
}
