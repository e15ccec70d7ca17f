using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>
/// Every state that one run can come to: a submitter, somebody who cancels, somebody who looks, two launchers and a
/// scheduler, each stopped,
/// unheard or repeated at any step. The client's side is the real code; the site's side is a model of launch.sh,
/// supervise.sh and scheduler.sh.
/// </summary>
public sealed class LaunchProtocolTests
{
    private static readonly Lazy<Exploration> Explored = new(Exploration.Run);

    [Fact]
    public void The_exploration_sees_every_kind_of_end()
    {
        var ends = Explored
            .Value.States.Where(state => state.Local is Phase.Ended)
            .Select(state => state.Outcome)
            .Distinct()
            .Order();
        Assert.Equal([Outcome.Succeeded, Outcome.Failed, Outcome.Cancelled], ends);
        Assert.Contains(
            Explored.Value.States,
            state => state.Executions == 1 && state.Job1 != JobStep.None && state.Job2 != JobStep.None
        );
    }

    [Fact]
    public void The_command_is_never_executed_twice() => Never(state => state.Executions > 1);

    [Fact]
    public void A_run_that_is_said_to_have_ended_does_not_execute() =>
        Never(state =>
            state.Local is Phase.Ended && (state.Job1 is JobStep.Executing || state.Job2 is JobStep.Executing)
        );

    [Fact]
    public void A_run_that_was_ended_here_has_left_nothing_there() =>
        Never(state => state.EndedHere && (state.Staged || state.Executions > 0 || state.Job1 is not JobStep.None));

    [Fact]
    public void A_command_that_ended_well_is_not_told_otherwise() =>
        Never(state =>
            state.Local is Phase.Ended && state.Exit == ExitRecord.Zero && state.Outcome is not Outcome.Succeeded
        );

    [Fact]
    public void What_did_not_execute_is_not_said_to_have_succeeded() =>
        Never(state =>
            state.Local is Phase.Ended && state.Outcome is Outcome.Succeeded && state.Exit != ExitRecord.Zero
        );

    [Fact]
    public void Once_faults_stop_every_run_comes_to_a_told_end()
    {
        var explored = Explored.Value;
        var lost = explored.WithoutGoodEnd();
        Assert.True(lost is null, lost is { } state ? explored.Story(state) : null);
    }

    private static void Never(Func<Moment, bool> wrong)
    {
        var explored = Explored.Value;
        foreach (var state in explored.States)
        {
            if (wrong(state))
                Assert.Fail(explored.Story(state));
        }
    }

    private enum Phase : byte
    {
        Planned,
        Staging,
        Launched,
        Queued,
        Running,
        Ended,
    }

    private enum Submit : byte
    {
        Loop,
        Decided,
        Delivering,
        Waiting,
        Done,
        Dead,
    }

    private enum Launch : byte
    {
        None,
        First,
        Lock,
        Check,
        Look,
        Wish,
        Mark,
        Ask,
        LookAgain,
        LookBehind,
        Refuse,
        RefuseRecord,
        RefuseLook,
        Known,
        Stop,
        AnswerLaunched,
        AnswerCancelled,
        AnswerRefused,
        AnswerDoubt,
        Gone,
    }

    private enum Cancel : byte
    {
        None,
        Ask,
        Written,
        Look,
        Record,
        AnswerLaunched,
        AnswerCancelled,
        AnswerDoubt,
    }

    private enum JobStep : byte
    {
        None,
        InFlight,
        Pending,
        Begun,
        Claimed,
        Unwished,
        Executing,
        Recorded,
        Completed,
        Cancelled,
    }

    private enum ExitRecord : byte
    {
        None,
        Zero,
        Cancelled,
    }

    private readonly record struct Launcher(Launch Step, byte Handle, bool Again)
    {
        public bool Lives => Step is not (Launch.None or Launch.Gone);
        public bool Answers =>
            Step is Launch.AnswerLaunched or Launch.AnswerCancelled or Launch.AnswerRefused or Launch.AnswerDoubt;
        public bool Holds => Step is > Launch.Lock and < Launch.AnswerLaunched;
    }

