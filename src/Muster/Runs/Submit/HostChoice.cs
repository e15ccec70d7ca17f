using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs.Submit;

/// <summary>The host for a run without roles.</summary>
internal static class HostChoice
{
    /// <param name="wanted">What <c>--host</c> says.</param>
    /// <param name="after">The runs that it waits for.</param>
    /// <returns>Null where the site has one way in.</returns>
    public static string? For(string? wanted, Site site, IReadOnlyList<PlannedAfter> after, RunStore store)
    {
        if (site is SshSite ssh)
            return For(wanted, ssh, after) ?? LeastBusy(ssh, store.Live());
        if (site is PodSite { Pod: var pod })
            return pod.Name;
        if (site is CloudSite)
            return wanted; // a type of machine, or one that is kept
        if (wanted is not null)
            throw new UserException(
                $"--host selects a host of an ssh site, but {site.Name} is not an ssh site",
                "Remove it."
            );
        return (site as SlurmSite)?.Host;
    }

    private static string? For(string? wanted, SshSite site, IReadOnlyList<PlannedAfter> after)
    {
        // A run that waits looks at the other's records, so it has to be where they are.
        if (
            after.Select(other => other.Host).Distinct().ToList() is [{ } there, .. var elsewhere]
            && site.Hosts.Contains(there)
        )
        {
            return elsewhere.Count == 0 && (wanted is null || wanted == there)
                ? there
                : throw new UserException(
                    "the runs to wait for are on different hosts",
                    $"Runs of an ssh site can wait for runs of one host, and run there: --host {there}."
                );
        }
        return wanted is null || site.Hosts.Contains(wanted)
            ? wanted
            : throw new UserException(
                $"site {site.Name} has no host '{wanted}'",
                $"Choose one of: {string.Join(", ", site.Hosts)}."
            );
    }

    /// <summary>The one with the fewest of our runs, until the hosts themselves are asked.</summary>
    private static string? LeastBusy(SshSite site, IReadOnlyList<Run> live)
    {
        var busy = live.Where(run => run.Plan.Site == site.Name).ToLookup(run => run.Plan.Host);
        return Workers(site).MinBy(host => busy[host].Count());
    }

    /// <summary>The hosts for plain runs: those for workers, or those that serve nobody, or all.</summary>
    public static IReadOnlyList<string> Workers(SshSite site)
    {
        var servers = site.Roles.Where(role => role.Key != "worker").SelectMany(role => role.Value).ToHashSet();
        var workers =
            site.Roles.TryGetValue("worker", out var named) && named.Count > 0
                ? named
                : [.. site.Hosts.Where(host => !servers.Contains(host))];
        return workers.Count > 0 ? workers : site.Hosts;
    }
}
