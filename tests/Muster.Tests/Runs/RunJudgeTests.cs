using Muster.Sites.Schedulers;

namespace Muster.Runs;

public sealed class RunJudgeTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Run Started = New() with { State = new RunState.Running("7", "c1", Now.AddMinutes(-5)) };

    private static Run New() => new()
    {
        Plan = new RunPlan { Id = RunId.New(TimeProvider.System), Name = "r", Site = "s", Command = ["x"], WorkingFolder = "/" },
        Created = Now.AddMinutes(-6),
        State = new RunState.Launched("7"),
    };

    private static RunFacts Facts(params (string Name, string Values)[] records) => new()
    {
        Present = true,
        Tried = true,
        Records = records.ToDictionary(record => record.Name, record => new StatusRecord(record.Name,
            record.Values.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]))),
    };

    private static readonly (string, string) LaunchedRecord = ("launched", "handle=7");
    private static readonly (string, string) StartedRecord = ("main.0.started", $"host=c1 time={Now.AddMinutes(-5).ToUnixTimeSeconds()} attempt=0");

    private static (string, string) Exit(int code, string reason = "exited", int attempt = 0) =>
        ("main.0.exit", $"code={code} reason={reason} attempt={attempt} host=c1 time={Now.AddSeconds(-2).ToUnixTimeSeconds()}");

    private static Run Judge(Run run, RunFacts facts, SchedulerWord? word = null, bool slurm = true, DateTimeOffset? at = null) => RunJudge.After(run, facts, word, slurm, at ?? Now);

    [Fact]
    public void An_exit_record_with_zero_is_success() =>
        Assert.Equal(Outcome.Succeeded, Assert.IsType<RunState.Ended>(Judge(Started, Facts(LaunchedRecord, StartedRecord, Exit(0))).State).Outcome);

    [Fact]
    public void A_start_without_an_exit_runs_whatever_else_is_unknown() =>
        Assert.IsType<RunState.Running>(Judge(Started, Facts(LaunchedRecord, StartedRecord)).State);

    [Fact]
    public void A_failure_waits_for_the_scheduler_which_may_start_it_again()
    {
        var facts = Facts(LaunchedRecord, StartedRecord, Exit(99));
        Assert.IsType<RunState.Running>(Judge(Started, facts).State);
        Assert.IsType<RunState.Queued>(Judge(Started, facts, new SchedulerWord.Waiting("BeginTime")).State);
        Assert.Equal(Outcome.Failed, Assert.IsType<RunState.Ended>(Judge(Started, facts, new SchedulerWord.Absent()).State).Outcome);
        Assert.Equal(Outcome.Failed, Assert.IsType<RunState.Ended>(Judge(Started, facts, at: Now + RunJudge.RecordPatience).State).Outcome);
    }

    [Fact]
    public void A_failure_of_plain_processes_is_one_at_once() =>
        Assert.Equal(Outcome.Failed, Assert.IsType<RunState.Ended>(Judge(Started, Facts(LaunchedRecord, StartedRecord, Exit(3)), slurm: false).State).Outcome);

    [Fact]
    public void The_scheduler_knows_why_a_job_was_killed() =>
        Assert.Equal(Outcome.OutOfMemory, Assert.IsType<RunState.Ended>(Judge(Started, Facts(LaunchedRecord, StartedRecord, Exit(137)), new SchedulerWord.Ended(Outcome.OutOfMemory, null, "OUT_OF_MEMORY")).State).Outcome);

    [Fact]
    public void An_exit_of_an_earlier_attempt_says_nothing_of_the_next() =>
        Assert.IsType<RunState.Running>(Judge(Started, Facts(LaunchedRecord, ("main.0.started", "host=c2 attempt=1"), Exit(1, attempt: 0)), new SchedulerWord.Running("c2", null)).State);

    [Fact]
    public void Not_being_seen_changes_no_state()
    {
        var unseen = RunJudge.Unseen(Started, Now);
        Assert.Equal((Started.State, (DateTimeOffset?)Now), (unseen.State, unseen.UnreachableSince));
        Assert.Equal(Now, RunJudge.Unseen(unseen, Now.AddHours(3)).UnreachableSince);
    }

    [Fact]
    public void A_job_that_the_scheduler_forgot_is_lost_only_after_the_stated_time()
    {
        var facts = Facts(LaunchedRecord, StartedRecord);
        var once = Judge(Started, facts, new SchedulerWord.Absent());
        Assert.IsType<RunState.Running>(once.State);
        Assert.IsType<RunState.Running>(Judge(once, facts, new SchedulerWord.Absent(), at: Now + RunJudge.LostPatience - TimeSpan.FromSeconds(1)).State);
        Assert.Equal(Outcome.Lost, Assert.IsType<RunState.Ended>(Judge(once, facts, new SchedulerWord.Absent(), at: Now + RunJudge.LostPatience).State).Outcome);
    }

    [Fact]
    public void A_scheduler_that_knows_it_again_resets_the_patience()
    {
        var facts = Facts(LaunchedRecord, StartedRecord);
        var once = Judge(Started, facts, new SchedulerWord.Absent());
        Assert.Null(Judge(once, facts, new SchedulerWord.Running("c1", null)).VanishedSince);
    }

    [Fact]
    public void A_word_that_is_new_to_us_is_waited_on() =>
        Assert.IsType<RunState.Launched>(Judge(New(), Facts(LaunchedRecord), new SchedulerWord.Other("TELEPORTING")).State);

    [Fact]
    public void A_wish_that_was_there_before_the_launch_is_its_end()
    {
        var facts = Facts(("cancel", $"time={Now.ToUnixTimeSeconds()}")) with { Tried = false };
        Assert.Equal(Outcome.Cancelled, Assert.IsType<RunState.Ended>(Judge(New() with { State = new RunState.Staging() }, facts).State).Outcome);
        Assert.IsType<RunState.Staging>(Judge(New() with { State = new RunState.Staging() }, facts with { Tried = true }).State);
    }

    [Fact]
    public void A_host_that_was_started_anew_has_ended_what_ran_there()
    {
        var facts = Facts(LaunchedRecord, StartedRecord) with { Supervisors = new Dictionary<string, Liveness> { ["main.0"] = Liveness.Rebooted } };
        var once = Judge(Started, facts, slurm: false);
        Assert.IsType<RunState.Running>(once.State);
        Assert.Equal(Outcome.NodeFailed, Assert.IsType<RunState.Ended>(Judge(once, facts, slurm: false, at: Now + RunJudge.RecordPatience).State).Outcome);
    }

    [Fact]
    public void An_array_ends_when_its_last_rank_has_and_as_badly_as_the_worst()
    {
        var run = Started with { Plan = Started.Plan with { Array = new("0-1", [0, 1], null) } };
        var one = Facts(LaunchedRecord, StartedRecord, Exit(0));
        Assert.IsType<RunState.Running>(Judge(run, one, slurm: false).State);
        var both = Facts(LaunchedRecord, StartedRecord, Exit(0), ("main.1.exit", "code=4 reason=exited attempt=0"));
        Assert.Equal(4, Assert.IsType<RunState.Ended>(Judge(run, both, slurm: false).State).Code);
    }

    [Fact]
    public void An_end_is_never_taken_back()
    {
        var ended = Judge(Started, Facts(LaunchedRecord, StartedRecord, Exit(0)));
        Assert.Equal(ended.State, Judge(ended, new RunFacts(), new SchedulerWord.Running("c1", null)).State);
    }
}
