using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Follow;

/// <summary>
/// Follows one run to its end through every break of the network: log bytes exactly once, states only on evidence.
/// </summary>
/// <remarks>
/// All that is known while it follows belongs to one loop, which goes on when the next event is asked for. Connections
/// and pauses only write into its channel; when that is full, they wait, and so does the host: a slow reader costs
/// nothing but time.
/// </remarks>
public sealed class Follower(RunStore store, OpenSite site, TimeProvider clock)
{
    /// <summary>How many frames are read ahead of a reader that is slow; those of logs hold up to a megabyte.</summary>
    private const int Ahead = 8;

    private DateTimeOffset _askedAt;
    private DateTimeOffset _retriedAt;
    private double _share = 1;

    /// <summary>What a host says, or, without a frame, that its connection is over.</summary>
    private sealed record Heard(FollowLine Line, FollowFrame? Frame);

    /// <summary>
    /// Everything that happens until the run has ended and all its bytes were told. The last change that is told is the
    /// run as it ended. Cancelling only ends the following.
    /// </summary>
    public async IAsyncEnumerable<RunEvent> FollowAsync(RunId id, [EnumeratorCancellation] CancellationToken ct)
    {
        var run = store.Find(id) ?? throw new InvalidOperationException($"run {id} is not in the store");
        yield return new RunEvent.Changed(run);
        List<FollowLine> lines = [.. run.Plan.Hosts().Select(host => new FollowLine(host))];
        if (run.State is not RunState.Ended || run.UnreachableSince is not null)
        {
            await foreach (var happening in UntilEndAsync(run, lines, ct))
                yield return happening;
        }
        foreach (var line in lines.Where(line => !line.HasEnded))
        {
            await foreach (var happening in RestAsync(run.Plan, line, isAlone: lines.Count == 1, ct))
                yield return happening;
        }
    }

