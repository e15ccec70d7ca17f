using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>
/// Decides what a run's state is from what was seen. Nothing ends without positive evidence; not seeing is not
/// evidence.
/// </summary>
public static partial class RunJudge
{
    /// <summary>
    /// How long an end that only the scheduler reports waits for our own record, which a shared file system may show
    /// late.
    /// </summary>
    public static readonly TimeSpan RecordPatience = TimeSpan.FromSeconds(20);

    /// <summary>The same for an end that was requested before the run began.</summary>
    public static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(3);

    /// <summary>How long the ranks of a run may wait for each other before that is told.</summary>
    private static readonly TimeSpan LatePatience = TimeSpan.FromSeconds(8);

    /// <summary>
    /// How long a scheduler must have answered without knowing a job, and no record appeared, until the job counts as
    /// lost.
    /// </summary>
    public static readonly TimeSpan LostPatience = TimeSpan.FromSeconds(120);

    /// <param name="word">The scheduler's word, where it was asked and answered.</param>
    /// <param name="schedulerKnowsMore">A scheduler stands behind the run, and may start it again after an end.</param>
    public static Run After(Run run, RunFacts facts, SchedulerWord? word, bool schedulerKnowsMore, DateTimeOffset now)
    {
        run = RunRetries.Learn(run, facts);
        if (run.Attempts.Count > facts.Retry)
            return RunRetries.Waiting(run, facts, word, now);
        facts = facts.OfItsAttempt();
        var after = Judge(run, facts, word, schedulerKnowsMore, now);
        if (run.State is RunState.Ended || after.State is not RunState.Ended end)
            return after;
        end = end with
        {
            Started = facts.Ending(".started").Min(record => record.Time) ?? (run.State as RunState.Running)?.Since,
            Handle = facts.Handle ?? run.Handle,
        };
        return RunRetries.After(after, end, facts);
    }

    private static Run Judge(Run run, RunFacts facts, SchedulerWord? word, bool schedulerKnowsMore, DateTimeOffset now)
    {
        var seen = run with
        {
            SeenAt = now,
            UnreachableSince = facts.Silent.Count == 0 ? null : run.UnreachableSince ?? now,
            Ports = PortsIn(facts),
            Notes = NotesIn(facts),
        };
        if (run.State is RunState.Ended)
            return seen;
        var sight = new Sight(run, seen, facts, word, schedulerKnowsMore, now);
        if (sight.Exits.Count >= sight.Ranks.Count && Latest(sight.Started) <= Latest(sight.Exits))
            return AllLeft(sight);
        if (facts.Handle is not { } handle)
            return Unlaunched(sight);
        if (sight.Started.Count > 0)
            return Begun(sight, handle);
        if (word is null && Late(sight) is { } late)
            return seen with { State = new RunState.Queued(handle, late) };
        if (facts.Ending(".queued").MinBy(record => record.Number("place") ?? int.MaxValue) is { } line)
            return InLine(sight, handle, line);
        if (Missed(sight) is { } missed)
            return sight.AfterPatience(RecordPatience, Waiting(run, handle), missed);
        if (word is null && facts.Ending(".waiting").FirstOrDefault() is { } held)
            return seen with { State = new RunState.Queued(handle, $"waiting for run {held["run"]}") };
        return NotBegun(sight, handle);
    }

    /// <summary>What is known when a run is judged.</summary>
    /// <param name="Before">The run as it was known until now.</param>
    /// <param name="Seen">The same with what goes for it however it stands.</param>
    private sealed record Sight(
        Run Before,
        Run Seen,
        RunFacts Facts,
        SchedulerWord? Word,
        bool SchedulerKnowsMore,
        DateTimeOffset Now
    )
    {
        public IReadOnlyList<string> Ranks { get; } = Before.Plan.Ranks();
        public List<StatusRecord> Started { get; } = [.. Facts.Ending(".started")];
        public List<StatusRecord> Exits { get; } = [.. Facts.Ending(".exit")];

        /// <summary>An end without a record of ours is believed only after it was seen for some time.</summary>
        public Run AfterPatience(TimeSpan patience, RunState meanwhile, RunState.Ended end)
        {
            var since = Before.VanishedSince ?? Now;
            return Now - since >= patience ? Seen.EndWith(end) : Seen with { State = meanwhile, VanishedSince = since };
        }
    }