    /// <summary>What somebody who looks reads.</summary>
    private readonly record struct Seen(
        byte Launched,
        bool Cancel,
        bool Refused,
        bool Tried,
        byte Started,
        ExitRecord Exit
    );

    private readonly record struct Moment(
        Phase Local,
        byte Handle,
        Outcome Outcome,
        bool EndedHere,
        bool Wished,
        bool Vanished,
        Submit Submitter,
        byte WaitsFor,
        Cancel Canceller,
        byte CancelHandle,
        bool CancelledOnce,
        bool Staged,
        bool Tried,
        byte Launched,
        bool Wish,
        bool Refused,
        byte Owner,
        byte Started,
        ExitRecord Exit,
        Launcher L1,
        Launcher L2,
        JobStep Job1,
        JobStep Job2,
        byte Executions,
        byte Faults
    )
    {
        /// <summary>All of it in two numbers: millions of them are compared.</summary>
        private (ulong, ulong) Key =>
            (
                Pack(
                    (byte)Local,
                    Handle,
                    (byte)Outcome,
                    (byte)Submitter,
                    WaitsFor,
                    (byte)Canceller,
                    CancelHandle,
                    Launched
                ),
                Pack(Owner, Started, (byte)Exit, (byte)Job1, (byte)Job2, Executions, Faults, 0)
                    ^ ((ulong)Bits(EndedHere, Wished, Vanished, CancelledOnce, Staged, Tried, Wish, Refused) << 56)
            );

        private ulong Launchers =>
            Pack(
                (byte)L1.Step,
                L1.Handle,
                L1.Again ? (byte)1 : (byte)0,
                (byte)L2.Step,
                L2.Handle,
                L2.Again ? (byte)1 : (byte)0,
                0,
                0
            );

        public bool Equals(Moment other) => Key == other.Key && Launchers == other.Launchers;

        public override int GetHashCode() => HashCode.Combine(Key, Launchers);

        private static ulong Pack(byte a, byte b, byte c, byte d, byte e, byte f, byte g, byte h) =>
            a
            | (ulong)b << 8
            | (ulong)c << 16
            | (ulong)d << 24
            | (ulong)e << 32
            | (ulong)f << 40
            | (ulong)g << 48
            | (ulong)h << 56;

        private static byte Bits(bool a, bool b, bool c, bool d, bool e, bool f, bool g, bool h) =>
            (byte)(
                (a ? 1 : 0)
                | (b ? 2 : 0)
                | (c ? 4 : 0)
                | (d ? 8 : 0)
                | (e ? 16 : 0)
                | (f ? 32 : 0)
                | (g ? 64 : 0)
                | (h ? 128 : 0)
            );

        public JobStep Job(int number) => number == 1 ? Job1 : Job2;

        public Moment WithJob(int number, JobStep step) =>
            number == 1 ? this with { Job1 = step } : this with { Job2 = step };

        public Launcher Launcher(int number) => number == 1 ? L1 : L2;

        public Moment With(int number, Launcher launcher) =>
            number == 1 ? this with { L1 = launcher } : this with { L2 = launcher };
    }

    private readonly record struct Step(string What, Moment To, bool Fault);

    private sealed class Exploration
    {
        private const int MostFaults = 3;
        private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        private static readonly RunPlan Plan = new()
        {
            Id = new(Guid.Parse("01900000-0000-7000-8000-000000000000")),
            Name = "x",
            Site = "s",
            Command = ["true"],
            WorkingFolder = "/",
        };
        private readonly Dictionary<Moment, (Moment From, string What)> _came = [];
        private readonly Dictionary<Moment, List<Moment>> _before = [];

        public IReadOnlyCollection<Moment> States => _came.Keys;

        public static Exploration Run()
        {
            var exploration = new Exploration();
            var open = new Queue<Moment>();
            Moment start = default;
            exploration._came[start] = (start, "recorded");
            open.Enqueue(start);
            while (open.TryDequeue(out var moment))
            {
                foreach (var (what, then, fault) in Steps(moment))
                {
                    var to = fault ? then with { Faults = (byte)(moment.Faults + 1) } : then;
                    if (then == moment || to.Faults > MostFaults)
                        continue;
                    if (!fault)
                    {
                        if (!exploration._before.TryGetValue(to, out var before))
                            exploration._before[to] = before = [];
                        before.Add(moment);
                    }
                    if (exploration._came.TryAdd(to, (moment, what)))
                        open.Enqueue(to);
                }
            }
            TestContext.Current.TestOutputHelper?.WriteLine($"{exploration._came.Count} states");
            return exploration;
        }

