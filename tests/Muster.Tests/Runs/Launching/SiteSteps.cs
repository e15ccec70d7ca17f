namespace Muster.Runs.Launching;

/// <summary>The site's side of the model: launch.sh, scheduler.sh with SLURM, supervise.sh.</summary>
internal static class SiteSteps
{
    public static IEnumerable<Step> Launching(Moment m, int number)
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

    public static IEnumerable<Step> Working(Moment m, int job)
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

    public static byte Find(Moment m) =>
        m.Owner != 0 ? m.Owner
        : m.Job1 is not (JobStep.None or JobStep.InFlight) ? (byte)1
        : m.Job2 is not (JobStep.None or JobStep.InFlight) ? (byte)2
        : (byte)0;

    /// <summary>A waiting job is taken back; one that has begun sees the wish by itself.</summary>
    public static Moment Stop(Moment m, int job) =>
        m.Job(job) is JobStep.Pending ? m.WithJob(job, JobStep.Cancelled) : m;
}
