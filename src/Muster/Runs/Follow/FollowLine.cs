using Muster.Faults;

namespace Muster.Runs.Follow;

/// <summary>
/// What is known of one host of a run that is followed, through every break. Only the loop of <see cref="Follower"/>
/// touches it.
/// </summary>
internal sealed class FollowLine(string? host)
{
    private readonly Dictionary<string, long> _offsets = [];
    private readonly Dictionary<string, StatusRecord> _records = [];
    private readonly Dictionary<string, Liveness> _missing = [];
    private bool _news;
    private int _tries;

    public string? Host => host;

    /// <summary>How much of each log was told.</summary>
    public IReadOnlyDictionary<string, long> Offsets => _offsets;

    /// <summary>What tells of this host now: a connection, or a pause before the next.</summary>
    public Task Telling { get; set; } = Task.CompletedTask;

    /// <summary>Since when it has not been heard.</summary>
    public DateTimeOffset? LostAt { get; set; }

    /// <summary>The host has said all there is: its part of the run has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>What the host says of the run; null until it was heard.</summary>
    public RunFacts? Facts { get; private set; }

    /// <summary>When a record changed last.</summary>
    public DateTimeOffset NewsAt { get; private set; }

    /// <summary>
    /// Short tries find a link that has come back sooner; every third is a patient one, for slow links.
    /// </summary>
    public bool IsHurried => _tries % 3 != 0;

    /// <summary>A host says all it knows anew on each connection, but for the logs.</summary>
    public void BeginAgain()
    {
        _tries++;
        _records.Clear();
        _missing.Clear();
        (_news, HasEnded) = (false, false);
    }

    /// <summary>Takes in what the host says. True when the run is to be judged by it.</summary>
    public bool Hears(FollowFrame frame, DateTimeOffset now)
    {
        _tries = 0;
        var isDue = false;
        switch (frame)
        {
            case FollowFrame.Log:
                // That it runs is told before what it printed; that it has ended, behind it.
                isDue = _news && !_records.Keys.Any(name => name.EndsWith(".exit", StringComparison.Ordinal));
                _news = false;
                break;
            case FollowFrame.Record(var record):
                _records[record.Name] = record;
                if (record.Name.Split('.') is [var role, var number, "started" or "queued"])
                    _missing.Remove($"{role}.{number}"); // of another attempt
                (_news, NewsAt) = (true, now);
                break;
            case FollowFrame.Gone(var name):
                _records.Remove(name);
                (_news, NewsAt) = (true, now);
                break;
            case FollowFrame.SupervisorMissing(var rank, var what):
                _missing[rank] = what;
                break;
            case FollowFrame.Tick:
                (isDue, _news, HasEnded) = (true, false, false);
                break;
            case FollowFrame.End:
                // What is heard a second time is a run that waits for its scheduler's word; see Follower.
                if (HasEnded)
                    _missing.Clear();
                (isDue, _news, HasEnded) = (true, false, true);
                break;
        }
        if (isDue)
            Facts = new()
            {
                Present = true,
                Records = new Dictionary<string, StatusRecord>(_records),
                Supervisors = new Dictionary<string, Liveness>(_missing),
            };
        return isDue;
    }

    /// <summary>The same bytes as something to tell; they count as told.</summary>
    public RunEvent.Log Told(FollowFrame.Log log)
    {
        _offsets[log.Name] = log.Offset + log.Bytes.Length;
        return new(log.Name, log.Offset, log.Bytes);
    }

    /// <summary>
    /// Why the connection is over, and how long to wait before the next. A fault that waiting does not fix is thrown.
    /// </summary>
    public async Task<(string Why, TimeSpan Pause)> BreakAsync()
    {
        var pause = Pause.Usual.After(_tries + 1, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
        try
        {
            await Telling;
            return ("the connection ended", pause);
        }
        catch (HostUnreachableException fault) when (fault.MayPass)
        {
            return (fault.Message, pause);
        }
        catch (HostUnreachableException fault) when (LostAt is not null)
        {
            // A host that refuses is not pestered.
            return (
                fault.Message,
                pause + Pause.Usual.After(_tries + 1, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1))
            );
        }
        catch (Exception fault) when (fault is IOException or TimeoutException)
        {
            return (fault.Message, pause);
        }
    }
}