        public string Story(Moment moment)
        {
            var lines = new List<string> { moment.ToString() };
            while (_came[moment] is var (from, what) && from != moment)
            {
                lines.Add(what);
                moment = from;
            }
            lines.Reverse();
            return string.Join('\n', lines);
        }

        /// <summary>A state from which no way without faults leads to a told end; null when there is none.</summary>
        public Moment? WithoutGoodEnd()
        {
            var good = new HashSet<Moment>(_came.Keys.Where(IsGood));
            var open = new Queue<Moment>(good);
            while (open.TryDequeue(out var moment))
            {
                foreach (var before in _before.GetValueOrDefault(moment) ?? [])
                    if (good.Add(before))
                        open.Enqueue(before);
            }
            foreach (var moment in _came.Keys)
                if (!good.Contains(moment))
                    return moment;
            return null;
        }

        private static bool IsGood(Moment moment)
        {
            if (moment.L1.Lives || moment.L2.Lives || Busy(moment.Job1) || Busy(moment.Job2))
                return false;
            // Nothing goes on any more: it has ended and that is known, or its submission was broken off and that is
            // shown.
            return moment.Local is Phase.Ended
                || moment is { Local: Phase.Staging, Submitter: Submit.Dead, Executions: 0, Wished: false };

            static bool Busy(JobStep job) => job is not (JobStep.None or JobStep.Completed or JobStep.Cancelled);
        }

        private static IEnumerable<Step> Steps(Moment moment)
        {
            foreach (var step in Submitting(moment))
                yield return step;
            for (var number = 1; number <= 2; number++)
            {
                foreach (var step in Launching(moment, number))
                    yield return step;
                foreach (var step in Working(moment, number))
                    yield return step;
            }
            foreach (var step in Cancelling(moment))
                yield return step;
            foreach (var step in Looking(moment))
                yield return step;
        }

        private static IEnumerable<Step> Submitting(Moment m)
        {
            if (m.Submitter is not (Submit.Done or Submit.Dead))
                yield return new("the submitter is killed", m with { Submitter = Submit.Dead, WaitsFor = 0 }, true);
            switch (m.Submitter)
            {
                case Submit.Loop:
                    yield return LaunchProtocol.Next(Known(m)) switch
                    {
                        LaunchProtocol.Act.EndHere => new(
                            "the submitter ends it here",
                            EndHere(m) with
                            {
                                Submitter = Submit.Done,
                            },
                            false
                        ),
                        LaunchProtocol.Act.AskCancel => new(
                            "the submitter asks to cancel",
                            m with
                            {
                                Submitter = Submit.Done,
                                Canceller = m.Canceller is Cancel.None ? Cancel.Ask : m.Canceller,
                            },
                            false
                        ),
                        LaunchProtocol.Act.Deliver => new(
                            "the submitter wants to deliver",
                            m with
                            {
                                Submitter = Submit.Decided,
                            },
                            false
                        ),
                        _ => new("the submitter is done", m with { Submitter = Submit.Done }, false),
                    };
                    break;
                case Submit.Decided:
                    var after = Keep(m, LaunchProtocol.After(Known(m), null, Now));
                    yield return LaunchProtocol.Next(Known(after)) is LaunchProtocol.Act.Deliver
                        ? new("it is staging", after with { Submitter = Submit.Delivering }, false)
                        : new("it was ended meanwhile", after with { Submitter = Submit.Loop }, false);
                    break;
                case Submit.Delivering:
                    yield return new("the delivery breaks", m with { Submitter = Submit.Loop }, true);
                    for (var number = 1; number <= 2; number++)
                    {
                        if (m.Launcher(number).Lives)
                            continue;
                        yield return new(
                            $"delivered; launcher {number} starts",
                            m.With(number, new(Launch.First, 0, false)) with
                            {
                                Staged = true,
                                Submitter = Submit.Waiting,
                                WaitsFor = (byte)number,
                            },
                            false
                        );
                        break;
                    }
                    break;
                case Submit.Waiting:
                    yield return new("the answer is lost", m with { Submitter = Submit.Loop, WaitsFor = 0 }, true);
                    var launcher = m.Launcher(m.WaitsFor);
                    LaunchAnswer? answer = launcher.Step switch
                    {
                        Launch.AnswerLaunched => new LaunchAnswer.Launched(new(launcher.Handle.ToString())),
                        Launch.AnswerCancelled => new LaunchAnswer.Cancelled(),
                        Launch.AnswerRefused => new LaunchAnswer.Refused("no"),
                        Launch.AnswerDoubt or Launch.Gone => new LaunchAnswer.Unclear("?"),
                        _ => null,
                    };
                    if (answer is null)
                        break;
                    var heard = Keep(m, LaunchProtocol.After(Known(m), answer, Now)).With(m.WaitsFor, default) with
                    {
                        WaitsFor = 0,
                    };
                    yield return new(
                        $"the answer: {launcher.Step}",
                        heard with
                        {
                            Submitter = answer is LaunchAnswer.Refused ? Submit.Done : Submit.Loop,
                        },
                        false
                    );
                    break;
            }
        }

