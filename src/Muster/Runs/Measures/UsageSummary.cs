namespace Muster.Runs.Measures;

/// <summary>What a run used, in a few numbers.</summary>
/// <param name="Seconds">How long it was sampled.</param>
/// <param name="Cores">Processors on average.</param>
/// <param name="Memory">The most, in megabytes.</param>
/// <param name="Gpu">In percent, on average.</param>
/// <param name="GpuIdle">The share of the time in which the GPU did next to nothing, in percent.</param>
public sealed record UsageSummary(
    double Seconds,
    double Cores,
    double? Memory,
    double? Gpu,
    double? GpuIdle,
    double? GpuMemory,
    double? Disk
)
{
    private const double Idle = 5;

    /// <summary>What was sampled for less says nothing.</summary>
    private const double Least = 3;

    /// <param name="together">The ranks work at the same time, so what they take adds up; else each is as large as the
    /// largest.</param>
    public static UsageSummary? Of(IEnumerable<RankUsage> ranks, bool together)
    {
        var all = ranks.Select(Of).OfType<UsageSummary>().ToList();
        if (all.Count == 0)
            return null;
        double? Joined(Func<UsageSummary, double?> of) =>
            all.Select(of).OfType<double>().ToList() is { Count: > 0 } known
                ? together
                    ? known.Sum()
                    : known.Max()
                : null;
        double? Mean(Func<UsageSummary, double?> of) => all.Average(of);
        return new(
            all.Max(one => one.Seconds),
            together ? all.Sum(one => one.Cores) : all.Average(one => one.Cores),
            Joined(one => one.Memory),
            Mean(one => one.Gpu),
            Mean(one => one.GpuIdle),
            Joined(one => one.GpuMemory),
            all.Max(one => one.Disk)
        );
    }

    private static UsageSummary? Of(RankUsage rank)
    {
        var cores = rank.Cores().ToList();
        var seconds = cores.Sum(part => part.Seconds);
        if (seconds < Least)
            return null;
        var gpus = new List<(double Seconds, double Share)>();
        for (var i = 1; i < rank.Samples.Count; i++)
            if (rank.Samples[i].Gpu is { } share)
                gpus.Add((Math.Max(1, rank.Samples[i].Time - rank.Samples[i - 1].Time), share));
        var gpuTime = gpus.Sum(part => part.Seconds);
        return new(
            seconds,
            cores.Sum(part => part.Cores * part.Seconds) / seconds,
            rank.Samples.Max(sample => sample.Memory),
            gpus.Count == 0 ? null : gpus.Sum(part => part.Share * part.Seconds) / gpuTime,
            gpus.Count == 0 ? null : 100 * gpus.Where(part => part.Share < Idle).Sum(part => part.Seconds) / gpuTime,
            rank.Samples.Max(sample => sample.GpuMemory),
            rank.Samples.LastOrDefault(sample => sample.Disk is not null)?.Disk
        );
    }
}
