using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What a pod asks for, in the words of <c>machines</c>: <c>8cpu-32Gi-1gpu</c>.</summary>
public sealed partial record PodSize(decimal Cpus, long MemoryMb, int Gpus)
{
    public static PodSize? Parse(string text)
    {
        if (Form().Match(text) is not { Success: true } match)
            return null;
        var memory =
            long.Parse(match.Groups["memory"].ValueSpan, CultureInfo.InvariantCulture)
            * (match.Groups["unit"].Value is "Gi" ? 1024 : 1);
        var gpus = match.Groups["gpus"] is { Success: true } group
            ? int.Parse(group.ValueSpan, CultureInfo.InvariantCulture)
            : 0;
        var cpus = decimal.Parse(match.Groups["cpus"].ValueSpan, CultureInfo.InvariantCulture);
        return cpus > 0 && memory > 0 ? new(cpus, memory, gpus) : null;
    }

    /// <summary>As Kubernetes writes amounts of memory.</summary>
    public string Memory =>
        MemoryMb % 1024 == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{MemoryMb / 1024}Gi")
            : string.Create(CultureInfo.InvariantCulture, $"{MemoryMb}Mi");

    public string Cpu => Cpus.ToString("0.###", CultureInfo.InvariantCulture);

    public override string ToString() =>
        Gpus == 0 ? $"{Cpu}cpu-{Memory}" : string.Create(CultureInfo.InvariantCulture, $"{Cpu}cpu-{Memory}-{Gpus}gpu");

    [GeneratedRegex(
        @"\A(?<cpus>[0-9]{1,4}(?:\.[0-9]{1,3})?)cpu-(?<memory>[0-9]{1,7})(?<unit>[GM]i)(?:-(?<gpus>[0-9]{1,3})gpu)?\z"
    )]
    private static partial Regex Form();
}
