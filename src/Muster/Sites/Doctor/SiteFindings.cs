using System.Globalization;
using Muster.Faults;

namespace Muster.Sites.Doctor;

/// <summary>What follows from the facts of a host: a pure function.</summary>
public static class SiteFindings
{
    private const long LittleSpace = 500_000_000;
    private const long LittleInodes = 10_000;
    private static readonly string[] Networked =
    [
        "nfs",
        "nfs4",
        "lustre",
        "gpfs",
        "beegfs",
        "ceph",
        "fuseblk",
        "fuse",
        "smb2",
        "cifs",
        "afs",
        "panfs",
    ];

    public static IReadOnlyList<Finding> For(Site site, HostFacts host)
    {
        var found = new List<Finding>();
        if (host is { Route: { } route, Trouble: not { Fault: ContactFault.Unresolved } })
            found.Add(new(Mark.Ok, "name", route.ToString()));
        if (host.Trouble is { } trouble)
        {
            found.Add(Contact(trouble));
            return found;
        }
        if (host.Route is not null)
            found.AddRange(Connection(host));
        found.AddRange(Shell(host));
        found.AddRange(Tools(site, host));
        found.AddRange(Root(site, host));
        found.AddRange(Clock(host));
        if (site is SshSite)
            found.AddRange(Leaving(host));
        found.AddRange(Offers(site, host));
        if (site is SlurmSite slurm)
            found.AddRange(SlurmFindings.For(slurm, host));
        found.AddRange(Peers(host));
        return found;
    }

    private static Finding Contact(ContactTrouble trouble) =>
        new(
            Mark.Bad,
            trouble.Fault switch
            {
                ContactFault.Unresolved => "name",
                ContactFault.Silent => "connection",
                ContactFault.Refused => "authentication",
                ContactFault.HostKey => "host key",
                _ => "check",
            },
            trouble.What,
            trouble.Fix
        )
        {
            Remedy = trouble.Fault is ContactFault.Refused ? Remedy.GiveKey : Remedy.None,
        };

    private static IEnumerable<Finding> Connection(HostFacts host)
    {
        yield return new(Mark.Ok, "connection", $"answers as {host.Value("user")}, key accepted, host key known");
        switch (host.SameConnection)
        {
            case true:
                yield return new(Mark.Ok, "sharing", "the second command went over the same connection");
                break;
            case false:
                yield return new(
                    Mark.Warn,
                    "sharing",
                    "every command makes a connection of its own",
                    "Allow `MaxSessions` above 1 in the host's sshd_config; some sites then count fewer logins too."
                );
                break;
        }
        if (host.RoundTrip is { } time)
        {
            var digits = time.TotalMilliseconds < 10 ? "0.0" : "0";
            var text = $"{time.TotalMilliseconds.ToString(digits, CultureInfo.InvariantCulture)} ms";
            yield return time > TimeSpan.FromMilliseconds(500)
                ? new(Mark.Warn, "round trip", $"{text}: everything will feel slow")
                : new(Mark.Ok, "round trip", text);
        }
    }