        private static IEnumerable<Step> Launching(Moment m, int number)
        {
            var me = m.Launcher(number);
            var other = m.Launcher(3 - number);
            Moment To(Launch step) => m.With(number, me with { Step = step });
            if (!me.Lives)
                yield break;
            if (me.Answers)
            {
                // Nobody listens any more.
                if (m.WaitsFor != number)
                    yield return new($"launcher {number} answers nobody", m.With(number, default), false);
                yield break;
            }
            yield return new(
                $"launcher {number} is killed",
                m.With(number, m.WaitsFor == number ? new(Launch.Gone, 0, false) : default),
                true
            );
            Moment Known(byte handle) => m.With(number, me with { Step = Launch.Known, Handle = handle });
            switch (me.Step)
            {
                case Launch.First:
                    yield return new(
                        $"launcher {number} looks for a record",
                        m.Launched != 0 ? Known(m.Launched) : To(Launch.Lock),
                        false
                    );
                    break;
                case Launch.Lock:
                    yield return other.Holds
                        ? new($"launcher {number} finds the other busy", To(Launch.AnswerDoubt), false)
                        : new($"launcher {number} has the lock", To(Launch.Check), false);
                    break;
                case Launch.Check:
                    yield return new(
                        $"launcher {number} looks again",
                        m.Launched != 0 ? Known(m.Launched)
                            : m.Tried ? m.With(number, me with { Step = Launch.Look, Again = true })
                            : To(Launch.Wish),
                        false
                    );
                    break;
                case Launch.Look:
                case Launch.LookAgain:
                case Launch.LookBehind:
                case Launch.Refuse:
                    yield return new(
                        "the scheduler does not answer",
                        m.Owner != 0 ? Known(m.Owner) : To(Launch.AnswerDoubt),
                        true
                    );
                    var found = Find(m);
                    var next = me.Step switch
                    {
                        Launch.Look => Launch.Wish,
                        Launch.Refuse => Launch.RefuseRecord,
                        Launch.LookBehind => m.Wish ? Launch.AnswerCancelled : Launch.AnswerRefused,
                        _ => Launch.AnswerDoubt,
                    };
                    yield return new($"launcher {number} finds {found}", found != 0 ? Known(found) : To(next), false);
                    break;
                case Launch.Wish:
                    yield return new(
                        $"launcher {number} looks for a wish",
                        To(
                            !m.Wish && !m.Refused ? Launch.Mark
                            : me.Again ? Launch.LookBehind
                            : m.Wish ? Launch.AnswerCancelled
                            : Launch.AnswerRefused
                        ),
                        false
                    );
                    break;
                case Launch.Mark:
                    yield return new($"launcher {number} marks its try", To(Launch.Ask) with { Tried = true }, false);
                    break;
                case Launch.Ask:
                    for (var job = 1; job <= 2; job++)
                    {
                        if (m.Job(job) is not JobStep.None)
                            continue;
                        yield return new($"job {job} is taken", Known((byte)job).WithJob(job, JobStep.Pending), false);
                        yield return new(
                            $"job {job} is taken, the reply lost",
                            To(Launch.LookAgain).WithJob(job, JobStep.Pending),
                            true
                        );
                        yield return new(
                            $"job {job} will be taken late",
                            To(Launch.LookAgain).WithJob(job, JobStep.InFlight),
                            true
                        );
                        break;
                    }
                    yield return new("no job is taken, and nobody says so", To(Launch.LookAgain), true);
                    yield return new("the job is refused", To(me.Again ? Launch.Refuse : Launch.RefuseRecord), false);
                    break;
                case Launch.RefuseRecord:
                    yield return new("the refusal is recorded", To(Launch.RefuseLook) with { Refused = true }, false);
                    break;
                case Launch.RefuseLook:
                    yield return new(
                        "has it begun?",
                        m.Owner != 0 ? Known(m.Owner) : To(Launch.AnswerRefused) with { Tried = false },
                        false
                    );
                    break;
                case Launch.Known:
                    yield return new(
                        $"job {me.Handle} is recorded",
                        To(Launch.Stop) with
                        {
                            Launched = m.Launched == 0 ? me.Handle : m.Launched,
                        },
                        false
                    );
                    break;
                case Launch.Stop:
                    yield return new(
                        $"launcher {number} has launched",
                        (m.Wish ? Stop(m, me.Handle) : m).With(number, me with { Step = Launch.AnswerLaunched }),
                        false
                    );
                    break;
            }
        }

