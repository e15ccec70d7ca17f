using System.Globalization;

namespace Muster.Runs.Measures;

/// <summary>What a rank used, as its supervisor sampled it: see <c>usage.sh</c>.</summary>
public sealed record RankUsage(IReadOnlyList<UsageSample> Samples)
{
    private const int Most = 1_000;

    /// <summary>Lines that are none, or that go back in time, are passed over: anybody may have written them.</summary>
    public static RankUsage Read(string text)
    {
        var samples = new List<UsageSample>();
        foreach (var line in text.Split('\n'))
        {
            if (line.Split('\t') is not [var time, var cpu, var memory, var gpu, var gpuMemory, var disk])
                continue;
            if (
                Number(time, 1e11) is not { } at
                || Number(cpu, 1e12) is not { } seconds
                || (samples.Count > 0 && at < samples[^1].Time)
            )
                continue;
            samples.Add(
                new(
                    (long)at,
                    seconds,
                    Number(memory, 1e9),
                    Number(gpu, 100),
                    Number(gpuMemory, 1e9),
                    Number(disk, 1e12)
                )
            );
        }
        return new(samples.Count <= Most ? samples : samples[^Most..]);
    }

    /// <summary>The processors in use between each sample and the one before it.</summary>
    public IEnumerable<(long Time, double Seconds, double Cores)> Cores()
    {
        var reached = 0d;
        for (var i = 0; i < Samples.Count; i++)
        {
            var now = Samples[i].Cpu;
            // It begins again from 0 with each attempt; what a process took that is gone may be missing later.
            var took = now == 0 ? 0 : Math.Max(0, now - reached);
            reached = now == 0 ? 0 : Math.Max(reached, now);
            if (i > 0 && now > 0 && Samples[i].Time - Samples[i - 1].Time is > 0 and var span)
                yield return (Samples[i].Time, span, took / span);
        }
    }

    private static double? Number(string text, double most) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
        && value <= most
            ? value
            : null;
}

/// <param name="Time">In seconds since 1970.</param>
/// <param name="Cpu">Seconds of processors since the command began.</param>
/// <param name="Memory">In megabytes, as all sizes here.</param>
/// <param name="Gpu">In percent.</param>
public sealed record UsageSample(long Time, double Cpu, double? Memory, double? Gpu, double? GpuMemory, double? Disk);