    private static IEnumerable<Finding> Shell(HostFacts host)
    {
        var shell = host.Value("shell");
        var name = shell?[(shell.LastIndexOf('/') + 1)..];
        yield return new(
            Mark.Ok,
            "login shell",
            name is "csh" or "tcsh" or "fish"
                ? $"{shell}; jobs and `setup` lines run under sh all the same"
                : shell ?? "not told"
        );
        var banner = host.Banner.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0);
        if (banner is not null)
            yield return new(
                Mark.Ok,
                "banner",
                $"the login shell prints \"{Printable(banner)}\"; Muster passes over it, but scp and sftp may fail "
                    + "on it"
            );
    }

    private static IEnumerable<Finding> Tools(Site site, HostFacts host)
    {
        string[] needed = ["tar", "gzip", "dd", "od", "readlink", "xargs", "tail", "mkfifo"];
        var missing = needed
            .Where(tool => host.Value("tool") is not null && !host.Values["tool"].Contains(tool))
            .ToList();
        if (!host.Can("sha256"))
            missing.Add("sha256sum");
        if (!host.Can("stat-c"))
            missing.Add("stat -c");
        if (!host.Can("grep-z"))
            missing.Add("grep -z");
        yield return missing.Count == 0
            ? new(Mark.Ok, "tools", "sh, tar, sha256sum, stat -c and the others are there")
            : new(
                Mark.Bad,
                "tools",
                $"not there: {string.Join(", ", missing)}",
                "Install GNU coreutils and tar, or BusyBox, and see that they are on the PATH of a command without a "
                    + "login: `ssh HOST env`."
            );
        if (!site.HasScheduler && !host.Values["tool"].Contains("setsid"))
            yield return new(
                Mark.Warn,
                "setsid",
                "not there: what a job leaves behind cannot be ended as surely",
                "Install util-linux or BusyBox."
            );
        if (!host.Can("sleep-fraction"))
            yield return new(Mark.Warn, "sleep", "knows whole seconds only, so logs come a little later");
        if (!host.Can("sync-file") && host.Value("writable") is "yes")
            yield return new(
                Mark.Warn,
                "sync",
                "cannot write one file through to the disk, so records of the last second may be lost when the power "
                    + "fails"
            );
    }

    private static IEnumerable<Finding> Root(Site site, HostFacts host)
    {
        var root = host.Value("root") ?? site.Root;
        var where = $"{host.Value("file_system") ?? "unknown file system"} at {host.Value("mount") ?? "?"}";
        var exists = host.Value("root_exists") is "yes";
        if (host.Value("place_kind") is "file")
        {
            yield return new(
                Mark.Bad,
                "root",
                $"{host.Value("place")} is not a folder, so {root} cannot be one",
                $"Choose another `root:` ({site.Origin})."
            );
            yield break;
        }
        if (host.Value("writable") is not "yes")
        {
            yield return new(
                Mark.Bad,
                "root",
                $"{root} cannot be written: {host.Value("writable_said") ?? "no reason given"} ({where})",
                $"Point `root:` to a folder that you may write to, best on scratch ({site.Origin})."
            );
            yield break;
        }
        yield return exists
            ? new(Mark.Ok, "root", $"{root} can be written, {where}")
            : new(Mark.Ok, "root", $"{root} is not there yet and can be made, {where}") { Remedy = Remedy.MakeRoot };
        if (Networked.Contains(host.Value("file_system")) && site is SshSite)
            yield return new(
                Mark.Ok,
                "file system",
                $"{host.Value("file_system")} is shared; several hosts with the same root see each other's runs"
            );
        if (!host.Can("hard-link"))
            yield return new(
                Mark.Warn,
                "hard links",
                "do not work there, so code is copied for each run",
                "Nothing must be done; a root on another file system saves time and space."
            );
        else
            yield return new(Mark.Ok, "hard links", "work");
        if (!host.Can("execute"))
            yield return new(
                Mark.Bad,
                "execute",
                $"programs under {root} cannot be started (mounted noexec?)",
                $"Point `root:` to a file system without noexec ({site.Origin})."
            );
        if (host.Number("space_free_kb") is { } free)
            yield return Amount(
                "space",
                free * 1024,
                LittleSpace,
                host.Number("space_total_kb") * 1024,
                Size,
                "Free some space, or point `root:` elsewhere; `muster fetch` and old runs can go first."
            );
        if (host.Number("inodes_free") is { } inodes && host.Number("inodes_total") is > 0 and var total)
            yield return Amount(
                "inodes",
                inodes,
                LittleInodes,
                total,
                Count,
                "Remove files, or point `root:` elsewhere."
            );
        foreach (var line in host.Values["quota"])
            if (Quota(line) is { } quota)
                yield return quota;
    }

    private static Finding Amount(
        string about,
        long free,
        long little,
        long? total,
        Func<long, string> words,
        string fix
    )
    {
        var text = $"{words(free)} free{(total is { } all ? $" of {words(all)}" : "")}";
        return free <= 0 ? new(Mark.Bad, about, $"none is free{(total is { } whole ? $" of {words(whole)}" : "")}", fix)
            : free < little ? new(Mark.Warn, about, text, fix)
            : new(Mark.Ok, about, text);
    }

    /// <summary>`quota -w`: device, kilobytes used (a star when over), soft limit, hard limit.</summary>
    private static Finding? Quota(string line)
    {
        if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var device, var used, var soft, var hard])
            return null;
        var limit =
            long.TryParse(hard, CultureInfo.InvariantCulture, out var most) && most > 0 ? most
            : long.TryParse(soft, CultureInfo.InvariantCulture, out most) ? most
            : 0;
        if (limit == 0 || !long.TryParse(used.TrimEnd('*'), CultureInfo.InvariantCulture, out var kilobytes))
            return null;
        var text = $"{Size(kilobytes * 1024)} of {Size(limit * 1024)} used on {device}";
        return used.EndsWith('*') || kilobytes >= limit
                ? new(Mark.Bad, "quota", text, "Free some space, or point `root:` to another file system.")
            : kilobytes > limit * 0.9 ? new(Mark.Warn, "quota", text)
            : new(Mark.Ok, "quota", text);
    }

    private static IEnumerable<Finding> Clock(HostFacts host)
    {
        if (host.ClockAhead is not { } ahead)
            yield break;
        // What cannot be told apart from the way there and back, and from whole seconds, is no difference.
        var doubt = TimeSpan.FromSeconds(1) + ((host.RoundTrip ?? TimeSpan.Zero) / 2);
        yield return ahead.Duration() <= doubt ? new(Mark.Ok, "clock", "agrees with ours")
        : ahead.Duration() < TimeSpan.FromMinutes(2)
            ? new(
                Mark.Warn,
                "clock",
                $"{ahead.Duration().TotalSeconds:0} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} ours; times of "
                    + "runs are off by that"
            )
        : new(
            Mark.Warn,
            "clock",
            $"{ahead.Duration().TotalMinutes:0} min {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} ours",
            "Switch on NTP on both machines: `timedatectl set-ntp true`."
        );
    }

    private static IEnumerable<Finding> Leaving(HostFacts host)
    {
        if (host.Value("kill_user_processes") is "yes" && host.Value("linger") is not "yes")
        {
            yield return new(
                Mark.Bad,
                "logind",
                "KillUserProcesses is on: jobs are ended when the connection closes",
                $"Run `loginctl enable-linger` on {host.Name}, or ask its administrator to."
            );
        }
        else if (host.Value("kill_user_processes") is { } kills)
            yield return new(
                Mark.Ok,
                "logind",
                kills is "yes"
                    ? "KillUserProcesses is on, and lingering keeps jobs alive"
                    : "leaves jobs alone when the connection closes"
            );
    }

    private static IEnumerable<Finding> Offers(Site site, HostFacts host)
    {
        string[] runtimes = [.. host.Values["container"]];
        if (site.Container is not null || site.Runtime is not null)
        {
            var wanted = site.Runtime?.ToString().ToLowerInvariant();
            yield return runtimes.Length > 0 && (wanted is null || runtimes.Contains(wanted))
                ? new(Mark.Ok, "containers", string.Join(", ", runtimes))
            : site.HasScheduler
                ? new(
                    Mark.Warn,
                    "containers",
                    $"{wanted ?? "no container runtime"} {(wanted is null ? "was found" : "was not found")} here; the "
                        + "compute nodes may have it, perhaps after `module load`"
                )
            : new(
                Mark.Bad,
                "containers",
                $"the site asks for a container, and {wanted ?? "no container runtime"} is not there",
                "Install apptainer or podman, or take `container:` out of the site."
            );
        }
        else
            yield return new(
                Mark.Ok,
                "containers",
                runtimes.Length > 0 ? string.Join(", ", runtimes) : "no runtime; jobs run without"
            );

        if (!site.HasScheduler)
        {
            var gpus = host.Values["gpu"]
                .Where(gpu => gpu.Length > 0)
                .GroupBy(gpu => gpu)
                .Select(kind => $"{kind.Count()} × {kind.Key}")
                .ToList();
            yield return new(Mark.Ok, "GPUs", gpus.Count > 0 ? string.Join("; ", gpus) : "none");
        }
        yield return new(
            Mark.Ok,
            "TensorBoard",
            host.Value("tensorboard")
                ?? (
                    site.Setup.Count > 0
                        ? "not found before the site's setup lines"
                        : "not found; runs that ask for it need it in their environment"
                )
        );
    }

    private static IEnumerable<Finding> Peers(HostFacts host)
    {
        foreach (var line in host.Values["peer"])
        {
            var parts = line.Split(' ', 3);
            yield return parts.ElementAtOrDefault(1) switch
            {
                "ok" => new(Mark.Ok, "peers", $"reaches {parts[0]}"),
                "unchecked" => new(
                    Mark.Warn,
                    "peers",
                    $"whether it reaches {parts[0]} cannot be checked: neither ssh nor bash is there"
                ),
                _ => new(
                    Mark.Bad,
                    "peers",
                    $"does not reach {parts[0]}: {Printable(parts.ElementAtOrDefault(2) ?? "no answer")}",
                    $"Open the way from {host.Name} to {parts[0]} (firewall, name in /etc/hosts), or take "
                        + "`check-pairs` out of the site."
                ),
            };
        }
    }

    internal static string Printable(string text) => string.Concat(text.Take(160).Where(c => !char.IsControl(c)));

    internal static string Size(long bytes)
    {
        string[] units = ["B", "KB", "MB", "GB", "TB", "PB"];
        double size = bytes;
        var unit = 0;
        while (size >= 1000 && unit < units.Length - 1)
            (size, unit) = (size / 1000, unit + 1);
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {units[unit]}");
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