        private static IEnumerable<Step> Working(Moment m, int job)
        {
            switch (m.Job(job))
            {
                case JobStep.InFlight:
                    yield return new($"job {job} arrives", m.WithJob(job, JobStep.Pending), false);
                    break;
                case JobStep.Pending:
                    yield return new($"job {job} begins", m.WithJob(job, JobStep.Begun), false);
                    break;
                case JobStep.Begun:
                    yield return m.Owner == 0
                        ? new(
                            $"job {job} claims the run",
                            m.WithJob(job, JobStep.Claimed) with
                            {
                                Owner = (byte)job,
                            },
                            false
                        )
                        : new($"job {job} steps back", m.WithJob(job, JobStep.Completed), false);
                    break;
                case JobStep.Claimed:
                    yield return m.Wish || m.Refused
                        ? new(
                            $"job {job} sees the wish",
                            m.WithJob(job, JobStep.Recorded) with
                            {
                                Exit = ExitRecord.Cancelled,
                            },
                            false
                        )
                        : new($"job {job} sees no wish", m.WithJob(job, JobStep.Unwished), false);
                    break;
                case JobStep.Unwished:
                    yield return new(
                        $"job {job} executes the command",
                        m.WithJob(job, JobStep.Executing) with
                        {
                            Executions = (byte)(m.Executions + 1),
                            Started = (byte)job,
                        },
                        false
                    );
                    break;
                case JobStep.Executing:
                    yield return new(
                        $"the command ends",
                        m.WithJob(job, JobStep.Recorded) with
                        {
                            Exit = ExitRecord.Zero,
                        },
                        false
                    );
                    if (m.Wish)
                        yield return new(
                            $"the command is ended",
                            m.WithJob(job, JobStep.Recorded) with
                            {
                                Exit = ExitRecord.Cancelled,
                            },
                            false
                        );
                    break;
                case JobStep.Recorded:
                    yield return new($"job {job} is over", m.WithJob(job, JobStep.Completed), false);
                    break;
            }
        }

