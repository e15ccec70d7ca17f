using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>When a run that has ended is launched again, by what is seen of it.</summary>
public sealed class RunRetriesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Launched = ["launched", "handle=7"];
    private static readonly string[] Started = ["main.0.started", "host=c1", "attempt=0", "time=1767268000"];
    private static readonly string[] OutOfMemory =
    [
        "main.0.exit",
        "code=137",
        "reason=out-of-memory",
        "attempt=0",
        "host=c1",
        "time=1767268800",
    ];
    private static readonly string[] Retry = ["retry.1", "after=out-of-memory", "begun=1", "text=t", "time=1767268801"];

    private readonly Run _run = new()
    {
        Plan = Plans.Nothing() with
        {
            Retry = new(2, PlannedRetry.Usual) { GrowMemory = 1.5, Memory = 1001 },
        },
        Created = Now,
        State = new RunState.Launched(new("7")),
    };

    [Fact]
    public void An_end_that_was_named_makes_an_attempt_once_however_often_it_is_seen()
    {
        var once = After(_run, Launched, Started, OutOfMemory);
        var twice = After(once, Launched, Started, OutOfMemory);

        Assert.True(RunRetries.IsDue(once, Facts(Launched, Started, OutOfMemory)));
        Assert.Equal(Outcome.OutOfMemory, Assert.Single(twice.Attempts).Outcome);
        Assert.StartsWith(
            "retry 1 of 2 with 1502 MB of memory, as it ended: out-of-memory (",
            Assert.IsType<RunState.Queued>(twice.State).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_the_attempt_before_has_left_says_nothing_of_the_next()
    {
        var due = After(_run, Launched, Started, OutOfMemory);
        var begun = After(due, Launched, Started, OutOfMemory, Retry);

        Assert.False(RunRetries.IsDue(begun, Facts(Retry)));
        Assert.Single(begun.Attempts);
        Assert.IsType<RunState.Queued>(begun.State);
        var again = After(begun, Retry, Late(Launched), Late(Started), OutOfMemory);
        Assert.IsType<RunState.Running>(again.State);
        var second = After(again, Retry, Late(Launched), Late(Started), Late(OutOfMemory));
        Assert.Equal(2, second.Attempts.Count);
        Assert.Equal(2253, second.Plan.Retry!.MemoryAfter(second.Attempts));
    }

    [Fact]
    public void There_are_no_more_attempts_than_were_asked_for_and_a_requeue_counts()
    {
        string[] requeued =
        [
            .. OutOfMemory.Select(line => line.Replace("attempt=0", "attempt=1", StringComparison.Ordinal)),
        ];
        string[] twice =
        [
            .. OutOfMemory.Select(line => line.Replace("attempt=0", "attempt=2", StringComparison.Ordinal)),
        ];

        Assert.Single(After(_run, Launched, Started, requeued).Attempts);
        Assert.IsType<RunState.Ended>(After(_run, Launched, Started, twice).State);
    }

    [Fact]
    public void An_end_that_was_not_named_is_one_and_so_is_a_cancelled_run_s()
    {
        string[] failed = ["main.0.exit", "code=1", "reason=exited", "attempt=0", "time=1767268800"];
        Assert.IsType<RunState.Ended>(After(_run, Launched, Started, failed).State);
        var wished = _run with { CancelWished = true };
        Assert.IsType<RunState.Ended>(After(wished, Launched, Started, OutOfMemory).State);

        var due = After(_run, Launched, Started, OutOfMemory);
        var end = Assert.IsType<RunState.Ended>(After(due, Launched, Started, OutOfMemory, ["cancel", "time=1"]).State);
        Assert.Equal(Outcome.Cancelled, end.Outcome);
    }

    [Fact]
    public void What_another_machine_has_launched_again_is_learned_from_the_site()
    {
        var learned = After(_run, Retry, Late(Launched), Late(Started));

        Assert.Equal((Outcome.OutOfMemory, "t", 0), Of(Assert.Single(learned.Attempts)));
        Assert.IsType<RunState.Running>(learned.State);

        static (Outcome, string, int) Of(Attempt attempt) => (attempt.Outcome, attempt.Text, attempt.Restarts);
    }

    [Fact]
    public void A_job_that_its_scheduler_requeues_after_all_had_not_ended()
    {
        var due = After(_run, Launched, Started, OutOfMemory);
        var back = RunJudge.After(
            due,
            Facts(Launched, Started, OutOfMemory),
            new SchedulerWord.Waiting("Priority"),
            true,
            Now
        );

        Assert.Empty(back.Attempts);
        Assert.Equal("Priority", Assert.IsType<RunState.Queued>(back.State).Reason);
    }

    private static string[] Late(string[] record) => [.. record, "retry=1"];

    private static Run After(Run run, params string[][] records) =>
        RunJudge.After(run, Facts(records), null, schedulerKnowsMore: false, Now);

    private static RunFacts Facts(params string[][] records) =>
        new()
        {
            Present = true,
            Records = records
                .Select(lines => new StatusRecord(
                    lines[0],
                    lines.Skip(1).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1])
                ))
                .DistinctBy(record => record.Name)
                .ToDictionary(record => record.Name),
        };
}
