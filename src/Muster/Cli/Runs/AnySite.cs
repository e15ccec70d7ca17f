using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Submit;
using Muster.Sites;

namespace Muster.Cli.Runs;

/// <summary>`--any`: several sites are asked, and the run goes to the one that begins it soonest.</summary>
internal static class AnySite
{
    /// <param name="named">The sites, with commas between; null for all but this machine and those that cost
    /// money.</param>
    /// <returns>The plans for the sites that take it, the one that begins it soonest first.</returns>
    public static async Task<IReadOnlyList<(RunPlan Plan, IReadOnlyDictionary<string, string> Environment)>> OrderAsync(
        App app,
        string? named,
        Func<Site, (RunPlan Plan, IReadOnlyDictionary<string, string> Environment)> planOn,
        CancellationToken ct
    )
    {
        var sites = Sites(app, named);
        var plans = new List<(RunPlan Plan, IReadOnlyDictionary<string, string> Environment)>();
        var starts = new List<SiteStart>();
        UserException? fault = null;
        foreach (var site in sites)
            try
            {
                plans.Add(planOn(site));
            }
            catch (UserException cannot)
            {
                // What is wrong with the request itself is wrong everywhere.
                fault = cannot;
                starts.Add(new(site.Name, null, cannot.Message, Takes: false));
            }
        if (plans.Count == 0)
            throw fault!;
        app.Screen.Passing($"asking {string.Join(", ", plans.Select(one => one.Plan.Site))} …");
        starts.AddRange(
            await Task.WhenAll(plans.Select(one => SiteStart.AskAsync(app.OpenSite(one.Plan.Site), one.Plan, ct)))
        );
        var order = SiteStart.InOrder(sites.Select(site => starts.First(start => start.Site == site.Name)));
        foreach (var start in order.Concat(starts.Where(start => !start.Takes)))
            app.Screen.Note(
                start == order.ElementAtOrDefault(0) ? "site"
                    : start.Takes ? "later"
                    : "cannot",
                Line(start)
            );
        if (order.Count == 0)
            throw new UserException(
                $"none of {sites.Count} sites takes the run now",
                "See above why; `muster sites check` looks at each."
            );
        return [.. order.Select(start => plans.First(one => one.Plan.Site == start.Site))];
    }

    private static string Line(SiteStart start) =>
        start switch
        {
            { Takes: false } or { IsGuess: true } => $"{start.Site}: {start.Words}",
            { In: { } time } when time < TimeSpan.FromMinutes(1) => $"{start.Site}: at once ({start.Words})",
            { In: { } time } => $"{start.Site}: in about {Words.Duration(time)} ({start.Words})",
            _ => $"{start.Site}: {start.Words}",
        };

    private static List<Site> Sites(App app, string? named)
    {
        if (named is not null)
            return
            [
                .. named
                    .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Distinct()
                    .Select(app.GetSite),
            ];
        List<Site> all = [.. app.Config.Sites.Where(site => site is not (LocalSite or CloudSite))];
        return all.Count > 0
            ? all
            : throw new UserException(
                "--any has no sites to choose from",
                "Add some with `muster sites add`, or name them: --any -s A,B."
            );
    }
}
