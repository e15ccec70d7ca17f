using Muster.Runs.Submit;

namespace Muster.Runs.Launching;

/// <summary>What becomes of a job that is given to the scheduler.</summary>
public enum Reply
{
    Taken,
    TakenUnheard,
    TakenLate,
    NotTakenUnheard,
    Refused,
}

/// <summary>
/// One run's folder with its real scripts, and a scheduler that answers as it is told. Launchers are <c>A</c> and
/// <c>B</c>, who cancels is <c>C</c>, jobs are <c>1</c> and <c>2</c>.
/// </summary>
internal sealed class LaunchSite : IDisposable
{
    private const int ToTheEnd = int.MaxValue;

    /// <summary>Where the scheduler has a job; what it does once it has begun is its script's affair.</summary>
    internal enum Job
    {
        InFlight,
        Pending,
        Begun,
        Cancelled,
    }

    // What a script reads or writes by the shell itself: it stops there by a line of its own.
    private static readonly (string File, string Line, string Stopped)[] ByTheShell =
    [
        ("common.sh", "\nfield() {\n", "\nfield() {\nstep field \"$@\"\n"),
        ("scheduler.sh", "\nscheduler_find() {\n", "\nscheduler_find() {\nstep find\n"),
        ("launch", "\ndate +%s >", "\nstep try\ndate +%s >"),
        ("launch", "\n    for owner in ", "\n    step begun\n    for owner in "),
    ];

    private readonly DirectoryInfo _folder;
    private readonly string _run;
    private readonly bool _again;
    private readonly Dictionary<char, SteppedScript> _scripts = [];
    private readonly List<Job> _jobs = [];
    private readonly List<string> _story = [];
    private readonly List<string> _answers = [];
    private int _started;
    private int _executions;
    private bool _refuses;

    /// <summary>What the scheduler answers, one after the other; then it takes every job.</summary>
    public Queue<Reply> Replies { get; } = [];

    /// <summary>The scheduler does not say which jobs it has.</summary>
    public bool Silent { get; set; }

    public string Story => string.Join('\n', _story);

    /// <param name="change">Of a script's text, to see that the tests notice.</param>
    /// <param name="again">Its first attempt, job 9, has ended, and launchers begin the second.</param>
    public LaunchSite(Func<string, string, string>? change = null, bool again = false)
    {
        _again = again;
        const string memory = "/dev/shm";
        _folder = Directory.Exists(memory)
            ? Directory.CreateDirectory(Path.Combine(memory, $"muster-{Guid.NewGuid():N}"))
            : Directory.CreateTempSubdirectory("muster-");
        _run = Directory.CreateDirectory(Path.Combine(_folder.FullName, "run")).FullName;
        foreach (var name in (string[])["code", "in", "out", "logs"])
            Directory.CreateDirectory(Path.Combine(_run, name));
        var plan = Plans.Nothing() with
        {
            BatchLines = ["#SBATCH --comment=x"],
            Retry = again ? new(1, PlannedRetry.Possible) : null,
        };
        foreach (var file in RunFiles.For(plan, new Dictionary<string, string>()))
        {
            var text = change?.Invoke(file.Name, file.Text) ?? file.Text;
            foreach (var (_, line, stopped) in ByTheShell.Where(stop => stop.File == file.Name))
                text = text.Replace(line, stopped, StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(_run, file.Name), text);
        }
        Clear();
    }

    public void Dispose()
    {
        EndScripts();
        _folder.Delete(recursive: true);
    }

    /// <summary>A staged run that nobody has launched.</summary>
    public void Clear()
    {
        EndScripts();
        var status = Path.Combine(_run, "status");
        if (Directory.Exists(status))
            Directory.Delete(status, recursive: true);
        Directory.CreateDirectory(status);
        File.WriteAllText(Path.Combine(status, "staged"), "");
        if (_again)
        {
            File.WriteAllText(Path.Combine(status, "launched"), "handle=9\n");
            File.WriteAllText(Path.Combine(status, "main.0.exit"), "code=3\nreason=exited\n");
            File.WriteAllText(Path.Combine(status, "ended"), "");
            File.WriteAllText(Path.Combine(status, ".tried"), "");
            File.CreateSymbolicLink(Path.Combine(status, ".owner.main.0"), "slurm:9");
        }
        _jobs.Clear();
        _story.Clear();
        _answers.Clear();
        Replies.Clear();
        (_started, _executions, _refuses, Silent) = (0, 0, false, false);
    }

    /// <summary>What it is about to do; null when it has ended. Whoever is not there starts.</summary>
    public string? At(char who) => Find(who)?.At;

    /// <summary>The last line of what it has said.</summary>
    public string Said(char who) => _scripts[who].Said;

    public Job? Has(int job) => job <= _jobs.Count ? _jobs[job - 1] : null;

    public void Arrive(int job) => _jobs[job - 1] = Job.Pending;

    public string Status(string name) => Path.Combine(_run, "status", name);

    /// <summary>Lets one go on by so many steps.</summary>
    /// <returns>Whether it took them all.</returns>
    public bool Move(char who, int steps = ToTheEnd)
    {
        if (Find(who) is not { } script)
            return false;
        for (var taken = 0; taken < steps; taken++)
        {
            if (script.At is null)
                return false;
            Assert.True(taken < 1000, $"{who} goes round in circles\n{Story}");
            _story.Add($"{who}: {script.At}");
            Step(who, script);
            if (script.At is null && script.Said.Length > 0)
                Answered($"{who}: {script.Said}", script.Said);
        }
        return true;
    }

