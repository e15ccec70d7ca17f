using Xunit.Sdk;

namespace Muster.Runs.Launching;

/// <summary>
/// Does with the real scripts what <see cref="SiteSteps"/> says that they do, a step of the model at a time, and holds
/// what then lies in the run's folder against what the model says.
/// </summary>
/// <param name="change">Of a script's text, to see that it is noticed.</param>
internal sealed class LaunchReplay(Func<string, string, string>? change = null) : IDisposable
{
    private const char Canceller = 'C';
    private readonly LaunchSite _site = new(change);

    public void Dispose() => _site.Dispose();

    public void Play(IEnumerable<(Moment From, Step Step)> story)
    {
        _site.Clear();
        var told = new List<string>();
        foreach (var (from, step) in story)
        {
            told.Add(step.What);
            try
            {
                Take(from, step.To, step.What);
                Assert.Equal(Expected(step.To), Found());
            }
            catch (Exception wrong) when (wrong is XunitException or InvalidOperationException)
            {
                Assert.Fail($"{wrong.Message}\n\nthe model:\n{string.Join('\n', told)}\n\nthe scripts:\n{_site.Story}");
            }
        }
    }

    private void Take(Moment from, Moment to, string what)
    {
        _site.Silent = what is "the scheduler does not answer" or "the scheduler is silent";
        for (var job = 1; job <= 2; job++)
        {
            if (from.Job(job) is JobStep.InFlight && to.Job(job) is JobStep.Pending)
                _site.Arrive(job);
        }
        for (var number = 1; number <= 2; number++)
            Launch(number, from, to);
        Cancel(from, to);
        for (var job = 1; job <= 2; job++)
            Work(job, from.Job(job), to.Job(job), to.Exit);
    }

    private void Launch(int number, Moment from, Moment to)
    {
        var (before, after) = (from.Launcher(number), to.Launcher(number));
        var who = (char)('A' + number - 1);
        if (before == after)
            return;
        if (!after.Lives)
        {
            if (before.Lives && !before.Answers)
                _site.Kill(who, alone: false);
            _site.Forget(who);
            return;
        }
        if (before.Step is Launching.Launch.Ask)
            _site.Replies.Enqueue(Taken(from, to, after.Step));
        Reach(who, at => IsAt(at, after));
        if (after.Answers)
            Assert.Contains(_site.Said(who).Split(' ')[0], Words(after.Step));
        if (after.Step is Launching.Launch.AnswerLaunched)
            Assert.Equal($"launched {after.Handle}", _site.Said(who));
    }

    private static Reply Taken(Moment from, Moment to, Launch next) =>
        Enumerable.Range(1, 2).FirstOrDefault(job => from.Job(job) != to.Job(job)) switch
        {
            0 => next is Launching.Launch.LookAgain ? Reply.NotTakenUnheard : Reply.Refused,
            var job when to.Job(job) is JobStep.InFlight => Reply.TakenLate,
            _ => next is Launching.Launch.LookAgain ? Reply.TakenUnheard : Reply.Taken,
        };

    private static bool IsAt(string? at, Launcher launcher) =>
        launcher.Step switch
        {
            Launching.Launch.First or Launching.Launch.Check => at is not null && at.StartsWith("field handle "),
            Launching.Launch.Lock => at is not null && at.StartsWith("ln -s "),
            Launching.Launch.Look
            or Launching.Launch.LookAgain
            or Launching.Launch.LookBehind
            or Launching.Launch.Refuse => at == "find",
            Launching.Launch.Wish => at == "[ -e cancel ]",
            Launching.Launch.Mark => at == "try",
            Launching.Launch.Ask => at == "sbatch",
            Launching.Launch.RefuseRecord => at is not null && at.StartsWith("mv ") && at.EndsWith(" refused"),
            Launching.Launch.RefuseLook => at == "begun",
            Launching.Launch.Known => at == "[ -e launched ]",
            Launching.Launch.Stop => at == "[ ! -e cancel ]",
            _ => at is null,
        };

    private static string[] Words(Launch answer) =>
        answer switch
        {
            Launching.Launch.AnswerLaunched => ["launched"],
            Launching.Launch.AnswerCancelled => ["cancelled"],
            Launching.Launch.AnswerRefused => ["refused"],
            _ => ["doubt", "busy"],
        };

