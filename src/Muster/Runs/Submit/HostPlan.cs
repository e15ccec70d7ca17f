using Muster.Faults;

namespace Muster.Runs.Submit;

/// <summary>Which of several plain hosts takes a run, and which the indices of an array: pure functions.</summary>
internal static class HostPlan
{
    /// <param name="hosts">Those that answered.</param>
    /// <param name="silent">Those that did not.</param>
    public static RunPlan For(RunPlan plan, IReadOnlyList<HostQueue> hosts, IReadOnlyList<string> silent)
    {
        if (hosts.Count == 0)
            return plan;
        var fit = Fitting(plan, hosts);
        if (fit.Count == 0)
            throw new UserException(
                $"no host of site {plan.Site} has {plan.Gpus} GPUs: "
                    + string.Join(", ", hosts.Select(host => $"{host.Host} has {host.Gpus}")),
                "Ask for fewer with --gpus, or name a host with --host."
            );
        var best = fit.OrderBy(host => host.Wait).ThenBy(host => host.Load).First();
        var missed = silent.Count == 0 ? "" : $"; not heard: {string.Join(", ", silent)}";
        var parts = plan.Array is { } array ? Parts(array, fit) : [];
        if (parts.Count > 1)
            return plan with
            {
                Host = parts[0].Host,
                ArrayParts = parts,
                MergeResults = true,
                HostReason =
                    $"its indices are shared out: {string.Join(", ", parts.Select(part => $"{part.Host} {part.Indices.Count}"))}{missed}",
            };
        var others = fit.Where(host => host != best).Select(host => host.ToString());
        return plan with
        {
            Host = best.Host,
            ArrayParts = [],
            MergeResults = false,
            HostReason = string.Join("; ", others.Prepend($"{best}, the soonest")) + missed,
        };
    }

    /// <summary>Those that have the GPUs asked for; where none can be found on any, those are not kept.</summary>
    internal static List<HostQueue> Fitting(RunPlan plan, IReadOnlyList<HostQueue> hosts) =>
        plan.Gpus is > 0 and var gpus && hosts.Any(host => host.Gpus > 0)
            ? [.. hosts.Where(host => host.Gpus >= gpus)]
            : [.. hosts];

    /// <summary>Each index goes where the fewest stand before it, for what the host can have at once.</summary>
    private static List<ArrayPart> Parts(ArraySpec array, List<HostQueue> hosts)
    {
        if (array.AtOnce < hosts.Count)
            hosts = [.. hosts.OrderBy(host => host.Load).Take(array.AtOnce.Value)];
        var given = hosts.ToDictionary(host => host, _ => new List<int>());
        foreach (var index in array.Indices)
            given[hosts.MinBy(host => (host.Holds + host.Waits + given[host].Count) / (double)Math.Max(1, host.Fits))!]
                .Add(index);
        var used = hosts.Where(host => given[host].Count > 0).ToList();
        // What may run at once is divided, so that all together keep to it.
        return
        [
            .. used.Select(
                (host, at) =>
                    new ArrayPart(
                        host.Host,
                        given[host],
                        array.AtOnce / used.Count + (at < array.AtOnce % used.Count ? 1 : 0)
                    )
            ),
        ];
    }
}
