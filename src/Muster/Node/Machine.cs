using System.Globalization;

namespace Muster.Node;

/// <summary>What this machine has.</summary>
internal static class Machine
{
    public static (long Total, long Available) Memory()
    {
        try
        {
            var lines = File.ReadLines("/proc/meminfo")
                .Take(8)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture) * 1024);
            return (lines["MemTotal:"], lines["MemAvailable:"]);
        }
        catch (Exception fault)
            when (fault is IOException or UnauthorizedAccessException or KeyNotFoundException or FormatException)
        {
            var memory = GC.GetGCMemoryInfo();
            return (
                memory.TotalAvailableMemoryBytes,
                Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes)
            );
        }
    }
}
