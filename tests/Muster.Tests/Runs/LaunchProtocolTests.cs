using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>
/// Explores every order of the steps of clients, launchers, the scheduler and starters, with a crash or a lost reply at each of them.
/// The client decides by <see cref="LaunchProtocol"/>; the rest is a model of <c>launch.sh</c> and <c>supervise.sh</c>.
/// </summary>
public sealed class LaunchProtocolTests
{
    private enum Launcher { Idle, Locked, Tried, Submitted, Gone }

    /// <summary>All there is: the client's record, the site's files, the launchers, the scheduler's jobs.</summary>
    private sealed record World
    {
        public string Client { get; init; } = "planned";       // what the client's store says
        public bool Wish { get; init; }                        // the client's wish to cancel
        public bool WishOnSite { get; init; }
        public bool Staged { get; init; }
        public bool Lock { get; init; }
        public bool TriedMark { get; init; }
        public bool Launched { get; init; }
        public Launcher First { get; init; }
        public Launcher Second { get; init; }
        public string Reply { get; init; } = "";              // an answer on its way to the client
        public int Queued { get; init; }                       // jobs that the scheduler holds
        public int Owner { get; init; }                        // the starter that claimed the run; 0 is none
        public int Executed { get; init; }
        public bool Exit { get; init; }
        public int Faults { get; init; }
        public int Deliveries { get; init; }
    }

    private static readonly RunPlan Plan = new() { Id = RunId.New(TimeProvider.System), Name = "r", Site = "s", Command = ["x"], WorkingFolder = "/" };

    private static LaunchProtocol.Act Decide(World world) => LaunchProtocol.Next(AsRun(world));

    private static Run AsRun(World world) => new()
    {
        Plan = Plan,
        Created = default,
        CancelWished = world.Wish,
        State = world.Client switch
        {
            "planned" => new RunState.Planned(),
            "staging" => new RunState.Staging(),
            "launched" => new RunState.Launched("7"),
            var end => new RunState.Ended(end == "cancelled" ? Outcome.Cancelled : Outcome.Succeeded, 0, default, new("", "")),
        },
    };

    private static string Word(Run run) => run.State switch { RunState.Planned => "planned", RunState.Staging => "staging", RunState.Launched => "launched", RunState.Ended { Outcome: Outcome.Cancelled } => "cancelled", _ => "succeeded" };

