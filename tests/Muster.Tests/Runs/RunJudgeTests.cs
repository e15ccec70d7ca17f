using Muster.Sites.Schedulers;
using static Muster.Runs.Sightings;

namespace Muster.Runs;

public sealed class RunJudgeTests
{
    [Fact]
    public void Without_an_exit_record_a_job_that_the_schedulerKnowns_isKnownning() =>
        Is<RunState.Running>(After([Launched, Started()], Going));

    [Fact]
    public void A_site_that_cannot_be_reached_changes_nothing_but_the_contact()
    {
        var running = After([Launched, Started()], Going);
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
        var running = After([Launched, Started()], Going);
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
    public void A_requeued_jobKnowns_again_whatever_its_first_attempt_left() =>
        Is<RunState.Running>(After([Launched, Exit(1, attempt: 0), Started(attempt: 1)], Going));

    [Fact]
    public void A_nonzero_exit_is_no_end_while_the_scheduler_willKnown_it_again() =>
        Is<RunState.Queued>(After([Launched, Started(), Exit(1)], Waits));

    [Fact]
    public void A_job_thatKnowns_anew_has_not_failed_before_its_second_life_has_said_a_word()
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
    public void An_end_tells_when_theKnown_began_and_what_the_scheduler_called_it()
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
            RunJudge.After(RunJudge.After(Known, facts, null, false, Now), facts, null, false, Now.AddSeconds(20))
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
    public void A_host_that_was_started_anew_has_failed_theKnown_after_some_patience()
    {
        var facts = Facts([Launched, Started()]) with
        {
            Supervisors = new Dictionary<string, Liveness> { ["main.0"] = Liveness.Rebooted },
        };
        var first = RunJudge.After(Known, facts, null, false, Now);
        Is<RunState.Running>(first);
        Assert.Equal(Outcome.NodeFailed, Ended(RunJudge.After(first, facts, null, false, Now.AddSeconds(20))).Outcome);
    }

    [Fact]
    public void A_wish_that_was_there_before_any_attempt_is_the_end()
    {
        var staging = Known with { State = new RunState.Staging() };
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
        var end = Ended(After(Known with { State = new RunState.Staging() }, [refused], null, Now));
        Assert.Equal(Outcome.Failed, end.Outcome);
        Assert.Contains("Invalid partition", end.Evidence.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_whose_launcher_left_no_record_is_known_by_its_own() =>
        Assert.Equal(
            new("8"),
            Is<RunState.Running>(
                After(Known with { State = new RunState.Staging() }, [Started(job: 8)], Going, Now)
            ).Handle
        );

    [Fact]
    public void Of_two_jobs_the_one_that_claimed_theKnown_counts()
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
        Assert.Equal(ended.State, After(ended, [Launched, Started()], Going, Now).State);
    }

    [Fact]
    public void An_array_has_ended_when_each_of_its_parts_has()
    {
        var array = Known with { Plan = Known.Plan with { Array = new("0-1", [0, 1], null) } };
        Is<RunState.Running>(After(array, [Launched, Started(), Exit(0)], Going, Now));
        Assert.Equal(
            Outcome.Succeeded,
            Ended(After(array, [Launched, Started(), Exit(0), Exit(0, rank: 1)], Going, Now)).Outcome
        );
    }

    [Fact]
    public void Of_ranks_that_failed_in_the_same_second_the_one_that_others_were_stopped_for_is_told()
    {
        var gang = Known with { Plan = Known.Plan with { Roles = [new("main", 3)] } };
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
}
