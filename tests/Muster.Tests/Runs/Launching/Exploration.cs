namespace Muster.Runs.Launching;

/// <summary>Every moment that can come, and how it came.</summary>
internal sealed class Exploration
{
    private const int MostFaults = 3;
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
        foreach (var step in ClientSteps.Submitting(moment))
            yield return step;
        for (var number = 1; number <= 2; number++)
        {
            foreach (var step in SiteSteps.Launching(moment, number))
                yield return step;
            foreach (var step in SiteSteps.Working(moment, number))
                yield return step;
        }
        foreach (var step in ClientSteps.Cancelling(moment))
            yield return step;
        foreach (var step in ClientSteps.Looking(moment))
            yield return step;
    }
}
