using System.Globalization;
using Muster.Faults;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Submit;

/// <summary>How soon a site would begin a run, as it says itself. Nothing is reserved by asking.</summary>
/// <param name="In">About how long it would wait there; null where that is not known.</param>
/// <param name="IsGuess">The time only puts the sites in order; nobody said it.</param>
/// <param name="Takes">False where it cannot take the run, or does not answer.</param>
public sealed record SiteStart(string Site, TimeSpan? In, string Words, bool IsGuess = false, bool Takes = true)
{
    /// <summary>Nobody knows how long others run: a place in line is taken for so long.</summary>
    public static readonly TimeSpan Place = TimeSpan.FromHours(1);

    /// <summary>A machine that a cloud makes is ready about then.</summary>
    private static readonly TimeSpan Boot = TimeSpan.FromMinutes(3);

    /// <summary>A century, in seconds.</summary>
    private const long Longest = 100L * 365 * 24 * 3600;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The soonest first; of two that start about as soon, the one that was named first.</summary>
    public static IReadOnlyList<SiteStart> InOrder(IEnumerable<SiteStart> starts) =>
        [
            .. starts
                .Where(start => start.Takes)
                .OrderBy(start => start.In is { } time ? Math.Max(0, Math.Floor(time.TotalMinutes)) : double.MaxValue),
        ];

    public static async Task<SiteStart> AskAsync(OpenSite site, RunPlan plan, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            return site.Cloud is not null ? new(plan.Site, Boot, "makes a machine", IsGuess: true)
                : plan.HasScheduler ? await OfSchedulerAsync(site, plan, limit.Token)
                : await OfHostsAsync(site, plan, limit.Token);
        }
        catch (UserException fault)
        {
            return new(plan.Site, null, fault.Message, Takes: false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new(plan.Site, null, $"did not answer within {Patience.TotalSeconds:0} s", Takes: false);
        }
    }

    private static async Task<SiteStart> OfHostsAsync(OpenSite site, RunPlan plan, CancellationToken ct)
    {
        IEnumerable<string> hosts =
            plan.HostChoices.Count > 0 ? plan.HostChoices : plan.Hosts().Select(host => host ?? plan.Site);
        var asked = await Task.WhenAll(hosts.Select(host => HostQueue.AskAsync(site, host, plan, ct)));
        var heard = asked.OfType<HostQueue>().ToList();
        if (heard.Count == 0)
            return new(plan.Site, null, "does not answer", Takes: false);
        var fit = HostPlan.Fitting(plan, heard);
        if (fit.Count == 0)
            return new(plan.Site, null, $"has no host with {plan.Gpus} GPUs", Takes: false);
        var best = fit.MinBy(host => host.Wait)!;
        return new(plan.Site, Place * best.Wait, best.ToString(), IsGuess: best.Wait > 0);
    }

    private static async Task<SiteStart> OfSchedulerAsync(OpenSite site, RunPlan plan, CancellationToken ct)
    {
        var answer = await site.Desk(plan.Host)!
            .AskOtherAsync(ShellText.Script("Sites/Schedulers/Slurm/soonest.sh", [SbatchScript.Of(plan)]), 1, ct);
        return answer is null
            ? new(plan.Site, null, "takes it; when is not known, as its scheduler was asked often enough for now")
            : Read(plan.Site, answer.Output);
    }

    internal static SiteStart Read(string site, string output)
    {
        var values = new Dictionary<string, string>();
        foreach (var line in output.Split('\n'))
            LookReader.Put(values, line);
        if (
            values.TryGetValue("in", out var text)
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
        )
            return new(
                site,
                TimeSpan.FromSeconds(Math.Clamp(seconds, 0, Longest)),
                "its scheduler expects it to start then"
            );
        var said = values.GetValueOrDefault("said") ?? "";
        return SbatchRefusal.Find(said) is { } refusal || said.Contains("allocation failure")
            ? new(site, null, said, Takes: false)
            : new(site, null, said.Length == 0 ? "its scheduler does not say when" : said);
    }
}