    /// <summary>Kills it where it stands.</summary>
    /// <param name="alone">What its shell has started goes on.</param>
    public void Kill(char who, bool alone)
    {
        if (!_scripts.TryGetValue(who, out var script) || script.At is null)
            return;
        _story.Add($"{who} is killed{(alone ? " alone" : "")} before: {script.At}");
        if (alone && script.At.Split(' ')[0] is not ("sbatch" or "squeue" or "scancel"))
            script.Orphan();
        else
            script.Die();
        if (script.At is null)
            Forget(who);
    }

    /// <summary>No more faults: all comes to its end, and the client asks until the answer is clear.</summary>
    public void Finish()
    {
        foreach (var who in _scripts.Keys.ToList())
            Move(who);
        Replies.Clear();
        _story.Add("no more faults");
        RunJobs();
        Ask('A', "start");
        if (File.Exists(Path.Combine(_run, "status", "cancel")))
            Ask('C', "cancel");
        RunJobs();
    }

    /// <summary>What must be so however it came.</summary>
    public void Check()
    {
        var wished = File.Exists(Path.Combine(_run, "status", "cancel"));
        Assert.True(_executions <= 1, $"it was executed twice\n{Story}");
        if (_answers.Contains("cancelled") || _answers.Contains("refused"))
            Assert.True(_executions == 0, $"it was executed, and said not to have been\n{Story}");
        Assert.True(wished || !_answers.Contains("cancelled"), $"nobody has cancelled it\n{Story}");
        Assert.True(_refuses || !_answers.Contains("refused"), $"nobody has refused it\n{Story}");
        if (!wished && !_answers.Contains("refused"))
            Assert.True(_executions == 1, $"it was not executed\n{Story}");
    }

    private SteppedScript? Find(char who)
    {
        if (_scripts.TryGetValue(who, out var script))
            return script;
        if (char.IsDigit(who))
        {
            if (_jobs.Count < who - '0' || _jobs[who - '1'] is Job.Cancelled or Job.Begun)
                return null;
            _jobs[who - '1'] = Job.Begun;
            script = new(_run, _started++, ["supervise", "main", "0"], who - '0');
        }
        else
            script = new(
                _run,
                _started++,
                [
                    "launch",
                    .. (
                        who == 'C' ? "cancel"
                        : _again ? "again 1 failed 1 0 text"
                        : "start"
                    ).Split(' '),
                ]
            );
        _scripts[who] = script;
        return script;
    }

    private void Step(char who, SteppedScript script)
    {
        // The last before the command, which nothing keeps from beginning now; what it does is its own affair.
        if (char.IsDigit(who) && script.At!.EndsWith(" .setup.main.0", StringComparison.Ordinal))
        {
            _executions++;
            _story.Add($"{who} executes the command");
            script.Die();
        }
        else
            script.Go(Reply(script.At!) ?? "go");
    }

    /// <summary>The scheduler's, where the step asks for one.</summary>
    private string? Reply(string step)
    {
        switch (step.Split(' '))
        {
            case ["sbatch", ..]:
                var reply = Replies.TryDequeue(out var next) ? next : Launching.Reply.Taken;
                _story.Add($"scheduler: {reply}");
                _refuses |= reply is Launching.Reply.Refused;
                if (reply is Launching.Reply.Taken or Launching.Reply.TakenUnheard)
                    _jobs.Add(Job.Pending);
                if (reply is Launching.Reply.TakenLate)
                    _jobs.Add(Job.InFlight);
                return reply switch
                {
                    Launching.Reply.Taken => $"taken {_jobs.Count}",
                    Launching.Reply.Refused => "refused",
                    _ => "unheard",
                };
            case ["squeue", ..] when Silent:
                return "silent";
            case ["squeue", ..]:
                var known = Enumerable.Range(1, _jobs.Count).Where(job => _jobs[job - 1] is not Job.InFlight);
                return string.Join(' ', known) is { Length: > 0 } jobs ? jobs : "go";
            case ["scancel", "--state=PENDING", var id]:
                if (_jobs.ElementAtOrDefault(id[0] - '1') is Job.Pending)
                    _jobs[id[0] - '1'] = Job.Cancelled;
                return "go";
            default:
                return null;
        }
    }

    private void RunJobs()
    {
        for (var job = 1; job <= _jobs.Count; job++)
            Move((char)('0' + job));
    }

    private void Ask(char who, string what)
    {
        for (var tries = 1; ; tries++)
        {
            Forget(who);
            Move(who);
            if (_answers[^1] is not ("busy" or "doubt"))
                break;
            Assert.True(tries < 5, $"{what} finds no clear answer\n{Story}");
        }
    }

    private void Answered(string line, string answer)
    {
        _story.Add(line);
        _answers.Add(answer.Split(' ')[0]);
    }

    public void Forget(char who)
    {
        if (_scripts.Remove(who, out var script))
            script.Dispose();
    }

    private void EndScripts()
    {
        foreach (var who in _scripts.Keys.ToList())
            Forget(who);
    }
}