    /// <summary>Each rank has left its exit record.</summary>
    private static Run AllLeft(Sight sight)
    {
        var (run, seen, now) = (sight.Before, sight.Seen, sight.Now);
        var end = EndOf(
            sight.Exits,
            sight.Facts,
            run.CancelWished || sight.Facts.CancelKnown,
            run.Plan.Roles.Count > 0 ? sight.Ranks : null
        );
        if (end.Code > 128)
            end = end.ForMemory(sight.Facts);
        if (!sight.SchedulerKnowsMore || end.Code == 0 || end.Outcome == Outcome.Cancelled)
            return seen.EndWith(end);
        var toldToStop = sight.Exits.Any(record => record["reason"] == "terminated");
        // A scheduler may start a job again after some exits, and knows causes that the job's own shell cannot see.
        switch (sight.Word)
        {
            // A life that was told to stop does not end like that: these are a former one's words, and the last one's
            // are on their way.
            case SchedulerWord.Ended(Outcome.Succeeded or Outcome.Failed, var code, var said) ended
                when code != end.Code && toldToStop:
                return sight.AfterPatience(
                    RecordPatience,
                    run.State,
                    ended.Outcome is Outcome.Succeeded ? new(Outcome.Succeeded, 0, now, new("scheduler", said)) : end
                );
            case SchedulerWord.Ended(Outcome.Succeeded or Outcome.Failed, _, _):
            case SchedulerWord.Absent:
                return seen.EndWith(end);
            case SchedulerWord.Ended(var outcome, _, var text):
                var both = new Evidence("scheduler and exit record", $"{text}; {end.Evidence.Text}");
                return seen.EndWith(end with { Outcome = outcome, Evidence = both });
            case null when toldToStop:
                return seen; // somebody told it to stop, and only the scheduler knows whether it will run again
            // It waited again, and runs anew: that life has not said a word yet.
            case SchedulerWord.Running(_, var since) when since > end.At || run.State is RunState.Queued:
            case SchedulerWord.Running or SchedulerWord.Other when now - end.At < LostPatience:
                return seen with { State = run.State };
            case SchedulerWord.Waiting(var why):
                return seen with { State = new RunState.Queued(sight.Facts.Handle ?? run.Handle ?? new(""), why) };
            default:
                // TERM and KILL reach the command too, at a time limit and where memory runs out: why, only the
                // scheduler can say, and it may be slow to.
                var patience = end.Code is 143 or 137 ? LostPatience : RecordPatience;
                return now - end.At < patience ? seen : seen.EndWith(end);
        }
    }

    /// <summary>Nobody has recorded a launch.</summary>
    private static Run Unlaunched(Sight sight)
    {
        var facts = sight.Facts;
        if (facts.Tried || sight.Started.Count > 0)
            return sight.Seen;
        if (facts.Records.GetValueOrDefault("refused") is { } refused)
        {
            var evidence = new Evidence("scheduler", $"it rejected the job: {refused["text"]?.Trim()}");
            return sight.Seen.EndWith(new(Outcome.Failed, null, refused.Time ?? sight.Now, evidence));
        }
        if (!facts.CancelKnown)
            return sight.Seen;
        // A request to cancel that was there first keeps it from ever starting.
        var before = new Evidence("launcher", "it was cancelled before the launch");
        return sight.Seen.EndWith(new(Outcome.Cancelled, null, facts.Records["cancel"].Time ?? sight.Now, before));
    }

