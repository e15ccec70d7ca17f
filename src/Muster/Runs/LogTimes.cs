using System.Globalization;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>When which bytes of a run's logs were written, to the second, as the supervisors have noted it.</summary>
public sealed class LogTimes
{
    private readonly Dictionary<string, List<(long Size, long Time)>> _sizes = [];

    /// <summary>Nothing was noted: the run was started by an older Muster, or has not begun.</summary>
    public bool IsEmpty => _sizes.Count == 0;

    public static async Task<LogTimes> ReadAsync(OpenSite site, RunPlan plan, CancellationToken ct)
    {
        var times = new LogTimes();
        foreach (var host in plan.Hosts())
            times.Add(
                await site.HostOf(host)
                    .GetAsync(
                        ShellText.Script("Runs/Remote/times.sh", site.Root, plan.FolderOn(host)),
                        "the times of the logs cannot be read",
                        ct
                    )
            );
        return times;
    }

    /// <param name="text">Lines of a rank, a time and the sizes of its output and its errors.</param>
    internal void Add(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            if (
                line.Split(' ') is not [var rank, var at, var output, var errors]
                || !Number(at, out var time)
                || !Number(output, out var outputSize)
                || !Number(errors, out var errorSize)
            )
                continue;
            Note(rank + ".out", outputSize, time);
            Note(rank + ".err", errorSize, time);
        }
    }

    /// <summary>Whether the length of that log is noted while it is written.</summary>
    public bool Notes(string log) => _sizes.ContainsKey(log);

    /// <summary>When the byte at an offset was there first; null where that was not noted.</summary>
    public DateTimeOffset? Of(string log, long offset)
    {
        if (!_sizes.TryGetValue(log, out var sizes))
            return null;
        var (low, high) = (0, sizes.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sizes[middle].Size > offset)
                high = middle;
            else
                low = middle + 1;
        }
        return low < sizes.Count ? DateTimeOffset.FromUnixTimeSeconds(sizes[low].Time) : null;
    }

    private void Note(string log, long size, long time)
    {
        if (!_sizes.TryGetValue(log, out var sizes))
            _sizes[log] = sizes = [];
        if (sizes.Count == 0 || size > sizes[^1].Size)
            sizes.Add((size, time));
    }

    private static bool Number(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < 1L << 50;
}
