using Muster.Sites.Schedulers;

namespace Muster.Runs;

public sealed class RunJudgeTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SchedulerWord Runs = new SchedulerWord.Running("c1", Now);
    private static readonly SchedulerWord Waits = new SchedulerWord.Waiting("Priority");
    private static readonly SchedulerWord Failed = new SchedulerWord.Ended(Outcome.Failed, 1, "FAILED");
    private static readonly SchedulerWord Unknown = new SchedulerWord.Absent();

    private readonly Run _run = new()
    {
        Plan = new()
        {
            Id = RunId.New(TimeProvider.System),
            Name = "x",
            Site = "s",
            Command = ["true"],
            WorkingFolder = "/",
        },
        Created = Now,
        State = new RunState.Launched(new("7")),
    };

    [Fact]
    public void Without_an_exit_record_a_job_that_the_scheduler_runs_is_running() =>
        Is<RunState.Running>(After([Launched, Started()], Runs));

    [Fact]
    public void A_site_that_cannot_be_reached_changes_nothing_but_the_contact()
    {
        var running = After([Launched, Started()], Runs);
        var unseen = RunJudge.Unseen(running, Now.AddHours(5));
        Assert.Equal(running.State, unseen.State);
        Assert.Equal(Now.AddHours(5), unseen.UnreachableSince);
        Assert.Equal(Now.AddHours(5), RunJudge.Unseen(unseen, Now.AddHours(6)).UnreachableSince);
    }

    [Fact]
    public void A_job_that_the_scheduler_does_not_know_is_lost_after_120_seconds_and_not_before()
    {
        var first = After([Launched], Unknown);
        Is<RunState.Launched>(first);
        Is<RunState.Launched>(After(first, [Launched], Unknown, Now.AddSeconds(119)));
        Assert.Equal(Outcome.Lost, Ended(After(first, [Launched], Unknown, Now.AddSeconds(120))).Outcome);
    }

    [Fact]
    public void One_sighting_in_between_begins_the_patience_anew()
    {
        var first = After([Launched], Unknown);
        var seen = After(first, [Launched], Waits, Now.AddSeconds(60));
        Is<RunState.Queued>(seen);
        Is<RunState.Queued>(After(seen, [Launched], Unknown, Now.AddSeconds(130)));
    }

    [Fact]
    public void A_silent_scheduler_is_no_sign_of_an_end()
    {
        var running = After([Launched, Started()], Runs);
        for (var day = 1; day < 9; day++)
            running = After(running, [Launched, Started()], null, Now.AddDays(day));
        Is<RunState.Running>(running);
    }

    [Fact]
    public void An_end_that_only_the_scheduler_reports_waits_for_our_record()
    {
        var first = After([Launched, Started()], Failed);
        Is<RunState.Running>(first);
        Assert.Equal(
            Outcome.Succeeded,
            Ended(After(first, [Launched, Started(), Exit(0)], Failed, Now.AddSeconds(19))).Outcome
        );
        Assert.Equal(Outcome.Failed, Ended(After(first, [Launched, Started()], Failed, Now.AddSeconds(20))).Outcome);
    }

    [Fact]
    public void A_requeued_job_runs_again_whatever_its_first_attempt_left() =>
        Is<RunState.Running>(After([Launched, Exit(1, attempt: 0), Started(attempt: 1)], Runs));

    [Fact]
    public void A_nonzero_exit_is_no_end_while_the_scheduler_will_run_it_again() =>
        Is<RunState.Queued>(After([Launched, Started(), Exit(1)], Waits));

    [Fact]
    public void A_job_that_runs_anew_has_not_failed_before_its_second_life_has_said_a_word()
    {
        StatusRecord[] records = [Launched, Started(), Exit(143, "terminated")];
        var later = Now.AddMinutes(5);
        Assert.True(After(records, new SchedulerWord.Running("c1", later.AddSeconds(-2)), later).State.IsLive);
        Assert.False(After(records, new SchedulerWord.Running("c1", Now.AddHours(-1)), later).State.IsLive);
    }

    [Fact]
    public void A_job_told_to_stop_has_not_failed_while_nobody_says_whether_it_goes_on()
    {
        Assert.True(After([Launched, Started(), Exit(143, "terminated")], null, Now.AddDays(1)).State.IsLive);
        Assert.Equal(
            Outcome.Preempted,
            Ended(
                After(
                    [Launched, Started(), Exit(143, "terminated")],
                    new SchedulerWord.Ended(Outcome.Preempted, null, "PREEMPTED")
                )
            ).Outcome
        );
    }

    [Theory]
    [InlineData(Outcome.Succeeded, 0)]
    [InlineData(Outcome.Succeeded, null)]
    [InlineData(Outcome.Failed, 2)]
    public void What_a_former_life_left_is_not_taken_for_the_end_of_the_last(Outcome outcome, int? code)
    {
        StatusRecord[] former = [Launched, Started(), Exit(143, "terminated")];
        var word = new SchedulerWord.Ended(outcome, code, "ENDED");

        var seen = After(former, word);
        Assert.True(seen.State.IsLive);
        var end = Ended(
            After(seen, [Launched, Started(attempt: 1), Exit(code ?? 0, attempt: 1)], word, Now.AddSeconds(2))
        );
        Assert.Equal((outcome, code ?? 0), (end.Outcome, end.Code));

        // Should that never come, the scheduler's word has to do.
        var without = Ended(After(seen, former, word, Now.AddSeconds(20)));
        Assert.Equal((outcome, outcome is Outcome.Succeeded ? 0 : 143), (without.Outcome, without.Code));
    }

    [Fact]
    public void A_command_that_a_signal_ended_has_not_failed_before_a_slow_scheduler_had_its_time_to_say_why()
    {
        StatusRecord[] records = [Launched, Started(), Exit(143)];
        Assert.True(After(records, null, Now.AddSeconds(119)).State.IsLive);
        Assert.Equal(Outcome.Failed, Ended(After(records, null, Now.AddSeconds(120))).Outcome);
        Assert.Equal(
            Outcome.TimedOut,
            Ended(After(records, new SchedulerWord.Ended(Outcome.TimedOut, null, "TIMEOUT"))).Outcome
        );
    }

    [Fact]
    public void An_end_tells_when_the_run_began_and_what_the_scheduler_called_it()
    {
        var end = Ended(After([Launched, Started(), Exit(0)], null, Now.AddHours(1)));
        Assert.Equal((Started().Time, new JobHandle("7")), (end.Started, end.Handle));
        var never = Ended(After(After([Launched], Unknown), [Launched], Unknown, Now.AddSeconds(120)));
        Assert.Equal((null, new JobHandle("7")), (never.Started, never.Handle));
    }

    [Fact]
    public void A_supervisor_that_was_lost_on_a_full_disk_names_the_disk()
    {
        var disk = new StatusRecord("disk", new Dictionary<string, string> { ["text"] = "/scratch" });
        var facts = Facts([Launched, Started(), disk]) with
        {
            Supervisors = new Dictionary<string, Liveness> { ["main.0"] = Liveness.Gone },
        };
        var end = Ended(
            RunJudge.After(RunJudge.After(_run, facts, null, false, Now), facts, null, false, Now.AddSeconds(20))
        );
        Assert.Contains("the disk of its folder, /scratch, is full", end.Evidence.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zero_exit_needs_nobody_elses_word() =>
        Assert.Equal(Outcome.Succeeded, Ended(After([Launched, Started(), Exit(0)], null)).Outcome);

    [Fact]
    public void A_cause_that_only_the_scheduler_knows_joins_the_record()
    {
        var end = Ended(
            After([Launched, Started(), Exit(137)], new SchedulerWord.Ended(Outcome.OutOfMemory, null, "OUT_OF_MEMORY"))
        );
        Assert.Equal((Outcome.OutOfMemory, 137), (end.Outcome, end.Code));
        Assert.Contains("OUT_OF_MEMORY", end.Evidence.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_was_started_anew_has_failed_the_run_after_some_patience()
    {
        var facts = Facts([Launched, Started()]) with
        {
            Supervisors = new Dictionary<string, Liveness> { ["main.0"] = Liveness.Rebooted },
        };
        var first = RunJudge.After(_run, facts, null, false, Now);
        Is<RunState.Running>(first);
        Assert.Equal(Outcome.NodeFailed, Ended(RunJudge.After(first, facts, null, false, Now.AddSeconds(20))).Outcome);
    }

    [Fact]
    public void A_wish_that_was_there_before_any_attempt_is_the_end()
    {
        var staging = _run with { State = new RunState.Staging() };
        Assert.Equal(Outcome.Cancelled, Ended(After(staging, [Wish], null, Now)).Outcome);
        Is<RunState.Staging>(RunJudge.After(staging, Facts([Wish]) with { Tried = true }, null, true, Now));
    }

    [Fact]
    public void A_queued_job_taken_back_as_wished_has_soon_ended()
    {
        var word = new SchedulerWord.Ended(Outcome.Cancelled, null, "CANCELLED");
        Assert.Equal(
            Outcome.Cancelled,
            Ended(After(After([Launched, Wish], word), [Launched, Wish], word, Now.AddSeconds(3))).Outcome
        );
        Is<RunState.Launched>(After(After([Launched], word), [Launched], word, Now.AddSeconds(3)));
        Is<RunState.Running>(After([Launched, Wish, Started()], word));
    }

    [Fact]
    public void A_refusal_that_nobody_heard_is_read_from_its_record()
    {
        var refused = Record("refused", ("time", "1"), ("text", "Invalid partition"));
        var end = Ended(After(_run with { State = new RunState.Staging() }, [refused], null, Now));
        Assert.Equal(Outcome.Failed, end.Outcome);
        Assert.Contains("Invalid partition", end.Evidence.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_whose_launcher_left_no_record_is_known_by_its_own() =>
        Assert.Equal(
            new("8"),
            Is<RunState.Running>(
                After(_run with { State = new RunState.Staging() }, [Started(job: 8)], Runs, Now)
            ).Handle
        );

    [Fact]
    public void Of_two_jobs_the_one_that_claimed_the_run_counts()
    {
        Assert.Equal(new("8"), Facts([Launched, Started(job: 8)]).Handle);
        Assert.Equal(new("7;other"), Facts([Record("launched", ("handle", "7;other")), Started(job: 7)]).Handle);
    }

    [Fact]
    public void A_job_that_SLURM_killed_for_its_memory_says_so_whatever_its_state_is_called()
    {
        var log = Record(
            "memory",
            ("text", "slurmstepd: error: StepId=7.batch exceeded memory limit (2 > 1), being killed")
        );
        var end = Ended(
            After(After([Launched, Started(), log], Failed), [Launched, Started(), log], Failed, Now.AddSeconds(20))
        );
        Assert.Equal(Outcome.OutOfMemory, end.Outcome);
        Assert.EndsWith("exceeded memory limit (2 > 1), being killed", end.Evidence.Text, StringComparison.Ordinal);

        Assert.Equal(Outcome.OutOfMemory, Ended(After([Launched, Started(), Exit(137), log], Failed)).Outcome);
        Assert.Equal(Outcome.Failed, Ended(After([Launched, Started(), Exit(1), log], Failed)).Outcome);
        Assert.Equal(Outcome.Succeeded, Ended(After([Launched, Started(), Exit(0), log], Failed)).Outcome);
    }

    [Fact]
    public void What_has_ended_stays_so()
    {
        var ended = After([Launched, Started(), Exit(0)], null);
        Assert.Equal(ended.State, After(ended, [Launched, Started()], Runs, Now).State);
    }

    [Fact]
    public void An_array_has_ended_when_each_of_its_parts_has()
    {
        var array = _run with { Plan = _run.Plan with { Array = new("0-1", [0, 1], null) } };
        Is<RunState.Running>(After(array, [Launched, Started(), Exit(0)], Runs, Now));
        Assert.Equal(
            Outcome.Succeeded,
            Ended(After(array, [Launched, Started(), Exit(0), Exit(0, rank: 1)], Runs, Now)).Outcome
        );
    }

    [Fact]
    public void Of_ranks_that_failed_in_the_same_second_the_one_that_others_were_stopped_for_is_told()
    {
        var gang = _run with { Plan = _run.Plan with { Roles = [new("main", 3)] } };
        var stopped = Record(
            "main.2.exit",
            ("host", "c3"),
            ("code", "143"),
            ("reason", "stopped"),
            ("cause", "main.1 on c1: exited with 7"),
            ("attempt", "0"),
            ("time", $"{Now.ToUnixTimeSeconds()}")
        );
        Assert.Equal(
            7,
            Ended(After(gang, [Launched, Started(), Exit(1), Exit(7, rank: 1), stopped], Failed, Now)).Code
        );
    }

    [Fact]
    public void A_host_of_several_that_is_silent_is_told_since_it_is()
    {
        var facts = Facts([Launched, Started()]) with { Silent = ["c2"] };
        var first = RunJudge.After(_run, facts, Runs, true, Now);
        Assert.Equal(Now, first.UnreachableSince);
        Assert.Equal(Now, RunJudge.After(first, facts, Runs, true, Now.AddMinutes(5)).UnreachableSince);
        Assert.Null(After(first, [Launched, Started()], Runs, Now).UnreachableSince);
    }

    [Fact]
    public void The_first_place_in_line_is_told_and_until_when_it_waits()
    {
        StatusRecord[] lines =
        [
            Record("main.0.queued", ("host", "h"), ("place", "3"), ("of", "4"), ("lack", "no GPU is free")),
            Record("main.1.queued", ("host", "h"), ("place", "2"), ("of", "4"), ("lack", "no GPU is free")),
            Record("main.2.queued", ("host", "h")),
        ];
        var queued = Is<RunState.Queued>(OnHost([Launched, .. lines]));
        Assert.Equal("place 2 of 4 in line on h: no GPU is free", queued.Reason);

        var until = Now.AddHours(3);
        var timed = Record("main.0.queued", ("host", "h"), ("until", $"{until.ToUnixTimeSeconds()}"));
        Assert.Equal(
            $"it begins at {until.ToLocalTime():yyyy-MM-dd HH:mm:ss}",
            Is<RunState.Queued>(OnHost([Launched, timed])).Reason
        );
    }

    [Theory]
    [InlineData(Liveness.Gone, Outcome.Lost, "the supervisor of main.0 on h is gone; it stood in line")]
    [InlineData(Liveness.Rebooted, Outcome.NodeFailed, "h was rebooted while main.0 stood in line")]
    public void One_that_stood_in_line_and_is_gone_has_ended_after_some_patience(
        Liveness liveness,
        Outcome outcome,
        string text
    )
    {
        StatusRecord[] records = [Launched, Record("main.0.queued", ("host", "h"), ("place", "1"), ("of", "1"))];
        var first = OnHost(records, liveness);
        Is<RunState.Queued>(first);
        Is<RunState.Queued>(OnHost(records, liveness, first, Now.AddSeconds(19)));
        var end = Ended(OnHost(records, liveness, first, Now.AddSeconds(20)));
        Assert.Equal(outcome, end.Outcome);
        Assert.StartsWith(text, end.Evidence.Text, StringComparison.Ordinal);
        // Where it is there after all, nothing has happened.
        Assert.Null(OnHost(records, Liveness.Alive, first, Now.AddSeconds(20)).VanishedSince);
    }

    [Fact]
    public void One_that_is_gone_before_it_began_has_ended_unless_a_scheduler_may_begin_it_again()
    {
        var first = OnHost([Launched], Liveness.Gone);
        Is<RunState.Launched>(first);
        var end = Ended(OnHost([Launched], Liveness.Gone, first, Now.AddSeconds(20)));
        Assert.Equal(
            (Outcome.Lost, "the supervisor of main.0 is gone, and it had not begun its command"),
            (end.Outcome, end.Evidence.Text)
        );
        var facts = Facts([Launched]) with
        {
            Supervisors = new Dictionary<string, Liveness> { ["main.0"] = Liveness.Gone },
        };
        Assert.True(RunJudge.After(first, facts, null, true, Now.AddSeconds(20)).State.IsLive);
        Is<RunState.Launched>(OnHost([Launched], Liveness.Alive, first, Now.AddHours(1)));
    }

    [Fact]
    public void What_it_waits_for_is_told_while_the_scheduler_has_no_word()
    {
        StatusRecord[] records = [Launched, Record("main.0.waiting", ("run", "another"))];
        Assert.Equal("waiting for run another", Is<RunState.Queued>(After(records, null)).Reason);
        Is<RunState.Running>(After(records, Runs));
    }

    [Fact]
    public void Of_ranks_that_wait_for_each_other_those_that_are_late_are_told()
    {
        var gang = _run with { Plan = _run.Plan with { Roles = [new("main", 3)] } };
        var there = Record("main.0.address", ("time", $"{Now.ToUnixTimeSeconds()}"));
        Is<RunState.Launched>(After(gang, [Launched, there], null, Now.AddSeconds(8)));
        Assert.Equal(
            "the others are waiting for main.1, main.2",
            Is<RunState.Queued>(After(gang, [Launched, there], null, Now.AddSeconds(9))).Reason
        );
        StatusRecord[] all = [there, there with { Name = "main.1.address" }, there with { Name = "main.2.address" }];
        Is<RunState.Launched>(After(gang, [Launched, .. all], null, Now.AddSeconds(9)));
        Is<RunState.Launched>(After(gang, [Launched, there], Unknown, Now.AddSeconds(9)));
    }

    [Fact]
    public void A_run_has_begun_with_the_first_of_its_ranks()
    {
        var second = Started() with { Name = "main.1.started" };
        var early = Record(
            "main.2.started",
            ("host", "c3"),
            ("attempt", "0"),
            ("handle", "7"),
            ("time", $"{Now.AddMinutes(-5).ToUnixTimeSeconds()}")
        );
        var array = _run with { Plan = _run.Plan with { Array = new("0-2", [0, 1, 2], null) } };
        var running = Is<RunState.Running>(After(array, [Launched, Started(), second, early], Runs, Now));
        Assert.Equal((Now.AddMinutes(-5), "c1,c3"), (running.Since, running.Where));
        var end = Ended(
            After(array, [Launched, Started(), second, early, Exit(0), Exit(0, rank: 1), Exit(0, rank: 2)], Runs, Now)
        );
        Assert.Equal(Now.AddMinutes(-5), end.Started);
    }

    [Fact]
    public void Nodes_of_a_job_are_told_rather_than_the_one_that_its_script_runs_on()
    {
        var started = Record(
            "main.0.started",
            ("host", "c1"),
            ("nodes", "c[1-4]"),
            ("attempt", "0"),
            ("handle", "7"),
            ("time", "1")
        );
        Assert.Equal("c[1-4]", Is<RunState.Running>(After([Launched, started], Runs)).Where);
    }

    [Fact]
    public void A_job_that_waits_again_is_queued_with_its_reason()
    {
        var queued = Is<RunState.Queued>(After([Launched, Started(), Exit(1)], Waits));
        Assert.Equal((new JobHandle("7"), "Priority"), (queued.Handle, queued.Reason));
        // It ran, and waits again: what it was is not taken for what it is.
        var again = _run with
        {
            State = queued,
        };
        Assert.True(After(again, [Launched, Started(), Exit(1)], Runs, Now.AddHours(1)).State.IsLive);
    }

    [Fact]
    public void A_scheduler_that_still_names_a_job_whose_end_is_on_record_is_believed_for_two_minutes()
    {
        StatusRecord[] records = [Launched, Started(), Exit(1)];
        var word = new SchedulerWord.Running("c1", Now.AddHours(-1));
        Assert.True(After(records, word, Now.AddSeconds(119)).State.IsLive);
        Assert.Equal(Outcome.Failed, Ended(After(records, word, Now.AddSeconds(120))).Outcome);
        // The same second is not a new life.
        Assert.False(After(records, new SchedulerWord.Running("c1", Now), Now.AddMinutes(5)).State.IsLive);
        // A usual exit needs less patience than one by a signal.
        Assert.True(After(records, null, Now.AddSeconds(19)).State.IsLive);
        Assert.False(After(records, null, Now.AddSeconds(20)).State.IsLive);
        Assert.False(After([Launched, Started(), Exit(128)], null, Now.AddSeconds(20)).State.IsLive);
    }

    [Fact]
    public void A_job_that_was_told_to_stop_as_wished_was_cancelled()
    {
        StatusRecord[] records = [Launched, Started(), Exit(143, "terminated")];
        Assert.Equal(Outcome.Cancelled, Ended(After([.. records, Wish], null)).Outcome);
        Assert.Equal(Outcome.Cancelled, Ended(After(_run with { CancelWished = true }, records, null, Now)).Outcome);
    }

    [Fact]
    public void What_is_told_of_a_run_that_never_began_has_its_own_time()
    {
        var staging = _run with { State = new RunState.Staging() };
        var time = DateTimeOffset.FromUnixTimeSeconds(1);
        Assert.Equal(time, Ended(After(staging, [Wish], null, Now)).At);
        Assert.Equal(Now, Ended(After(staging, [Record("cancel")], null, Now)).At);
        Assert.Equal(time, Ended(After(staging, [Record("refused", ("time", "1"))], null, Now)).At);
        Assert.Equal(Now, Ended(After(staging, [Record("refused")], null, Now)).At);
    }

    [Fact]
    public void An_end_has_the_time_of_the_last_rank_and_the_handle_that_the_run_had()
    {
        var array = _run with { Plan = _run.Plan with { Array = new("0-1", [0, 1], null) } };
        var late = Exit(0, rank: 1) with
        {
            Values = new Dictionary<string, string>(Exit(0, rank: 1).Values)
            {
                ["time"] = $"{Now.AddMinutes(9).ToUnixTimeSeconds()}",
            },
        };
        Assert.Equal(Now.AddMinutes(9), Ended(After(array, [Launched, Exit(0), late], null, Now)).At);
        var running = _run with { State = new RunState.Running(new("9"), "c1", Now.AddHours(-1)) };
        var end = Ended(After(running, [Exit(0)], null, Now));
        Assert.Equal((Now.AddHours(-1), new JobHandle("9")), (end.Started, end.Handle));
    }

    [Fact]
    public void One_rebooted_host_of_several_is_named_as_the_cause()
    {
        var array = _run with { Plan = _run.Plan with { Array = new("0-1", [0, 1], null) } };
        var facts = Facts([Launched, Started(), Started() with { Name = "main.1.started" }]) with
        {
            Supervisors = new Dictionary<string, Liveness>
            {
                ["main.0"] = Liveness.Gone,
                ["main.1"] = Liveness.Rebooted,
            },
        };
        var first = RunJudge.After(array, facts, null, false, Now);
        Assert.Equal(Outcome.NodeFailed, Ended(RunJudge.After(first, facts, null, false, Now.AddSeconds(20))).Outcome);
    }

    [Fact]
    public void Of_a_gang_on_hosts_the_others_are_ended_before_the_broken_one_counts()
    {
        var gang = _run with { Plan = _run.Plan with { Roles = [new("main", 2)] } };
        var facts = Facts([Launched, Started()]) with
        {
            Supervisors = new Dictionary<string, Liveness> { ["main.0"] = Liveness.Gone },
        };
        var first = RunJudge.After(gang, facts, null, false, Now);
        Assert.Equal(Now, first.VanishedSince);
        var later = RunJudge.After(first, facts, null, false, Now.AddHours(1));
        Is<RunState.Running>(later);
        Assert.Equal(Now, later.VanishedSince);
        // A scheduler ends them by itself.
        Ended(RunJudge.After(first, facts, null, true, Now.AddHours(1)));
        Is<RunState.Running>(After(gang, [Launched, Started()], null, Now));
    }

    [Fact]
    public void A_silent_scheduler_ends_no_patience_that_has_begun_and_a_word_does()
    {
        var first = After([Launched, Started()], Failed);
        Assert.Equal(Now, first.VanishedSince);
        Assert.Equal(Now, After(first, [Launched, Started()], null, Now.AddSeconds(5)).VanishedSince);
        Assert.Null(After(first, [Launched, Started()], Runs, Now.AddSeconds(5)).VanishedSince);
        Assert.Null(RunJudge.After(first, Facts([Launched, Started()]), null, false, Now).VanishedSince);
    }

    [Fact]
    public void A_run_that_the_scheduler_says_runs_has_begun_when_it_says_or_else_now()
    {
        Assert.Equal(Now, Is<RunState.Running>(After([Launched], new SchedulerWord.Running("c1", null))).Since);
        var since = Now.AddMinutes(-3);
        Assert.Equal(since, Is<RunState.Running>(After([Launched], new SchedulerWord.Running("c1", since))).Since);
        // What ran is not taken for launched again because nobody says anything.
        var running = After([Launched], Runs);
        Is<RunState.Running>(After(running, [Launched], null, Now));
    }

    [Theory]
    [InlineData("cancelled", 143, Outcome.Cancelled, "cancelled, code 143")]
    [InlineData("timed-out", 143, Outcome.TimedOut, "timed-out, code 143")]
    [InlineData("out-of-memory", 137, Outcome.OutOfMemory, "out-of-memory, code 137")]
    [InlineData("terminated", 143, Outcome.Failed, "terminated, code 143")]
    [InlineData("exited", 3, Outcome.Failed, "exited with 3")]
    [InlineData("lost", 1, Outcome.Lost, "its supervisor was gone without an exit record")]
    [InlineData("rebooted", 1, Outcome.NodeFailed, "the host was rebooted while it was running")]
    public void Of_several_ends_the_worst_tells_how_the_run_ended(string reason, int code, Outcome outcome, string why)
    {
        var array = _run with { Plan = _run.Plan with { Array = new("0-1", [0, 1], null) } };
        // Well ended, and later.
        var end = Ended(
            RunJudge.After(array, Facts([Launched, Exit(0), Exit(code, reason, rank: 1)]), null, false, Now)
        );
        Assert.Equal((outcome, code), (end.Outcome, end.Code));
        Assert.StartsWith($"main.1 on c1: {why}", end.Evidence.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_others_were_stopped_for_counts_before_what_they_were_told()
    {
        var gang = _run with { Plan = _run.Plan with { Roles = [new("main", 3)] } };
        var end = Ended(
            RunJudge.After(
                gang,
                Facts([Launched, Exit(127), Exit(143, "terminated", rank: 1), Exit(143, "stopped", rank: 2)]),
                null,
                false,
                Now
            )
        );
        Assert.Equal(
            "main.0 on c1: exited with 127, which means that its program is not there; for that 1 of 3 ranks were stopped",
            end.Evidence.Text
        );
        // Of one rank, the shell has said so itself; and a wrong code alone means something else.
        Assert.DoesNotContain(
            "which means",
            Ended(RunJudge.After(_run, Facts([Launched, Exit(127)]), null, false, Now)).Evidence.Text,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "which means",
            Ended(
                RunJudge.After(gang, Facts([Launched, Exit(1), Exit(1, rank: 1), Exit(1, rank: 2)]), null, false, Now)
            ).Evidence.Text,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("unready")]
    [InlineData("setup")]
    [InlineData("deadline")]
    public void A_cause_in_words_is_told_as_it_is(string reason)
    {
        var exit = Record("main.0.exit", ("host", "c1"), ("code", "1"), ("reason", reason), ("cause", "the cause"));
        Assert.Equal(
            "main.0 on c1: the cause",
            Ended(RunJudge.After(_run, Facts([Launched, exit]), null, false, Now)).Evidence.Text
        );
    }

    [Fact]
    public void Ports_are_taken_only_if_they_are_ports_of_hosts()
    {
        StatusRecord Port(string name, string port, string host = "c1", string address = "any") =>
            Record(name, ("host", host), ("address", address), ("port", port));
        StatusRecord[] records =
        [
            Port("main.0.port.a", "1"),
            Port("main.0.port.b", "65535", host: ""),
            Port("main.0.port.c", "0"),
            Port("main.0.port.d", "65536"),
            Port("main.0.port.e", "80", host: "-oProxyCommand=x"),
            Port("main.0.port.f", "80", address: "-x"),
            Port(".port.g", "80"),
            Record("main.1.port.h", ("port", "8080")),
        ];
        Assert.Equal(
            [
                new("a", "main.0", "c1", "any", 1),
                new("b", "main.0", "", "any", 65535),
                new SeenPort("h", "main.1", "", "any", 8080),
            ],
            After([Launched, Started(), .. records], Runs).Ports
        );
    }

    [Fact]
    public void Notes_are_told_and_nothing_else_is_taken_for_one()
    {
        StatusRecord[] records =
        [
            Record("note.b", ("text", "second")),
            Record("note.a", ("text", "first")),
            Record("note.c", ("run", "x")),
            Record("other", ("text", "none")),
        ];
        Assert.Equal(["first", "second"], After([Launched, .. records], Runs).Notes);
    }

    private Run OnHost(
        StatusRecord[] records,
        Liveness? liveness = null,
        Run? before = null,
        DateTimeOffset? now = null
    ) =>
        RunJudge.After(
            before ?? _run,
            Facts(records) with
            {
                Supervisors = liveness is { } one
                    ? new Dictionary<string, Liveness> { ["main.0"] = one }
                    : new Dictionary<string, Liveness>(),
            },
            null,
            schedulerKnowsMore: false,
            now ?? Now
        );

    private static StatusRecord Launched => Record("launched", ("handle", "7"));
    private static StatusRecord Wish => Record("cancel", ("time", "1"));

    private static StatusRecord Started(int attempt = 0, int job = 7) =>
        Record(
            "main.0.started",
            ("host", "c1"),
            ("pid", "5"),
            ("attempt", $"{attempt}"),
            ("job", $"{job}"),
            ("handle", $"{job}"),
            ("time", $"{Now.ToUnixTimeSeconds()}")
        );

    private static StatusRecord Exit(int code, string reason = "exited", int attempt = 0, int rank = 0) =>
        Record(
            $"main.{rank}.exit",
            ("host", "c1"),
            ("code", $"{code}"),
            ("reason", reason),
            ("attempt", $"{attempt}"),
            ("time", $"{Now.ToUnixTimeSeconds()}")
        );

    private static StatusRecord Record(string name, params (string Key, string Value)[] values) =>
        new(name, values.ToDictionary(pair => pair.Key, pair => pair.Value));

    private static RunFacts Facts(StatusRecord[] records) =>
        new() { Present = true, Records = records.ToDictionary(record => record.Name) };

    private Run After(StatusRecord[] records, SchedulerWord? word) => After(_run, records, word, Now);

    private Run After(StatusRecord[] records, SchedulerWord? word, DateTimeOffset now) =>
        After(_run, records, word, now);

    private static Run After(Run run, StatusRecord[] records, SchedulerWord? word, DateTimeOffset now) =>
        RunJudge.After(run, Facts(records), word, schedulerKnowsMore: true, now);

    private static T Is<T>(Run run)
        where T : RunState => Assert.IsType<T>(run.State);

    private static RunState.Ended Ended(Run run) => Is<RunState.Ended>(run);
}