    /// <summary>Ranks have started, and not all of them have left a record of their end.</summary>
    private static Run Begun(Sight sight, JobHandle handle)
    {
        var (run, seen, facts, now) = (sight.Before, sight.Seen, sight.Facts, sight.Now);
        var first = sight.Started.OrderBy(record => record.Time).First();
        var running = new RunState.Running(
            handle,
            run.Plan.Hosts() is { Count: > 1 } hosts ? string.Join(',', hosts) : Where(sight.Started),
            first.Time ?? now
        );
        var broken = facts
            .Supervisors.Where(pair => pair.Value != Liveness.Alive && !facts.Records.ContainsKey(pair.Key + ".exit"))
            .ToList();
        // Of several ranks, the others are ended first, and what the broken one left: see RankNews. That leaves a
        // record.
        if (broken.Count > 0 && run.Plan.Roles.Count > 0 && !sight.SchedulerKnowsMore)
            return seen with { State = running, VanishedSince = run.VanishedSince ?? now };
        if (broken.Count > 0)
            return sight.AfterPatience(RecordPatience, running, Broken(sight, broken));
        return sight.Word switch
        {
            SchedulerWord.Ended(var outcome, var code, var text) => sight.AfterPatience(
                RecordPatience,
                running,
                new RunState.Ended(outcome, code, now, new("scheduler", text)).ForMemory(facts)
            ),
            SchedulerWord.Absent => sight.AfterPatience(LostPatience, running, Forgotten(now).ForMemory(facts)),
            SchedulerWord.Waiting(var why) when sight.Exits.Count == 0 => seen with
            {
                State = new RunState.Queued(handle, why),
                VanishedSince = null,
            },
            _ => seen with
            {
                State = running,
                VanishedSince = sight.Word is null && sight.SchedulerKnowsMore ? run.VanishedSince : null,
            },
        };
    }

    /// <summary>How a run ended whose supervisor is gone, with what it should have recorded.</summary>
    private static RunState.Ended Broken(Sight sight, List<KeyValuePair<string, Liveness>> broken)
    {
        var where = Where(sight.Started);
        if (broken.Any(pair => pair.Value == Liveness.Rebooted))
        {
            var rebooted = $"{where} was rebooted while {broken[0].Key} was running, and no exit record was written";
            return new(Outcome.NodeFailed, null, sight.Now, new("host", rebooted));
        }
        var full = sight.Facts.FullDisk is { } disk ? $"; the disk of its folder, {disk}, is full" : "";
        var gone = $"the supervisor of {broken[0].Key} on {where} is gone and left no exit record{full}";
        return new(Outcome.Lost, null, sight.Now, new("host", gone));
    }

    /// <summary>For whom the ranks that are there have been waiting too long.</summary>
    private static string? Late(Sight sight)
    {
        var facts = sight.Facts;
        if (!facts.Ending(".address").Any(record => sight.Now - record.Time > LatePatience))
            return null;
        var late = sight
            .Ranks.Where(rank => !facts.Records.ContainsKey(rank + ".address"))
            .Select(rank => sight.Before.Plan.HostOf(rank) is { } host ? $"{rank} on {host}" : rank);
        return string.Join(", ", late) is { Length: > 0 } names ? $"the others are waiting for {names}" : null;
    }

    /// <summary>It stands in a host's line, or waits there for its time.</summary>
    private static Run InLine(Sight sight, JobHandle handle, StatusRecord line)
    {
        var standing = new RunState.Queued(
            handle,
            line["until"] is { } until && long.TryParse(until, CultureInfo.InvariantCulture, out var seconds)
                ? $"it begins at {DateTimeOffset.FromUnixTimeSeconds(seconds).ToLocalTime():yyyy-MM-dd HH:mm:ss}"
                : $"place {line["place"]} of {line["of"]} in line on {line["host"]}: {line["lack"]}"
        );
        if (
            sight.Facts.Supervisors.FirstOrDefault(pair => pair.Value != Liveness.Alive) is not { Key: { } rank } missed
        )
            return sight.Seen with { State = standing, VanishedSince = null };
        var (outcome, how) =
            missed.Value is Liveness.Rebooted
                ? (Outcome.NodeFailed, $"{line["host"]} was rebooted while {rank} stood in line; it had not begun")
                : (
                    Outcome.Lost,
                    $"the supervisor of {rank} on {line["host"]} is gone; it stood in line and was not seen to begin"
                );
        return sight.AfterPatience(RecordPatience, standing, new(outcome, null, sight.Now, new("host", how)));
    }