    private async IAsyncEnumerable<RunEvent> UntilEndAsync(
        Run run,
        List<FollowLine> lines,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var events = Channel.CreateBounded<Heard>(Ahead);
        var places = new RunPlaces(site, run.Plan);
        var carrying = Task.CompletedTask;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            lines.ForEach(line => Connect(line, TimeSpan.Zero));
            await foreach (var (line, frame) in events.Reader.ReadAllAsync(ct))
            {
                if (frame is null)
                {
                    var (why, pause) = await line.BreakAsync();
                    if (line.LostAt is null)
                    {
                        line.LostAt = clock.GetUtcNow();
                        run = store.Change(run.Id, known => RunJudge.Unseen(known, line.LostAt.Value));
                        yield return new RunEvent.ContactLost(line.LostAt.Value, why);
                    }
                    ConnectAgain(line, pause);
                    continue;
                }
                if (line.LostAt is { } since)
                {
                    line.LostAt = null;
                    yield return new RunEvent.ContactBack(clock.GetUtcNow() - since);
                }
                var isRepeated = line.HasEnded;
                if (line.Hears(frame, clock.GetUtcNow()))
                {
                    (run, var changed) = await JudgeAsync(run, lines, ct);
                    if (changed)
                        yield return new RunEvent.Changed(run);
                    if (run.Plan.Retry is not null)
                        await RetryAsync(run, Facts(lines), ct);
                    var allSaid = lines.All(one => one.HasEnded);
                    // What other hosts still have to say is read below.
                    if (run.State is RunState.Ended ? allSaid || !line.HasEnded : allSaid && lines.Count > 1)
                        break;
                    if (places.IsGang && carrying.IsCompleted)
                        carrying = places.CarryAsync(run, Facts(lines), clock.GetUtcNow(), enough.Token);
                }
                if (frame is FollowFrame.Log log)
                    yield return line.Told(log);
                else if (frame is FollowFrame.End && lines.Count == 1)
                {
                    // The run's own records say it is over, but its scheduler has to be heard first.
                    if (isRepeated && run.State is RunState.Queued)
                        ConnectAgain(line, Pause.Usual.About(TimeSpan.FromSeconds(2)));
                    else
                        line.Telling = RepeatAsync(line, frame);
                }
            }
        }
        finally
        {
            await enough.CancelAsync();
            await Task.WhenAll(lines.Select(line => line.Telling).Append(carrying))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (carrying.IsFaulted)
            await carrying;

        void ConnectAgain(FollowLine line, TimeSpan pause)
        {
            line.BeginAgain();
            Connect(line, pause);
        }

        void Connect(FollowLine line, TimeSpan pause) =>
            line.Telling = ListenAsync(
                line,
                pause,
                new(site, run.Plan, line.Host, new Dictionary<string, long>(line.Offsets), line.IsHurried, clock)
            );

        async Task ListenAsync(FollowLine line, TimeSpan pause, FollowConnection connection)
        {
            FollowFrame? last = null;
            try
            {
                await Task.Delay(pause, clock, enough.Token);
                await connection.ListenAsync(
                    frame => events.Writer.WriteAsync(new(line, last = frame), enough.Token),
                    enough.Token
                );
            }
            finally
            {
                if (last is not FollowFrame.End)
                    await events.Writer.WriteAsync(new(line, null), enough.Token);
            }
        }

        async Task RepeatAsync(FollowLine line, FollowFrame frame)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), clock, enough.Token);
            await events.Writer.WriteAsync(new(line, frame), enough.Token);
        }
    }

    private static RunFacts Facts(List<FollowLine> lines) =>
        RunFacts.Together(
            [.. lines.Select(line => line.Facts).OfType<RunFacts>()],
            [.. lines.Where(line => line.LostAt is not null).Select(line => line.Host ?? "")]
        );

    /// <summary>The run by what its hosts say, and whether that is to be told.</summary>
    private async Task<(Run Run, bool IsNews)> JudgeAsync(Run run, List<FollowLine> lines, CancellationToken ct)
    {
        var facts = Facts(lines);
        var word = await WordAsync(store.Find(run.Id) ?? run, facts, lines.Max(line => line.NewsAt), ct);
        var now = clock.GetUtcNow();
        var after = RunJudge.After(store.Find(run.Id) ?? run, facts, word, site.Site.HasScheduler, now);
        // Seeing it again is news only now and then; a state is news at once, and so is that it begins to look ended.
        var isNews =
            after.State != run.State || !after.Ports.SequenceEqual(run.Ports) || !after.Notes.SequenceEqual(run.Notes);
        if (
            !isNews
            && after.VanishedSince == run.VanishedSince
            && run.UnreachableSince == after.UnreachableSince
            && now - run.SeenAt < TimeSpan.FromSeconds(30)
        )
            return (run, false);
        return (store.Change(run.Id, known => RunJudge.After(known, facts, word, site.Site.HasScheduler, now)), isNews);
    }

    private async Task RetryAsync(Run run, RunFacts facts, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (run.State.IsLive && (!RunRetries.IsDue(run, facts) || now - _retriedAt < TimeSpan.FromSeconds(5)))
            return;
        _retriedAt = now;
        await Retrier.GoOnAsync(site, run, facts, ct);
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
    public async IAsyncEnumerable<RunEvent.Log> ReadAsync(Run run, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var host in run.Plan.Hosts())
        {
            await foreach (var log in ReadAsync(run.Plan, host, new Dictionary<string, long>(), ct))
                yield return log;
        }
    }

    private async IAsyncEnumerable<RunEvent.Log> ReadAsync(
        RunPlan plan,
        string? host,
        IReadOnlyDictionary<string, long> offsets,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        await using var channel = await new RunFolder(site.HostOf(host), site.Root).FollowAsync(
            plan.FolderOn(host),
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

    /// <summary>What stands in the logs of a host and was not told yet.</summary>
    private async IAsyncEnumerable<RunEvent> RestAsync(
        RunPlan plan,
        FollowLine line,
        bool isAlone,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        await using var rest = ReadAsync(plan, line.Host, line.Offsets, ct).GetAsyncEnumerator(ct);
        RunEvent? lost = null;
        while (lost is null)
        {
            try
            {
                if (!await rest.MoveNextAsync())
                    break;
            }
            catch (HostUnreachableException fault) when (!isAlone)
            {
                // the others' are told all the same
                lost = new RunEvent.ContactLost(clock.GetUtcNow(), fault.Message);
            }
            yield return lost ?? rest.Current;
        }
    }
}
