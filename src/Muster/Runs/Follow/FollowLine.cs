using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Runs.Follow;

/// <summary>What a line does after its facts were judged.</summary>
internal enum FollowNext
{
    GoOn,

    /// <summary>The part that has ended will be started again by its scheduler.</summary>
    Again,
    Stop,
}

/// <summary>
/// The connection to one host of a run that is followed, through every break: each byte of its logs once, and its
/// records as they are.
/// </summary>
/// <param name="offsets">Where in each log to go on.</param>
internal sealed class FollowLine(
    OpenSite site,
    RunPlan plan,
    string? hostName,
    Dictionary<string, long> offsets,
    TimeProvider clock
)
{
    /// <summary>
    /// A host that sends something every second is not heard for so long: its connection is taken for dead.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(4);

    private DateTimeOffset? _lostAt;

    public string? Host => hostName;
    public bool IsLost => _lostAt is not null;
    public IReadOnlyDictionary<string, long> Offsets => offsets;

    /// <summary>The host has said all there is: its part of the run has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>What the host says of the run; null until it was heard.</summary>
    public RunFacts? Facts { get; private set; }

    /// <summary>When a record changed last.</summary>
    public DateTimeOffset NewsAt { get; private set; }

    /// <param name="judge">Called whenever the facts may have changed.</param>
    /// <param name="lost">Called once for each break.</param>
    public async Task FollowAsync(
        Func<FollowLine, Task<FollowNext>> judge,
        Func<Task> lost,
        Func<RunEvent, ValueTask> tell,
        CancellationToken ct
    )
    {
        for (var tries = 0; ; tries++)
        {
            string why;
            try
            {
                switch (await OneConnectionAsync(tries, judge, () => tries = 0, tell, ct))
                {
                    case FollowNext.Stop:
                        return;
                    case FollowNext.Again:
                        await Task.Delay(Pause.Usual.About(TimeSpan.FromSeconds(2)), clock, ct);
                        continue;
                }
                why = "the connection ended";
            }
            catch (HostUnreachableException fault) when (fault.MayPass || _lostAt is not null)
            {
                why = fault.Message;
                // A host that refuses is not pestered.
                var pause = Pause.Usual.After(tries + 1, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1));
                if (!fault.MayPass)
                    await Task.Delay(pause, clock, ct);
            }
            catch (Exception fault) when (fault is IOException or TimeoutException)
            {
                why = fault.Message;
            }
            ct.ThrowIfCancellationRequested();
            if (_lostAt is null)
            {
                _lostAt = clock.GetUtcNow();
                await lost();
                await tell(new RunEvent.ContactLost(_lostAt.Value, why));
            }
            var again = Pause.Usual.After(tries + 1, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
            await Task.Delay(again, clock, ct);
        }
    }

    private async Task<FollowNext> OneConnectionAsync(
        int tries,
        Func<FollowLine, Task<FollowNext>> judge,
        Action answered,
        Func<RunEvent, ValueTask> tell,
        CancellationToken ct
    )
    {
        // Short tries find a link that has come back sooner; every third is a patient one, for slow links.
        var host = site.HostOf(hostName, hurried: tries % 3 != 0);
        try
        {
            await using var channel = await new RunFolder(host, site.Root).FollowAsync(
                plan.FolderOn(hostName),
                once: false,
                offsets,
                ct
            );
            var records = new Dictionary<string, StatusRecord>();
            var missing = new Dictionary<string, Liveness>();
            var news = false;
            // The first answer takes a few round trips.
            var output = new HeardStream(
                channel.Output,
                Silence * 2,
                Silence,
                clock,
                asking => host.RunAsync(ShellText.Of($":"), asking)
            );
            await foreach (var frame in FollowFrame.ReadAsync(output, ct))
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
                        if (news && !records.Keys.Any(name => name.EndsWith(".exit", StringComparison.Ordinal)))
                            await JudgeAsync();
                        news = false;
                        await ShowAsync(log, tell);
                        continue;
                    case FollowFrame.Record(var record):
                        records[record.Name] = record;
                        (news, NewsAt) = (true, clock.GetUtcNow());
                        continue;
                    case FollowFrame.Gone(var name):
                        records.Remove(name);
                        (news, NewsAt) = (true, clock.GetUtcNow());
                        continue;
                    case FollowFrame.SupervisorMissing(var rank, var what):
                        missing[rank] = what;
                        continue;
                    case FollowFrame.Absent:
                        continue;
                }
                news = false;
                HasEnded = frame is FollowFrame.End;
                if (await JudgeAsync() is not FollowNext.GoOn and var next)
                    return next;
            }
            ct.ThrowIfCancellationRequested();
            await channel.EndAsync(ct).WaitAsync(Silence, clock, ct);
            return FollowNext.GoOn;

            Task<FollowNext> JudgeAsync()
            {
                Facts = new RunFacts
                {
                    Present = true,
                    Records = new Dictionary<string, StatusRecord>(records),
                    Supervisors = new Dictionary<string, Liveness>(missing),
                };
                return judge(this);
            }
        }
        catch (SilenceException silence)
        {
            // The connection is everybody's. Where it answers, only this channel hangs, as on a file system that does.
            if (host is OpenSshHost ssh && !silence.ConnectionLives)
                await ssh.GiveUpConnectionAsync();
            throw new TimeoutException($"{host.Name} has not been heard for {Silence.TotalSeconds:0} s");
        }
    }

    private async ValueTask ShowAsync(FollowFrame.Log log, Func<RunEvent, ValueTask> tell)
    {
        if (log.Offset != offsets.GetValueOrDefault(log.Name))
            throw new IOException(
                $"{log.Name} continued at {log.Offset} instead of {offsets.GetValueOrDefault(log.Name)}"
            );
        await tell(new RunEvent.Log(log.Name, log.Offset, log.Bytes));
        offsets[log.Name] = log.Offset + log.Bytes.Length;
    }
}
