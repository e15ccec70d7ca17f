using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Runs.Measures;

/// <summary>What a rank was given, by its plan: where a scheduler keeps it, by the options of its job.</summary>
public static partial class Resources
{
    /// <returns>Processors, and megabytes of memory.</returns>
    public static (int? Cpus, int? Memory) AskedBy(RunPlan plan)
    {
        if (plan.Roles.Count > 0)
            return (null, null);
        return plan.HasScheduler
            ? (
                Option(plan, "cpus-per-task") is { } cpus
                && int.TryParse(cpus, CultureInfo.InvariantCulture, out var count)
                    ? count
                    : null,
                Option(plan, "mem") is { } memory ? Megabytes(memory) : null
            )
            : (plan.Cpus, plan.Memory);
    }

    private static string? Option(RunPlan plan, string name) =>
        plan
            .BatchLines.Select(line => line.Split('=', 2))
            .FirstOrDefault(parts => parts.Length == 2 && parts[0] == $"#SBATCH --{name}")
            ?[1];

    private static int? Megabytes(string text) =>
        Sizes().Match(text) is { Success: true } match
            ? (int)(
                double.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)
                * match.Groups["unit"].Value.ToUpperInvariant() switch
                {
                    "K" => 1 / 1024.0,
                    "G" => 1024,
                    "T" => 1024 * 1024,
                    _ => 1,
                }
            )
            : null;

    [GeneratedRegex(@"\A(?<number>[0-9]{1,6})(?<unit>[KMGTkmgt]?)[Bb]?\z")]
    private static partial Regex Sizes();
}