    /// <summary>Every world that one step leads to.</summary>
    private static IEnumerable<World> Steps(World world)
    {
        var act = Decide(world);
        // The person may wish the end at any moment.
        if (!world.Wish && act != LaunchProtocol.Act.Nothing) yield return world with { Wish = true };

        // The client. Each act may be repeated after a crash: its store is all that survives.
        switch (act)
        {
            case LaunchProtocol.Act.EndHere:
                yield return world with { Client = "cancelled" };
                break;
            case LaunchProtocol.Act.Deliver when world.Client == "planned":
                yield return world with { Client = Word(LaunchProtocol.After(AsRun(world), null, default)) };
                break;
            case LaunchProtocol.Act.Deliver when world.Deliveries < 3:
                var delivered = world with { Staged = world.Staged || !world.WishOnSite, Deliveries = world.Deliveries + 1 };
                if (world.First is Launcher.Idle or Launcher.Gone) yield return delivered with { First = Launcher.Idle, Reply = "" };
                foreach (var started in StartLauncher(delivered)) yield return started;
                if (world.Faults < 2) yield return world with { Faults = world.Faults + 1 };   // the connection broke before anything arrived
                break;
            case LaunchProtocol.Act.AskCancel:
                // The wish lands; whoever was launched is told. The reply may be lost: then the same is asked again.
                var found = world.Launched || (world.TriedMark && (world.Queued > 0 || world.Owner != 0));
                var told = world with { WishOnSite = true, Queued = found && world.Owner == 0 ? 0 : world.Queued };
                yield return told with { Client = Word(LaunchProtocol.After(AsRun(world), AnswerOf(found ? "launched" : "cancelled"), default)) };
                if (world.Faults < 2) yield return told with { Faults = world.Faults + 1 };
                if (world.Faults < 2 && world.TriedMark && !world.Launched) yield return world with { WishOnSite = true, Faults = world.Faults + 1 };   // the scheduler does not answer
                break;
        }
        if (world.Reply != "")
        {
            yield return world with { Reply = "", Client = Word(LaunchProtocol.After(AsRun(world), AnswerOf(world.Reply), default)) };
            yield return world with { Client = Word(LaunchProtocol.After(AsRun(world), AnswerOf(world.Reply), default)) };   // and it comes again
            if (world.Faults < 2) yield return world with { Reply = "", Faults = world.Faults + 1 };   // or is lost
        }

        // The launchers, each killed at any point.
        foreach (var next in Launch(world, world.First, (w, state) => w with { First = state })) yield return next;
        foreach (var next in Launch(world, world.Second, (w, state) => w with { Second = state })) yield return next;

        // The scheduler starts a job; its starter claims the run, looks for the wish, and executes.
        if (world.Queued > 0)
        {
            var job = world.Queued;
            var taken = world with { Queued = world.Queued - 1 };
            if (world.Owner != 0) yield return taken;   // a second job of the same run steps back
            else if (world.WishOnSite) yield return taken with { Owner = job, Exit = true };
            else yield return taken with { Owner = job, Executed = world.Executed + 1 };
        }
        if (world.Owner != 0 && !world.Exit) yield return world with { Exit = true };

        // A look at the site: what it says is judged as always.
        if (world.Client is "staging" or "launched")
        {
            var run = RunJudge.After(AsRun(world), FactsOf(world), null, schedulerKnowsMore: false, DateTimeOffset.UnixEpoch);
            yield return world with { Client = run.State is RunState.Running or RunState.Queued ? "launched" : Word(run) };
        }
    }

    private static LaunchAnswer AnswerOf(string reply) => reply switch { "launched" => new LaunchAnswer.Launched("7"), "cancelled" => new LaunchAnswer.Cancelled(), _ => new LaunchAnswer.Unclear("") };

    private static IEnumerable<World> StartLauncher(World world)
    {
        if (world.First is Launcher.Idle or Launcher.Gone && !world.Lock && world.Staged) yield return world with { First = Launcher.Locked, Lock = true };
        else if (world.Second is Launcher.Idle or Launcher.Gone && world.Staged) yield return world with { Second = world.Lock ? Launcher.Idle : Launcher.Locked, Lock = true, Reply = world.Lock ? "unclear" : world.Reply };
    }

    private static IEnumerable<World> Launch(World world, Launcher at, Func<World, Launcher, World> set)
    {
        switch (at)
        {
            case Launcher.Locked when world.Launched:
                yield return set(world with { Lock = false, Reply = "launched" }, Launcher.Gone);
                break;
            case Launcher.Locked when world.TriedMark:
                // An earlier attempt was made: look for its job before making another. A look that finds none may come too early.
                if (world.Queued > 0 || world.Owner != 0) yield return set(world with { Launched = true, Lock = false, Reply = "launched" }, Launcher.Gone);
                // One that has started is always found, by its claim; one that only waits may not be seen yet.
                if (world.Owner == 0) yield return world.WishOnSite ? set(world with { Lock = false, Reply = "cancelled" }, Launcher.Gone) : set(world, Launcher.Tried);
                break;
            case Launcher.Locked when world.WishOnSite:
                yield return set(world with { Lock = false, Reply = "cancelled" }, Launcher.Gone);
                break;
            case Launcher.Locked:
                yield return set(world with { TriedMark = true }, Launcher.Tried);
                break;
            case Launcher.Tried:
                yield return set(world with { Queued = world.Queued + 1 }, Launcher.Submitted);
                if (world.Faults < 2) yield return set(world with { Lock = false, Reply = "unclear", Faults = world.Faults + 1 }, Launcher.Gone);   // no clear answer, and no job
                if (world.Faults < 2) yield return set(world with { Queued = world.Queued + 1, Lock = false, Reply = "unclear", Faults = world.Faults + 1 }, Launcher.Gone);   // no clear answer, and yet a job
                break;
            case Launcher.Submitted:
                yield return set(world with { Launched = true, Lock = false, Reply = "launched", Queued = world.WishOnSite ? Math.Max(0, world.Queued - 1) : world.Queued }, Launcher.Gone);
                break;
            default:
                yield break;
        }
        // Killed here: its lock is found dead and taken over by the next.
        if (world.Faults < 2) yield return set(world with { Lock = false, Faults = world.Faults + 1 }, Launcher.Gone);
    }