        private static IEnumerable<Step> Cancelling(Moment m)
        {
            if (!m.CancelledOnce)
            {
                var wished = m with { CancelledOnce = true, Wished = true };
                yield return LaunchProtocol.Next(Known(wished)) switch
                {
                    LaunchProtocol.Act.EndHere => new("somebody cancels; it ends here", EndHere(wished), true),
                    LaunchProtocol.Act.AskCancel => new(
                        "somebody cancels",
                        wished with
                        {
                            Canceller = Cancel.Ask,
                        },
                        true
                    ),
                    _ => new("somebody cancels what has ended", wished, true),
                };
            }
            if (m.Canceller is Cancel.None)
                yield break;
            yield return new(
                "the one who cancels is cut off",
                m with
                {
                    Canceller = Cancel.None,
                    CancelHandle = 0,
                },
                true
            );
            switch (m.Canceller)
            {
                case Cancel.Ask:
                    yield return new(
                        "the wish is on the site",
                        m with
                        {
                            Wish = true,
                            Canceller = Cancel.Written,
                        },
                        false
                    );
                    break;
                case Cancel.Written:
                    yield return new(
                        "what is there to stop?",
                        m.Launched != 0
                            ? m with
                            {
                                Canceller = Cancel.Record,
                                CancelHandle = m.Launched,
                            }
                            : m with
                            {
                                Canceller = m.Tried ? Cancel.Look : Cancel.AnswerCancelled,
                            },
                        false
                    );
                    break;
                case Cancel.Look:
                    yield return new(
                        "the scheduler is silent",
                        m.Owner != 0
                            ? m with
                            {
                                Canceller = Cancel.Record,
                                CancelHandle = m.Owner,
                            }
                            : m with
                            {
                                Canceller = Cancel.AnswerDoubt,
                            },
                        true
                    );
                    var found = Find(m);
                    yield return new(
                        $"found {found} to stop",
                        found != 0
                            ? m with
                            {
                                Canceller = Cancel.Record,
                                CancelHandle = found,
                            }
                            : m with
                            {
                                Canceller = Cancel.AnswerCancelled,
                            },
                        false
                    );
                    break;
                case Cancel.Record:
                    yield return new(
                        $"job {m.CancelHandle} is stopped",
                        Stop(m, m.CancelHandle) with
                        {
                            Launched = m.Launched == 0 ? m.CancelHandle : m.Launched,
                            Canceller = Cancel.AnswerLaunched,
                        },
                        false
                    );
                    break;
                default:
                    LaunchAnswer answer = m.Canceller switch
                    {
                        Cancel.AnswerLaunched => new LaunchAnswer.Launched(new(m.CancelHandle.ToString())),
                        Cancel.AnswerCancelled => new LaunchAnswer.Cancelled(),
                        _ => new LaunchAnswer.Unclear("?"),
                    };
                    yield return new(
                        $"the wish was heard: {m.Canceller}",
                        Keep(m, LaunchProtocol.After(Known(m), answer, Now)) with
                        {
                            Canceller = Cancel.None,
                            CancelHandle = 0,
                        },
                        false
                    );
                    break;
            }
        }

        private static IEnumerable<Step> Looking(Moment m)
        {
            if (m is { Local: Phase.Planned, Submitter: Submit.Dead })
                yield return new("ps ends what never left", EndHere(m), false);
            if (m.Local is Phase.Planned or Phase.Ended)
                yield break;
            var seen = new Seen(m.Launched, m.Wish, m.Refused, m.Tried, m.Started, m.Exit);
            var facts = Facts(seen);
            yield return Judged(null, "ps judges without the scheduler");
            if (facts.Handle is { } handle)
            {
                SchedulerWord word = m.Job(int.Parse(handle.Text)) switch
                {
                    JobStep.None or JobStep.InFlight => new SchedulerWord.Absent(),
                    JobStep.Pending => new SchedulerWord.Waiting("Priority"),
                    JobStep.Completed => new SchedulerWord.Ended(Outcome.Succeeded, 0, "COMPLETED"),
                    JobStep.Cancelled => new SchedulerWord.Ended(Outcome.Cancelled, null, "CANCELLED"),
                    _ => new SchedulerWord.Running("c1", null),
                };
                yield return Judged(word, $"ps judges with {word.GetType().Name}");
            }

            Step Judged(SchedulerWord? word, string what)
            {
                // The patience of the judge is longer than a job needs from its claim to its record; everything else
                // may take for ever.
                var between =
                    m.Job1 is JobStep.Begun or JobStep.Claimed or JobStep.Unwished
                    || m.Job2 is JobStep.Begun or JobStep.Claimed or JobStep.Unwished;
                var known = Known(m) with
                {
                    VanishedSince = m.Vanished
                        ? between
                            ? Now
                            : Now.AddHours(-1)
                        : null,
                };
                var after = Keep(m, RunJudge.After(known, facts, word, schedulerKnowsMore: true, Now));
                var pending = !seen.Cancel || seen.Tried && facts.Handle is null;
                return new(
                    what,
                    after.Local is not Phase.Ended && after.Wished && pending && after.Canceller is Cancel.None
                        ? after with
                        {
                            Canceller = Cancel.Ask,
                        }
                        : after,
                    false
                );
            }
        }