    /// <summary>The end of a run whose supervisor is gone before it had begun, and before it stood in line.</summary>
    private static RunState.Ended? Missed(Sight sight) =>
        sight.SchedulerKnowsMore || sight.Before.Plan.Roles.Count > 0 ? null
        : sight.Facts.Supervisors.FirstOrDefault(pair => pair.Value != Liveness.Alive) is { Key: { } rank }
            ? new(
                Outcome.Lost,
                null,
                sight.Now,
                new("host", $"the supervisor of {rank} is gone, and it had not begun its command")
            )
        : null;

    private static RunState Waiting(Run run, JobHandle handle) =>
        run.State is RunState.Queued or RunState.Running ? run.State : new RunState.Launched(handle);

    /// <summary>It was launched, and only the scheduler knows more.</summary>
    private static Run NotBegun(Sight sight, JobHandle handle)
    {
        var (run, seen, now) = (sight.Before, sight.Seen, sight.Now);
        var waiting = Waiting(run, handle);
        return sight.Word switch
        {
            SchedulerWord.Waiting(var why) => seen with
            {
                State = new RunState.Queued(handle, why),
                VanishedSince = null,
            },
            SchedulerWord.Running(var where, var since) => seen with
            {
                State = new RunState.Running(handle, where, since ?? now),
                VanishedSince = null,
            },
            // Cancelled before it began, as requested. A second job could just have begun before the request;
            // its record would be here by then.
            SchedulerWord.Ended(var outcome, var code, var text) => sight.AfterPatience(
                outcome is Outcome.Cancelled && sight.Facts.CancelKnown ? CancelPatience : RecordPatience,
                waiting,
                new(outcome, code, now, new("scheduler", text))
            ),
            SchedulerWord.Absent => sight.AfterPatience(LostPatience, waiting, Forgotten(now)),
            SchedulerWord.Other => seen with { State = waiting, VanishedSince = null },
            _ => seen with { State = waiting },
        };
    }

    /// <summary>The site did not answer. The state stays what it was.</summary>
    public static Run Unseen(Run run, DateTimeOffset now) =>
        run with
        {
            UnreachableSince = run.UnreachableSince ?? now,
        };

