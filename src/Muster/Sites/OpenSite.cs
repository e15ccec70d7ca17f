using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites.Schedulers;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites;

/// <summary>A site ready for use: its hosts, its scheduler's desk, its root.</summary>
public sealed class OpenSite
{
    private readonly SitePlaces _places;
    private readonly TimeProvider _clock;
    private readonly Dictionary<(string, bool), IHost> _hosts = [];
    private readonly Dictionary<string, SchedulerDesk> _desks = [];
    private readonly ConcurrentDictionary<string, string> _nodeNames = [];

    public OpenSite(Site site, SitePlaces places, TimeProvider clock)
    {
        (Site, _places, _clock) = (site, places, clock);
        if (site is CloudSite cloud)
            Cloud = new(cloud, Path.Combine(places.State, "clouds", FileNameOf(site.Name)), places.Sockets, clock);
    }

    public Site Site { get; }
    public string Root => Site.Root;

    /// <summary>Where its machines come from; null where they are always there.</summary>
    public OpenCloud? Cloud { get; }

    /// <summary>
    /// The ways in: the hosts of an ssh site, the login node, the machines that a cloud has made, or nothing for this
    /// machine.
    /// </summary>
    public IReadOnlyList<string> HostNames =>
        Site switch
        {
            SshSite ssh => ssh.Hosts,
            SlurmSite { Host: { } login } => [login],
            CloudSite => Cloud!.Hosts,
            PodSite pod => [pod.Pod.Name],
            _ => [],
        };

    /// <summary>Whether what a run listens on is already a port of this machine.</summary>
    public bool IsHere => Cloud is null && HostNames.Count == 0;

    /// <param name="name">One of <see cref="HostNames"/>; null for a site with one way in.</param>
    /// <param name="hurried">Give up a connection attempt soon: another follows.</param>
    public IHost HostOf(string? name, bool hurried = false)
    {
        if (IsHere)
            return Once("", false, () => new LocalHost());
        name ??= HostNames is [var first, ..] ? first : "any";
        if (!HostNames.Contains(name) && Cloud is not null)
            throw new UserException(
                $"{Site.Name} has no machine {name}, or no longer",
                $"See what it has: muster sites machines {Site.Name}"
            );
        if (!HostNames.Contains(name))
            throw new UserException(
                $"site {Site.Name} has no host {name} any more",
                $"Add it to `hosts:` of the site again ({Site.Origin})."
            );
        if (Site is SshSite { ThisMachine: { } here } && here == name)
            return Once("", false, () => new LocalHost());
        var patience = hurried ? SshPatience.Usual.Hurried : SshPatience.Usual;
        return Site is PodSite { Pod: var pod }
            ? pod
            : Once(name, hurried, () => Cloud?.HostAt(name, patience) ?? new OpenSshHost(Target(name), patience));
    }

    /// <summary>A compute node behind the login node, reached through the login node's connection.</summary>
    public OpenSshHost NodeBehind(string login, string node)
    {
        var way = Target(login);
        return (OpenSshHost)Once(
            $"{login}>{node}",
            false,
            () => new OpenSshHost(way with { Alias = node, Through = way.Alias }, SshPatience.Usual)
        );
    }

    /// <summary>Where the scheduler is asked; null where there is none.</summary>
    public SchedulerDesk? Desk(string? host)
    {
        if (!Site.HasScheduler)
            return null;
        if (_desks.TryGetValue(host ?? "", out var desk))
            return desk;
        return _desks[host ?? ""] = new(
            HostOf(host),
            new SlurmScheduler(_clock),
            Path.Combine(_places.State, "sites", $"{FileNameOf(Site.Name)}.queue"),
            _clock
        );
    }

    /// <summary>What a host calls itself, asked once.</summary>
    public async Task<string> NodeNameAsync(IHost host, CancellationToken ct) =>
        _nodeNames.TryGetValue(host.Name, out var known)
            ? known
            : _nodeNames[host.Name] = (await host.RunAsync(ShellText.Of($"uname -n"), ct)).Output.Trim();

    // A site that is a file of an older tool has that file's full path as its name.
    private static string FileNameOf(string site) =>
        !Path.IsPathRooted(site)
            ? site
            : $"{Path.GetFileNameWithoutExtension(site)}-"
                + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(site)))[..16];

    private SshTarget Target(string alias)
    {
        var (config, identity) = Site switch
        {
            SshSite ssh => (ssh.SshConfig, ssh.Identity),
            SlurmSite slurm => (slurm.SshConfig, slurm.Identity),
            _ => (null, null),
        };
        return new(alias, config, identity, _places.Sockets, _places.MayAsk);
    }

    // Connections of a forward ask side by side.
    private IHost Once(string name, bool hurried, Func<IHost> open)
    {
        lock (_hosts)
            return _hosts.TryGetValue((name, hurried), out var host) ? host : _hosts[(name, hurried)] = open();
    }
}

/// <summary>Where on this machine things are kept, and whether a person can be asked.</summary>
public sealed record SitePlaces(string State, string Cache, string Sockets, bool MayAsk);