        private static byte Find(Moment m) =>
            m.Owner != 0 ? m.Owner
            : m.Job1 is not (JobStep.None or JobStep.InFlight) ? (byte)1
            : m.Job2 is not (JobStep.None or JobStep.InFlight) ? (byte)2
            : (byte)0;

        /// <summary>A waiting job is taken back; one that has begun sees the wish by itself.</summary>
        private static Moment Stop(Moment m, int job) =>
            m.Job(job) is JobStep.Pending ? m.WithJob(job, JobStep.Cancelled) : m;

        private static Moment EndHere(Moment m) =>
            m with
            {
                Local = Phase.Ended,
                Outcome = Outcome.Cancelled,
                EndedHere = true,
            };

        private static RunFacts Facts(Seen seen)
        {
            var records = new Dictionary<string, StatusRecord>();
            void Put(string name, params (string Key, string Value)[] values) =>
                records[name] = new(name, values.ToDictionary(pair => pair.Key, pair => pair.Value));
            var time = Now.AddHours(-2).ToUnixTimeSeconds().ToString();
            if (seen.Launched != 0)
                Put("launched", ("handle", seen.Launched.ToString()));
            if (seen.Cancel)
                Put("cancel", ("time", time));
            if (seen.Refused)
                Put("refused", ("time", time), ("text", "no"));
            if (seen.Started != 0)
                Put(
                    "main.0.started",
                    ("time", time),
                    ("host", "c1"),
                    ("job", seen.Started.ToString()),
                    ("handle", seen.Started.ToString())
                );
            if (seen.Exit is not ExitRecord.None)
                Put(
                    "main.0.exit",
                    ("time", time),
                    ("host", "c1"),
                    ("code", seen.Exit is ExitRecord.Zero ? "0" : "143"),
                    ("reason", seen.Exit is ExitRecord.Zero ? "exited" : "cancelled")
                );
            return new()
            {
                Present = true,
                Records = records,
                Tried = seen.Tried,
            };
        }

        private static Run Known(Moment m) =>
            new()
            {
                Plan = Plan,
                Created = Now,
                CancelWished = m.Wished,
                State = m.Local switch
                {
                    Phase.Planned => new RunState.Planned(),
                    Phase.Staging => new RunState.Staging(),
                    Phase.Launched => new RunState.Launched(new(m.Handle.ToString())),
                    Phase.Queued => new RunState.Queued(new(m.Handle.ToString()), "Priority"),
                    Phase.Running => new RunState.Running(new(m.Handle.ToString()), "c1", Now),
                    _ => new RunState.Ended(m.Outcome, null, Now, new("", "")),
                },
            };

        private static Moment Keep(Moment m, Run run)
        {
            var (local, handle, outcome) = run.State switch
            {
                RunState.Planned => (Phase.Planned, "0", default(Outcome)),
                RunState.Staging => (Phase.Staging, "0", default),
                RunState.Launched(var job) => (Phase.Launched, job.Text, default),
                RunState.Queued(var job, _) => (Phase.Queued, job.Text, default),
                RunState.Running(var job, _, _) => (Phase.Running, job.Text, default),
                RunState.Ended(var end, _, _, _) => (Phase.Ended, "0", end),
                _ => throw new InvalidOperationException(),
            };
            return m with
            {
                Local = local,
                Handle = byte.Parse(handle),
                Outcome = outcome,
                Wished = run.CancelWished,
                Vanished = local is not Phase.Ended && run.VanishedSince is not null,
            };
        }
    }
}
