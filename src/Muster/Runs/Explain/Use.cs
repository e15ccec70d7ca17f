using System.Globalization;
using Muster.Runs.Measures;

namespace Muster.Runs.Explain;

/// <summary>What a run used of what it asked for, in words.</summary>
public static class Use
{
    public static IEnumerable<string> Of(Run run, UsageSummary? usage)
    {
        if (usage is null)
            yield break;
        var (cpus, memory) = Resources.AskedBy(run.Plan);
        var each = run.Plan.Array is null ? "" : " for each index";
        yield return cpus is { } all
            ? $"asked for {Count(all, "core")}{each} and used {Short(usage.Cores)} on average"
                + (usage.Cores < all / 2.0 ? $": --cpus {Math.Max(1, Math.Ceiling(usage.Cores * 1.2)):0} would do" : "")
            : $"{Short(usage.Cores)} cores on average{each}";
        if (usage.Memory is { } most)
            yield return memory is { } megabytes
                ? $"asked for {Size(megabytes)} of memory{each} and used {Size(most)} at most"
                    + $"{(most > megabytes * 0.95 ? ": it was about to run out" : "")}"
                : $"{Size(most)} of memory at most{each}";
        if (usage.GpuIdle is { } idle)
            yield return idle >= 50
                ? $"the GPU was idle for {idle:0} % of the time, as far as it was looked at"
                : $"the GPU worked at {usage.Gpu:0} % on average"
                    + $"{(usage.GpuMemory is { } held ? $", with {Size(held)} of its memory" : "")}";
        if (usage.Disk is { } disk)
            yield return $"{Size(disk)} on disk in its folder";
    }

    private static string Count(int number, string one) => number == 1 ? $"1 {one}" : $"{number} {one}s";

    private static string Short(double value) => value.ToString(value < 10 ? "0.0" : "0", CultureInfo.InvariantCulture);

    /// <param name="megabytes">Of 1024² bytes.</param>
    private static string Size(double megabytes) =>
        megabytes < 1024
            ? $"{megabytes:0} MB"
            : string.Create(CultureInfo.InvariantCulture, $"{megabytes / 1024:0.0} GB");
}