    /// <param name="gang">The ranks in their order, where one that failed has the others stopped: then what failed by
    /// itself counts, and of several the first.</param>
    private static RunState.Ended EndOf(
        List<StatusRecord> exits,
        RunFacts facts,
        bool cancelWished,
        IReadOnlyList<string>? gang
    )
    {
        string RankOf(StatusRecord record) => record.Name[..^".exit".Length];
        bool StoppedOthers(StatusRecord record) =>
            exits.Any(other =>
                other["reason"] == "stopped"
                && other["cause"]?.StartsWith($"{RankOf(record)} on ", StringComparison.Ordinal) is true
            );
        var worst = exits
            .OrderBy(record =>
                record["reason"] switch
                {
                    "cancelled" => 0,
                    "timed-out" or "deadline" => 1,
                    "out-of-memory" => 2,
                    "stopped" => 7,
                    "released" => 10,
                    "terminated" => gang is null ? 3 : 6,
                    _ => record.Number("code") == 0 ? 9 : 4,
                }
            )
            .ThenBy(record => record.Time)
            .ThenByDescending(StoppedOthers)
            .ThenBy(record => gang?.ToList().IndexOf(RankOf(record)))
            .First();
        var code = worst.Number("code");
        var outcome = worst["reason"] switch
        {
            "cancelled" => Outcome.Cancelled,
            "timed-out" or "deadline" => Outcome.TimedOut,
            "out-of-memory" => Outcome.OutOfMemory,
            "lost" => Outcome.Lost,
            "rebooted" => Outcome.NodeFailed,
            "terminated" when cancelWished => Outcome.Cancelled,
            _ => code == 0 ? Outcome.Succeeded : Outcome.Failed,
        };
        var at = exits.Max(record => record.Time) ?? DateTimeOffset.UnixEpoch;
        var why = worst["reason"] switch
        {
            "dependency" =>
                $"a run it was waiting for did not succeed ({facts.Records.GetValueOrDefault("note.after")?["run"]})",
            "exited" => $"exited with {code}"
                + $"{(code == 127 && gang is not null ? ", which means that its program is not there" : "")}",
            "unready" or "setup" or "deadline" => worst["cause"],
            "lost" => "its supervisor was gone without an exit record; its remaining processes were ended",
            "rebooted" => "the host was rebooted while it was running",
            var reason => $"{reason}, code {code}{(worst["cause"] is { } cause ? $" ({cause})" : "")}",
        };
        var left = worst["survivors"] is { } survivors ? $"; still running despite SIGKILL: {survivors}" : "";
        var stopped = exits.Count(record => record["reason"] == "stopped") is > 0 and var others
            ? $"; for that {others} of {exits.Count} ranks were stopped"
            : "";
        var disk = worst["unwritten"] is { } said ? $"; its folder could not be written: {said}" : "";
        return new(
            outcome,
            code,
            at,
            new("exit record", $"{RankOf(worst)} on {worst["host"]}: {why}{left}{stopped}{disk}")
        );
    }

    /// <summary>
    /// Without control groups SLURM kills a job for its memory, our supervisor too, and calls it FAILED. Its log says
    /// why.
    /// </summary>
    private static RunState.Ended ForMemory(this RunState.Ended end, RunFacts facts) =>
        facts.MemoryKill is { } line && end.Outcome is (Outcome.Failed or Outcome.Lost)
            ? end with
            {
                Outcome = Outcome.OutOfMemory,
                Evidence = end.Evidence with { Text = $"{end.Evidence.Text}; its log says: {line.Trim()}" },
            }
            : end;

    private static Run EndWith(this Run run, RunState.Ended end) => run with { State = end, VanishedSince = null };

    private static RunState.Ended Forgotten(DateTimeOffset now) =>
        new(
            Outcome.Lost,
            null,
            now,
            new(
                "scheduler",
                $"it no longer knows the job, and no exit record appeared for " + $"{LostPatience.TotalSeconds:0} s"
            )
        );

    private static int Latest(List<StatusRecord> records) =>
        records.Count == 0 ? -1 : records.Max(record => record.Number("attempt") ?? 0);

    private static string Where(List<StatusRecord> started) =>
        string.Join(
            ',',
            started
                .Select(record => record["nodes"] ?? record["host"])
                .OfType<string>()
                .Distinct()
                .Order(StringComparer.Ordinal)
        );

    private static SeenPort[] PortsIn(RunFacts facts) =>
        [
            .. from record in facts.Records.Values
            let at = record.Name.IndexOf(".port.", StringComparison.Ordinal)
            where at > 0 && record.Number("port") is >= 1 and <= 65535
            // These become words of ssh: what looks like an option must not get that far.
            let host = record["host"] ?? ""
            let address = record["address"] ?? "any"
            where (host.Length == 0 || HostForm().IsMatch(host)) && HostForm().IsMatch(address)
            orderby record.Name
            select new SeenPort(record.Name[(at + 6)..], record.Name[..at], host, address, record.Number("port") ?? 0),
        ];

    [GeneratedRegex(@"\A[A-Za-z0-9_:\[][A-Za-z0-9._:%\]-]{0,254}\z")]
    private static partial Regex HostForm();

    private static string[] NotesIn(RunFacts facts) =>
        [
            .. from record in facts.Records.Values
            where record.Name.StartsWith("note.", StringComparison.Ordinal) && record["text"] is not null
            orderby record.Name
            select record["text"],
        ];
}