    private void Cancel(Moment from, Moment to)
    {
        if (from.Canceller == to.Canceller)
            return;
        if (to.Canceller is Launching.Cancel.None)
        {
            _site.Kill(Canceller, alone: false);
            _site.Forget(Canceller);
            return;
        }
        Reach(
            Canceller,
            at =>
                to.Canceller switch
                {
                    Launching.Cancel.Ask => at == "[ -e cancel ]",
                    Launching.Cancel.Written => at is not null && at.StartsWith("field handle "),
                    Launching.Cancel.Look => at == "find",
                    Launching.Cancel.Record => at == "[ -e launched ]",
                    _ => at is null,
                }
        );
        if (to.Canceller is Launching.Cancel.AnswerLaunched)
            Assert.Equal($"launched {to.CancelHandle}", _site.Said(Canceller));
        else if (to.Canceller is Launching.Cancel.AnswerCancelled or Launching.Cancel.AnswerDoubt)
            Assert.Equal(
                to.Canceller is Launching.Cancel.AnswerCancelled ? "cancelled" : "doubt",
                _site.Said(Canceller)
            );
    }

    private void Work(int job, JobStep before, JobStep after, ExitRecord exit)
    {
        var who = (char)('0' + job);
        if (before == after)
            return;
        switch (after)
        {
            case JobStep.Begun:
                Reach(who, at => at is not null && at.StartsWith("ln -s "));
                break;
            case JobStep.Claimed:
                Reach(who, at => at == "[ -e cancel ]");
                break;
            case JobStep.Unwished:
                Reach(who, at => at is not null && at.EndsWith(" .setup.main.0"));
                break;
            case JobStep.Executing:
                // What the command does is its own affair.
                _site.Kill(who, alone: false);
                break;
            case JobStep.Recorded when before is JobStep.Executing:
                File.WriteAllText(
                    _site.Status("main.0.exit"),
                    exit is ExitRecord.Zero ? "code=0\nreason=exited\n" : "code=143\nreason=cancelled\n"
                );
                break;
            case JobStep.Recorded:
                Reach(who, _ => File.Exists(_site.Status("main.0.exit")));
                break;
            case JobStep.Completed when _site.At(who) is not null:
                Reach(who, at => at is null);
                break;
        }
    }

    private void Reach(char who, Func<string?, bool> there)
    {
        // A script that is not there yet begins with the first look at it.
        for (var at = _site.At(who); !there(at); at = _site.At(who))
        {
            Assert.True(at is not null, $"{who} has ended, and said '{_site.Said(who)}'");
            _site.Move(who, 1);
        }
    }

    private static string Expected(Moment moment) =>
        Text(
            moment.Tried,
            moment.Wish,
            moment.Refused,
            moment.Launched,
            moment.Owner,
            moment.Exit,
            [.. new[] { moment.Job1, moment.Job2 }.Select(Where)]
        );

    private string Found() =>
        Text(
            File.Exists(_site.Status(".tried")),
            File.Exists(_site.Status("cancel")),
            File.Exists(_site.Status("refused")),
            Handle(_site.Status("launched")),
            new FileInfo(_site.Status(".owner.main.0")).LinkTarget is { } owner ? int.Parse(owner.Split(':')[1]) : 0,
            !File.Exists(_site.Status("main.0.exit")) ? ExitRecord.None
                : File.ReadAllText(_site.Status("main.0.exit")).Contains("code=0\n") ? ExitRecord.Zero
                : ExitRecord.Cancelled,
            [_site.Has(1), _site.Has(2)]
        );

    private static int Handle(string record) =>
        File.Exists(record) ? int.Parse(File.ReadLines(record).First().Split('=')[1]) : 0;

    private static LaunchSite.Job? Where(JobStep job) =>
        job switch
        {
            JobStep.None => null,
            JobStep.InFlight => LaunchSite.Job.InFlight,
            JobStep.Pending => LaunchSite.Job.Pending,
            JobStep.Cancelled => LaunchSite.Job.Cancelled,
            _ => LaunchSite.Job.Begun,
        };

    private static string Text(
        bool tried,
        bool wish,
        bool refused,
        int launched,
        int owner,
        ExitRecord exit,
        LaunchSite.Job?[] jobs
    ) =>
        $"tried {tried}, wish {wish}, refused {refused}, launched {launched}, owner {owner}, exit {exit}, "
        + $"jobs {string.Join(' ', jobs.Select(job => job?.ToString() ?? "none"))}";
}
