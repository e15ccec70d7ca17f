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
        return string.Join('\n', Way(moment).Select(step => step.Step.What).Append(moment.ToString()));
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

    /// <summary>
    /// The shortest story of each kind of step that the site takes: who goes from where to where, for what, and how the
    /// other launcher and the jobs stand.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<(Moment From, Step Step)>> StoryOfEachSiteStep()
    {
        var kinds = new Dictionary<string, (Moment From, Step Step)>();
        // They were come to in the order of their length.
        foreach (var moment in _came.Keys.Where(moment => moment.Faults < MostFaults))
        foreach (var step in Steps(moment))
        {
            if (Kind(moment, step) is { } kind)
                kinds.TryAdd(kind, (moment, step));
        }
        return [.. kinds.Values.Select(last => Way(last.From).Append(last).ToList())];
    }

    private static string? Kind(Moment from, Step step)
    {
        var to = step.To;
        var moved = new List<string>();
        for (var number = 1; number <= 2; number++)
        {
            if (from.Launcher(number) != to.Launcher(number))
                moved.Add(
                    $"launcher {from.Launcher(number).Step} {from.Launcher(number).Again} > {to.Launcher(number).Step}"
                );
            if (from.Job(number) != to.Job(number))
                moved.Add($"job {from.Job(number)} > {to.Job(number)}");
        }
        if (from.Canceller != to.Canceller)
            moved.Add($"cancel {from.Canceller} > {to.Canceller}");
        return moved.Count == 0 ? null : string.Join(", ", moved) + (step.Fault ? ", a fault" : "");
    }

    private List<(Moment From, Step Step)> Way(Moment moment)
    {
        var way = new List<(Moment, Step)>();
        while (_came[moment] is var (from, what) && from != moment)
        {
            way.Add((from, new(what, moment, false)));
            moment = from;
        }
        way.Reverse();
        return way;
    }

    internal static IEnumerable<Step> Steps(Moment moment)
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
