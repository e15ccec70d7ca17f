using System.Globalization;

namespace Muster.Bench;

/// <summary>What a process and its children have used so far, by the kernel's own account.</summary>
internal sealed record ProcessUse(double CpuSeconds, long PeakBytes)
{
    public static ProcessUse Of(int id)
    {
        // Fields behind the name in brackets, which may itself hold spaces: 12 and 13 are user and system time in
        // ticks, 14 and 15 those of ended children.
        var stat = File.ReadAllText($"/proc/{id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
        var peak = File.ReadLines($"/proc/{id}/status")
            .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return new(ticks / 100.0, long.Parse(peak, CultureInfo.InvariantCulture) * 1024);
    }
}
