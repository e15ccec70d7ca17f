using Muster.Sites.Schedulers;
using static Muster.Runs.Sightings;

namespace Muster.Runs;

/// <summary>Lines, ranks, ports, notes and causes, as records tell them.</summary>
public sealed class RunRecordTests
{
    [Fact]
    public void A_host_of_several_that_is_silent_is_told_since_it_is()
    {
        var facts = Facts([Launched, Started()]) with { Silent = ["c2"] };
        var first = RunJudge.After(Known, facts, Going, true, Now);
        Assert.Equal(Now, first.UnreachableSince);
        Assert.Equal(Now, RunJudge.After(first, facts, Going, true, Now.AddMinutes(5)).UnreachableSince);
        Assert.Null(After(first, [Launched, Started()], Going, Now).UnreachableSince);
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
        Is<RunState.Running>(After(records, Going));
    }

    [Fact]
    public void Of_ranks_that_wait_for_each_other_those_that_are_late_are_told()
    {
        var gang = Known with { Plan = Known.Plan with { Roles = [new("main", 3)] } };
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
    public void AKnown_has_begun_with_the_first_of_its_ranks()
    {
        var second = Started() with { Name = "main.1.started" };
        var early = Record(
            "main.2.started",
            ("host", "c3"),
            ("attempt", "0"),
            ("handle", "7"),
            ("time", $"{Now.AddMinutes(-5).ToUnixTimeSeconds()}")
        );
        var array = Known with { Plan = Known.Plan with { Array = new("0-2", [0, 1, 2], null) } };
        var running = Is<RunState.Running>(After(array, [Launched, Started(), second, early], Going, Now));
        Assert.Equal((Now.AddMinutes(-5), "c1,c3"), (running.Since, running.Where));
        var end = Ended(
            After(array, [Launched, Started(), second, early, Exit(0), Exit(0, rank: 1), Exit(0, rank: 2)], Going, Now)
        );
        Assert.Equal(Now.AddMinutes(-5), end.Started);
    }

    [Fact]
    public void Nodes_of_a_job_are_told_rather_than_the_one_that_its_scriptKnowns_on()
    {
        var started = Record(
            "main.0.started",
            ("host", "c1"),
            ("nodes", "c[1-4]"),
            ("attempt", "0"),
            ("handle", "7"),
            ("time", "1")
        );
        Assert.Equal("c[1-4]", Is<RunState.Running>(After([Launched, started], Going)).Where);
    }

    [Fact]
    public void A_job_that_waits_again_is_queued_with_its_reason()
    {
        var queued = Is<RunState.Queued>(After([Launched, Started(), Exit(1)], Waits));
        Assert.Equal((new JobHandle("7"), "Priority"), (queued.Handle, queued.Reason));
        // It ran, and waits again: what it was is not taken for what it is.
        var again = Known with
        {
            State = queued,
        };
        Assert.True(After(again, [Launched, Started(), Exit(1)], Going, Now.AddHours(1)).State.IsLive);
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
        Assert.Equal(Outcome.Cancelled, Ended(After(Known with { CancelWished = true }, records, null, Now)).Outcome);
    }

    [Fact]
    public void What_is_told_of_aKnown_that_never_began_has_its_own_time()
    {
        var staging = Known with { State = new RunState.Staging() };
        var time = DateTimeOffset.FromUnixTimeSeconds(1);
        Assert.Equal(time, Ended(After(staging, [Wish], null, Now)).At);
        Assert.Equal(Now, Ended(After(staging, [Record("cancel")], null, Now)).At);
        Assert.Equal(time, Ended(After(staging, [Record("refused", ("time", "1"))], null, Now)).At);
        Assert.Equal(Now, Ended(After(staging, [Record("refused")], null, Now)).At);
    }

    [Fact]
    public void An_end_has_the_time_of_the_last_rank_and_the_handle_that_theKnown_had()
    {
        var array = Known with { Plan = Known.Plan with { Array = new("0-1", [0, 1], null) } };
        var late = Exit(0, rank: 1) with
        {
            Values = new Dictionary<string, string>(Exit(0, rank: 1).Values)
            {
                ["time"] = $"{Now.AddMinutes(9).ToUnixTimeSeconds()}",
            },
        };
        Assert.Equal(Now.AddMinutes(9), Ended(After(array, [Launched, Exit(0), late], null, Now)).At);
        var running = Known with { State = new RunState.Running(new("9"), "c1", Now.AddHours(-1)) };
        var end = Ended(After(running, [Exit(0)], null, Now));
        Assert.Equal((Now.AddHours(-1), new JobHandle("9")), (end.Started, end.Handle));
    }

    [Fact]
    public void One_rebooted_host_of_several_is_named_as_the_cause()
    {
        var array = Known with { Plan = Known.Plan with { Array = new("0-1", [0, 1], null) } };
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
        var gang = Known with { Plan = Known.Plan with { Roles = [new("main", 2)] } };
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
        Assert.Null(After(first, [Launched, Started()], Going, Now.AddSeconds(5)).VanishedSince);
        Assert.Null(RunJudge.After(first, Facts([Launched, Started()]), null, false, Now).VanishedSince);
    }

    [Fact]
    public void AKnown_that_the_scheduler_saysKnowns_has_begun_when_it_says_or_else_now()
    {
        Assert.Equal(Now, Is<RunState.Running>(After([Launched], new SchedulerWord.Running("c1", null))).Since);
        var since = Now.AddMinutes(-3);
        Assert.Equal(since, Is<RunState.Running>(After([Launched], new SchedulerWord.Running("c1", since))).Since);
        // What ran is not taken for launched again because nobody says anything.
        var running = After([Launched], Going);
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
    public void Of_several_ends_the_worst_tells_how_theKnown_ended(string reason, int code, Outcome outcome, string why)
    {
        var array = Known with { Plan = Known.Plan with { Array = new("0-1", [0, 1], null) } };
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
        var gang = Known with { Plan = Known.Plan with { Roles = [new("main", 3)] } };
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
            "main.0 on c1: exited with 127, which means that its program is not there; "
                + "for that 1 of 3 ranks were stopped",
            end.Evidence.Text
        );
        // Of one rank, the shell has said so itself; and a wrong code alone means something else.
        Assert.DoesNotContain(
            "which means",
            Ended(RunJudge.After(Known, Facts([Launched, Exit(127)]), null, false, Now)).Evidence.Text,
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
            Ended(RunJudge.After(Known, Facts([Launched, exit]), null, false, Now)).Evidence.Text
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
            After([Launched, Started(), .. records], Going).Ports
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
        Assert.Equal(["first", "second"], After([Launched, .. records], Going).Notes);
    }

    private Run OnHost(
        StatusRecord[] records,
        Liveness? liveness = null,
        Run? before = null,
        DateTimeOffset? now = null
    ) =>
        RunJudge.After(
            before ?? Known,
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
}
