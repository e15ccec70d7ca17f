using System.Globalization;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Runs.Submit;

/// <summary>How soon a plain host would begin a run, as the host itself says.</summary>
/// <param name="Fits">How many such runs it can have at once.</param>
/// <param name="Place">In its line; 0 where it would begin at once.</param>
internal sealed record HostQueue(string Host, int Gpus, int Fits, int Holds, int Waits, int Place, string Lack)
{
    /// <summary>How many such runs come before it, for each that the host can have at once.</summary>
    public double Wait => Place == 0 ? 0 : (Holds + Place) / (double)Math.Max(1, Fits);
    public double Load => (Holds + Waits) / (double)Math.Max(1, Fits);

    public static async Task<HostQueue?> AskAsync(OpenSite site, string host, RunPlan plan, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            var script = ShellText.Of(
                $"{ShellText.Script("Runs/Remote/common.sh")}\n{ShellText.Script("Sites/Schedulers/Processes/queue.sh")}\n{ShellText.Script(
                        "Runs/Submit/slots.sh",
                        [
                            site.Root,
                            plan.Queue ?? "",
                            (plan.Slots ?? new(null, null, null)).ToString(),
                            Text(plan.CpusOfRank),
                            Text(plan.Memory ?? 0),
                            Text(plan.Gpus ?? 0),
                        ]
                    )}"
            );
            return Read(host, await site.HostOf(host).GetAsync(script, "looking at its line", limit.Token));
        }
        catch (Exception fault)
            when (fault is UserException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return null; // it is left out, as it could not be given the run either
        }
    }

    internal static HostQueue Read(string host, string output)
    {
        var values = new Dictionary<string, string>();
        foreach (var line in output.Split('\n'))
            LookReader.Put(values, line);
        int Number(string key) =>
            int.TryParse(values.GetValueOrDefault(key), CultureInfo.InvariantCulture, out var number) ? number : 0;
        return new(
            host,
            Number("gpus"),
            Number("fits"),
            Number("holds"),
            Number("waits"),
            values.GetValueOrDefault("turn") == "1" ? 0 : Number("place"),
            values.GetValueOrDefault("lack") ?? ""
        );
    }

    public override string ToString() => Place == 0 ? $"{Host} is free" : $"{Host}: place {Place} in line ({Lack})";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