    private static RunFacts FactsOf(World world)
    {
        var records = new Dictionary<string, StatusRecord>();
        void Add(string name, params (string, string)[] values) => records[name] = new(name, values.ToDictionary(pair => pair.Item1, pair => pair.Item2));
        if (world.Launched) Add("launched", ("handle", "7"));
        if (world.WishOnSite) Add("cancel", ("time", "0"));
        if (world.Executed > 0) Add("main.0.started", ("host", "h"), ("time", "0"));
        if (world.Exit) Add("main.0.exit", ("code", world.Executed > 0 && !world.WishOnSite ? "0" : "143"), ("reason", world.Executed > 0 && !world.WishOnSite ? "exited" : "cancelled"), ("time", "0"), ("host", "h"));
        return new() { Present = world.Staged || world.WishOnSite, Records = records, Tried = world.TriedMark };
    }

    [Fact]
    public void In_every_order_of_steps_and_faults_the_command_runs_at_most_once_and_a_wish_is_kept()
    {
        var seen = new HashSet<World> { new() };
        var open = new Queue<World>(seen);
        while (open.TryDequeue(out var world))
        {
            Assert.True(world.Executed <= 1, $"executed twice: {world}");
            Assert.False(world.Client == "cancelled" && world.Owner != 0 && !world.Exit && world.Executed > 0, $"called cancelled while it runs: {world}");
            Assert.False(world.Client == "succeeded" && !world.Exit, $"called ended without an exit: {world}");
            Assert.False(world.Client == "cancelled" && !world.WishOnSite && world.TriedMark, $"ended here although it had left: {world}");
            foreach (var next in Steps(world))
            {
                // Once the wish lies on the site, nothing new is executed.
                Assert.False(world.WishOnSite && next.Executed > world.Executed, $"started after the wish: {world} → {next}");
                if (seen.Add(next)) open.Enqueue(next);
            }
        }
        Assert.True(seen.Count > 3_000, $"only {seen.Count} worlds were explored");
        Assert.Contains(seen, world => world is { Client: "succeeded", Executed: 1 });
        Assert.Contains(seen, world => world is { Client: "cancelled", Executed: 0 });
        Assert.Contains(seen, world => world is { Queued: > 1 });
    }

    [Fact]
    public void A_run_that_never_left_is_ended_here() =>
        Assert.Equal(LaunchProtocol.Act.EndHere, LaunchProtocol.Next(AsRun(new World { Wish = true })));

    [Fact]
    public void A_repeated_or_late_answer_changes_nothing()
    {
        var launched = LaunchProtocol.After(AsRun(new World { Client = "staging" }), new LaunchAnswer.Launched("7"), default);
        Assert.Equal(launched, LaunchProtocol.After(launched, new LaunchAnswer.Launched("7"), default));
        Assert.Equal(launched, LaunchProtocol.After(launched, new LaunchAnswer.Unclear(""), default));
        var ended = AsRun(new World { Client = "cancelled" });
        Assert.Equal(ended, LaunchProtocol.After(ended, new LaunchAnswer.Launched("7"), default));
    }
}
