using System.Globalization;
using Muster.Configuration;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Doctor;

/// <summary>
/// What follows from what a SLURM site said of itself, held against the options that its jobs will ask with.
/// </summary>
internal static class SlurmFindings
{
    public static IEnumerable<Finding> For(SlurmSite site, HostFacts host)
    {
        var tools = host.Values["slurm_tool"].ToHashSet();
        string[] missing =
        [
            .. new[] { "sbatch", "squeue", "scontrol", "scancel" }.Where(tool => !tools.Contains(tool)),
        ];
        if (missing.Length > 0)
        {
            yield return new(
                Mark.Bad,
                "SLURM",
                $"not on the PATH: {string.Join(", ", missing)}",
                site.Host is null
                    ? "Name the login node as `host:` of the site, or install SLURM's commands here."
                    : "Sites put them there with `module load slurm`; make that part of a command without a login "
                        + "(~/.bashrc), or name another login node."
            );
            yield break;
        }
        yield return new(
            Mark.Ok,
            "SLURM",
            $"{host.Value("slurm_version") ?? "of an unknown version"}, {string.Join(", ", tools)}"
        );
        if (host.Value("sinfo_said") is { } silence)
        {
            yield return new(
                Mark.Bad,
                "controller",
                $"sinfo: {SiteFindings.Printable(silence)}",
                "Try `sinfo` on the login node; when SLURM is down, ask the site's administrators."
            );
            yield break;
        }
        yield return host.Can("parsable")
            ? new(Mark.Ok, "sbatch", "knows --parsable")
            : new(Mark.Warn, "sbatch", "does not list --parsable; its sentence is read instead");
        yield return host.Value("accounting") is "yes"
            ? new(Mark.Ok, "accounting", "answers")
            : new(
                Mark.Ok,
                "accounting",
                $"not available"
                    + $"{(host.Value("accounting_said") is { } said ? $" ({SiteFindings.Printable(said)})" : "")}"
                    + $"; ends are known from the runs' own records"
            );
        var partitions = Partition.ReadAll(string.Join('\n', host.Values["partition"]));
        foreach (var partition in partitions)
            yield return Describe(partition);
        foreach (var finding in Options(site, partitions))
            yield return finding;
    }

    private static Finding Describe(Partition part)
    {
        var text =
            $"{part.Name}{(part.IsDefault ? " (the default)" : "")}: "
            + $"{(part.TimeLimit is { Length: not null } limit ? $"at most {limit}" : "no time limit")}, "
            + $"{part.Nodes.Total} {(part.Nodes.Total == 1 ? "node" : "nodes")} ({part.Nodes.Idle} "
            + $"idle{(part.Nodes.Other > 0 ? $", {part.Nodes.Other} out of use" : "")}), {part.Cpus} CPUs and "
            + $"{part.MemoryMegabytes} MB each"
            + (part.Gres.Count > 0 ? $", {string.Join(", ", part.Gres)}" : "");
        return part.IsUp
            ? new(Mark.Ok, "partition", text)
            : new(Mark.Warn, "partition", $"{text}; it is {part.Availability}");
    }

    private static IEnumerable<Finding> Options(SlurmSite site, IReadOnlyList<Partition> all)
    {
        if (all.Count == 0)
            yield break;
        var asked = site.Sbatch.Find("partition");
        var names = asked?.Split(',') ?? [];
        foreach (var name in names.Where(name => all.All(part => part.Name != name)))
        {
            yield return Misfit(
                $"partition '{name}' does not exist{Nearest.DidYouMean(name, all.Select(part => part.Name))}",
                $"choose one of: {string.Join(", ", all.Select(part => part.Name))}",
                site
            );
        }
        if (asked is null && all.All(part => !part.IsDefault))
            yield return Misfit(
                "the site has no default partition and `sbatch:` names none",
                $"set `partition`: {string.Join(", ", all.Select(part => part.Name))}",
                site
            );
        Partition[] chosen = [.. all.Where(part => asked is null ? part.IsDefault : names.Contains(part.Name))];
        if (chosen.Length == 0)
            yield break;

        var where = string.Join(", ", chosen.Select(part => part.Name));
        if (chosen.All(part => !part.IsUp))
            yield return Misfit($"partition {where} is {chosen[0].Availability}", "choose one that is up", site);
        if (site.Sbatch.TimeLimit is { } time && chosen.All(part => !Within(time, part.TimeLimit)))
        {
            var others = all.Where(part => Within(time, part.TimeLimit)).Select(part => part.Name).ToList();
            yield return Misfit(
                $"time {time} is over the limit of partition {where}, {chosen[0].TimeLimit}",
                $"set `time` to {chosen[0].TimeLimit}"
                    + $"{(others.Count > 0 ? $", or choose partition {string.Join(" or ", others)}" : "")}",
                site
            );
        }
        if (
            Megabytes(site.Sbatch.Find("mem")) is { } memory
            && chosen.All(part => part.MemoryMegabytes > 0 && part.MemoryMegabytes < memory)
        )
        {
            yield return Misfit(
                $"mem {site.Sbatch.Find("mem")} is more than any node of {where} has, "
                    + $"{chosen.Max(part => part.MemoryMegabytes)} MB",
                "ask for less",
                site
            );
        }
        if (
            int.TryParse(site.Sbatch.Find("cpus-per-task"), CultureInfo.InvariantCulture, out var cpus)
            && chosen.All(part => part.Cpus > 0 && part.Cpus < cpus)
        )
        {
            yield return Misfit(
                $"cpus-per-task {cpus} is more than any node of {where} has, {chosen.Max(part => part.Cpus)}",
                "ask for fewer",
                site
            );
        }
        if (
            (site.Sbatch.Find("gres") ?? site.Sbatch.Find("gpus")) is { } gres
            && (gres.StartsWith("gpu", StringComparison.Ordinal) || site.Sbatch.Has("gpus"))
            && chosen.All(part => !part.Gres.Any(own => own.StartsWith("gpu", StringComparison.Ordinal)))
        )
        {
            var others = all.Where(part => part.Gres.Any(own => own.StartsWith("gpu", StringComparison.Ordinal)))
                .Select(part => part.Name)
                .ToList();
            yield return Misfit(
                $"{where} has no GPUs, and the site's options ask for {gres}",
                others.Count > 0 ? $"choose partition {string.Join(" or ", others)}" : "leave it out",
                site
            );
        }
        if (site.Sbatch.Entries.Any())
            yield return new(
                Mark.Ok,
                "options",
                string.Join(' ', site.Sbatch.ToLines().Select(line => line["#SBATCH ".Length..]))
            );
        else
            yield return new(Mark.Ok, "options", $"none; jobs go to {where} with its own limits");
    }

    private static Finding Misfit(string text, string fix, SlurmSite site) =>
        new(Mark.Bad, "options", text, $"In `sbatch:` of the site, {fix} ({site.Origin}).");

    private static bool Within(TimeLimit asked, TimeLimit? allowed) =>
        allowed?.Length is not { } most || (asked.Length is { } length && length <= most);

    private static long? Megabytes(string? text)
    {
        if (text is null)
            return null;
        var digits = new string([.. text.TakeWhile(char.IsAsciiDigit)]);
        if (!long.TryParse(digits, CultureInfo.InvariantCulture, out var number))
            return null;
        return char.ToUpperInvariant(text.ElementAtOrDefault(digits.Length)) switch
        {
            'K' => number / 1024,
            'G' => number * 1024,
            'T' => number * 1024 * 1024,
            _ => number,
        };
    }
}
