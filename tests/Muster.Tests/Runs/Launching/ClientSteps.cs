using Muster.Sites.Schedulers;
using static Muster.Runs.Launching.ClientView;

namespace Muster.Runs.Launching;

/// <summary>
/// The client's side: who submits, who cancels and who looks. What they decide is the real code; what is asked of the
/// site on the way is of the model.
/// </summary>
internal static class ClientSteps
{
    public static IEnumerable<Step> Submitting(Moment m)
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

    public static IEnumerable<Step> Cancelling(Moment m)
    {
        if (!m.CancelledOnce)
        {
            var wished = m with { CancelledOnce = true, Wished = true };
            yield return LaunchProtocol.Next(Known(wished)) switch
            {
                LaunchProtocol.Act.EndHere => new("somebody cancels; it ends here", EndHere(wished), true),
                LaunchProtocol.Act.AskCancel => new("somebody cancels", wished with { Canceller = Cancel.Ask }, true),
                _ => new("somebody cancels what has ended", wished, true),
            };
        }
        if (m.Canceller is Cancel.None)
            yield break;
        yield return new("the one who cancels is cut off", m with { Canceller = Cancel.None, CancelHandle = 0 }, true);
        switch (m.Canceller)
        {
            case Cancel.Ask:
                yield return new("the wish is on the site", m with { Wish = true, Canceller = Cancel.Written }, false);
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
                var found = SiteSteps.Find(m);
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
                    SiteSteps.Stop(m, m.CancelHandle) with
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

    public static IEnumerable<Step> Looking(Moment m)
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
}
