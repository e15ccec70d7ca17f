using Muster.Sites.Schedulers;

namespace Muster.Runs.Explain;

public sealed class ExplanationTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static Run In(RunState state) =>
        new()
        {
            Plan = new()
            {
                Id = new(Guid.Parse("0195500a-0000-7000-8000-000000000000")),
                Name = "trial",
                Site = "cedar",
                Command = ["train.sh"],
                WorkingFolder = "/w",
            },
            Created = Now.AddHours(-1),
            State = state,
        };

    private static Run Ended(Outcome outcome, int? code) =>
        In(new RunState.Ended(outcome, code, Now.AddMinutes(-3), new("exit record", "main.0 on n1: exited")));

    private static string Text(Run run, Circumstances? around = null, bool abandoned = false)
    {
        var answer = Explanation.For(run, around ?? new(), abandoned, Now);
        return answer.Headline + "\n" + string.Join('\n', answer.Lines.Select(line => $"{line.About}: {line.Text}"));
    }

    private const string Separator = "\u001f";
    private static readonly string Queue =
        "job=12|gpu|4294|2026-03-01T13:30:00|Priority\nahead=7\n"
        + $"partition={string.Join(Separator, "gpu", "up", "10:00:00", "n/a", "3/1/0/4", "4", "4000", "gpu:a100:2")}\n";

    [Fact]
    public void A_waiting_run_says_why_where_it_stands_what_is_free_and_when_it_starts()
    {
        var text = Text(
            In(new RunState.Queued(new("12"), "None")),
            Circumstances.Read("load=0.5 1 1\ncpus=2\n", Queue)
        );
        Assert.Contains("trial is queued on cedar as job 12", text);
        Assert.Contains("why: other jobs are ahead of it (Priority)", text);
        Assert.Contains("do: a shorter `time`", text);
        Assert.Contains("position: 7 jobs are ahead of it in gpu; its priority is 4294", text);
        Assert.Contains("free: gpu: 1 of 4 nodes idle; jobs may take 10:00:00", text);
        Assert.Contains("start: expected in 90 min", text);
    }

    [Fact]
    public void A_full_disk_is_named()
    {
        var around = Circumstances.Read("load=\ncpus=2\ndisk=/scratch\n", null);
        var text = Text(In(new RunState.Running(new("12"), "c1", DateTimeOffset.UnixEpoch)), around);
        Assert.Contains("/scratch on", text, StringComparison.Ordinal);
        Assert.Contains("is full", text, StringComparison.Ordinal);
        Assert.Contains("muster sites tidy", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_answer_of_the_scheduler_the_known_reason_is_told()
    {
        var text = Text(In(new RunState.Queued(new("12"), "Resources")), new Circumstances { BudgetSpent = true });
        Assert.Contains("it is next and waits for machines", text);
        Assert.Contains("position: not checked", text);
    }

    [Theory]
    [InlineData(Outcome.OutOfMemory, 137, "--memory")]
    [InlineData(Outcome.TimedOut, null, "--time")]
    [InlineData(Outcome.Failed, 127, "a command was not found")]
    [InlineData(Outcome.Failed, 126, "train.sh is not executable")]
    [InlineData(Outcome.Failed, 137, "it was killed (SIGKILL)")]
    [InlineData(Outcome.Failed, 1, "muster logs trial --all")]
    [InlineData(Outcome.NodeFailed, null, "muster rerun trial")]
    [InlineData(Outcome.Lost, null, "muster show trial --evidence")]
    public void An_ended_run_shows_its_evidence_and_what_to_do(Outcome outcome, int? code, string advice)
    {
        var text = Text(Ended(outcome, code));
        Assert.Contains("evidence: exit record: main.0 on n1: exited", text);
        Assert.Contains(advice, text);
    }

    [Fact]
    public void Plain_words_in_the_last_lines_lead_to_advice()
    {
        var text = Text(
            Ended(Outcome.Failed, 1),
            Circumstances.Read("err=Traceback\nerr=ModuleNotFoundError: No module named 'torch'\n", null)
        );
        Assert.Contains("stderr: Traceback", text);
        Assert.Contains("a Python module is missing", text);
    }

    [Fact]
    public void A_run_that_succeeded_needs_no_advice() =>
        Assert.DoesNotContain("do:", Text(Ended(Outcome.Succeeded, 0)));

    [Fact]
    public void An_interrupted_submission_is_told_from_one_on_its_way()
    {
        Assert.Contains("trial is being uploaded", Text(In(new RunState.Staging())));
        Assert.Contains("trial was interrupted during upload", Text(In(new RunState.Staging()), abandoned: true));
    }

    [Fact]
    public void An_unreachable_site_is_told_since_when_and_says_nothing_about_the_run()
    {
        var text = Text(
            In(new RunState.Running(new("12"), "n1", Now.AddHours(-1))) with
            {
                UnreachableSince = Now.AddMinutes(-5),
                SeenAt = Now.AddMinutes(-6),
            }
        );
        Assert.Contains("has not answered for 5 min", text);
        Assert.Contains("last seen: running, 6 min ago", text);
    }

    [Fact]
    public void A_busy_host_is_called_busy() =>
        Assert.Contains(
            "9.5 processes are ready to run on the host for 2 CPUs: it is busy",
            Text(In(new RunState.Running(new("1"), "n1", Now)), Circumstances.Read("load=9.5 1 1\ncpus=2\n", null))
        );
}
