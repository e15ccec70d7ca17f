using System.Diagnostics;
using System.Globalization;

namespace Muster.Runs;

/// <summary>
/// A process that submits a run, known by more than its number: machines share homes, and numbers are used again.
/// </summary>
public sealed record Submitter(int ProcessId, DateTimeOffset Started)
{
    /// <summary>The machine it is on; null in what an older version wrote, which is this one.</summary>
    public string? Host { get; init; }

    /// <summary>Which start of that machine.</summary>
    public string? Boot { get; init; }

    /// <summary>When it began, in ticks since then: unlike a time of day, it stays when the clock is set.</summary>
    public long? Born { get; init; }

    public static Submitter OfThisProcess()
    {
        using var self = Process.GetCurrentProcess();
        return new(self.Id, new(self.StartTime.ToUniversalTime(), TimeSpan.Zero))
        {
            Host = Environment.MachineName,
            Boot = ThisBoot(),
            Born = BornOf(self.Id),
        };
    }

    /// <summary>It has surely ended. Of another machine's processes nobody here can say so.</summary>
    public bool IsGone()
    {
        if (Host is not null && Host != Environment.MachineName)
            return false;
        if (Boot is not null && ThisBoot() is { } boot && Boot != boot)
            return true;
        if (Born is not null)
            return BornOf(ProcessId) != Born;
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            return Math.Abs((process.StartTime.ToUniversalTime() - Started.UtcDateTime).TotalSeconds) > 2;
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException)
        {
            return true;
        }
    }

    private static string? ThisBoot() => Read("/proc/sys/kernel/random/boot_id")?.Trim();

    // Field 22; the name before it, in parentheses, may hold anything.
    private static long? BornOf(int process)
    {
        if (Read($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat") is not { } stat)
            return null;
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields is ["Z" or "X", ..])
            return null;
        return long.TryParse(fields.ElementAtOrDefault(19), CultureInfo.InvariantCulture, out var ticks) ? ticks : null;
    }

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
