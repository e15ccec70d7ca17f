using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Runs.Roles;
using Muster.Sites;

namespace Muster.Runs.Submit;

/// <summary>
/// Reads what is said of roles, such as <c>worker=3,gpus=1</c> or <c>server=node3,ready=port</c>, and gives each rank a
/// host.
/// </summary>
internal static partial class RoleReader
{
    private const string Form =
        "Write --role NAME=COUNT, NAME=HOST,HOST, or NAME for one on each of the site's hosts for it; behind commas "
        + "gpus=N, cpus=N, memory=SIZE, ready=port, service=yes.";

    public static IReadOnlyList<PlannedRole> Read(SubmitRequest request, LaunchProfile profile, Site site)
    {
        if (request.Launch is not null && request.Roles.Count == 0 && site is SshSite { Roles.Count: > 0 } whole)
            request = request with { Roles = [.. whole.Roles.Keys.Where(profile.Takes)] };
        if (request.Roles.Count == 0)
        {
            return request.Launch is null && request.RoleCommands.Count == 0
                ? []
                : throw UserException.Misuse(
                    "a launch profile and commands of roles need roles",
                    "Name them, such as --role worker=3."
                );
        }
        var roles = request.Roles.Select(text => One(text, site)).ToList();
        if (roles.GroupBy(role => role.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw UserException.Misuse(
                $"role {twice.Key} is given twice",
                "Give each role once; a host may appear twice in a role."
            );
        var shaped = profile
            .Shape(roles)
            .Select(role =>
                role.Hosts.Count > 0 || site is not SshSite ssh
                    ? role
                    : role with
                    {
                        Hosts = HostsFor(role, ssh, roles),
                    }
            )
            .ToList();
        var own = Lines(request.RoleCommands);
        if (
            shaped.FirstOrDefault(role =>
                own.TryGetValue(role.Name, out var lines) && lines.Count != 1 && lines.Count != role.Size
            ) is
            { } odd
        )
            throw UserException.Misuse(
                $"role {odd.Name} has {odd.Size} ranks and {own[odd.Name].Count} commands",
                "Give one for all of them, or one for each."
            );
        if (own.Keys.Except(shaped.Select(role => role.Name)).FirstOrDefault() is { } stranger)
            throw UserException.Misuse(
                $"there is a command for role {stranger}, but no such role",
                $"Add it with --role {stranger}=1, or correct the name."
            );
        return Listening([.. shaped.Select(role => role with { Lines = own.GetValueOrDefault(role.Name) ?? [] })]);
    }

    private static PlannedRole One(string text, Site site)
    {
        var at = text.IndexOf('=');
        var name = at < 0 ? text : text[..at];
        if (!Names().IsMatch(name))
            throw UserException.Misuse($"'{name}' is not a valid role name", "Use lowercase letters, digits and '-'.");
        var role = new PlannedRole(name, 0) { Working = -1 };
        var hosts = new List<string>();
        foreach (var item in at < 0 ? [] : text[(at + 1)..].Split(',', StringSplitOptions.TrimEntries))
        {
            int Number() =>
                int.TryParse(
                    item[(item.IndexOf('=') + 1)..],
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var number
                ) && number is > 0 and <= 10_000
                    ? number
                    : throw UserException.Misuse($"'{item}' of role {name} is no number", Form);
            switch (item.Split('=', 2))
            {
                case [var count] when count.Length > 0 && count.All(char.IsAsciiDigit):
                    role = role with { Size = Number() };
                    break;
                case [{ Length: > 0 } host]:
                    hosts.Add(host);
                    break;
                case ["gpus", _]:
                    role = role with { Gpus = Number() };
                    break;
                case ["cpus", _]:
                    role = role with { Cpus = Number() };
                    break;
                case ["memory", var memory] when Sizes().IsMatch(memory):
                    role = role with { Memory = memory };
                    break;
                case ["ready", "port"]:
                    role = role with { Listens = true };
                    break;
                case ["service", "yes"]:
                    role = role with { Working = 0 };
                    break;
                case ["service", "no"]:
                    role = role with { Working = 1 };
                    break;
                default:
                    throw UserException.Misuse($"'{item}' says nothing of role {name}", Form);
            }
        }
        if (hosts.Count > 0)
            role = OnHosts(role, hosts, site);
        var size =
            role.Size > 0
                ? role.Size
                : site switch
                {
                    SshSite ssh => ssh.Roles.TryGetValue(name, out var named) ? named.Count : FreeHosts(ssh).Count,
                    LocalSite => 1,
                    _ => throw UserException.Misuse(
                        $"role {name} has no number of ranks, and site {site.Name} has no hosts to count",
                        Form
                    ),
                };
        var serves = role.Working == 0 || role.Working < 0 && LaunchProfile.Servants.Contains(name);
        return role with { Size = size, Working = serves ? 0 : size };
    }

    private static PlannedRole OnHosts(PlannedRole role, List<string> hosts, Site site)
    {
        if (site is not SshSite ssh)
            throw new UserException(
                $"role {role.Name} names hosts, and site {site.Name} is not one of ssh hosts",
                $"Give a number of ranks: --role {role.Name}={hosts.Count}."
            );
        if (hosts.Except(ssh.Hosts).FirstOrDefault() is { } stranger)
            throw new UserException(
                $"site {site.Name} has no host '{stranger}' for role {role.Name}",
                $"Choose among: {string.Join(", ", ssh.Hosts)}."
            );
        if (role.Size > 0 && role.Size != hosts.Count)
            throw UserException.Misuse(
                $"role {role.Name} asks for {role.Size} ranks and names {hosts.Count} hosts",
                "Remove the number; a host that appears twice gets two ranks."
            );
        return role with { Size = hosts.Count, Hosts = hosts };
    }

    /// <summary>
    /// The hosts that the site keeps for the role, or those that it keeps for none. What a framework needs besides
    /// stands beside its first ranks.
    /// </summary>
    private static IReadOnlyList<string> HostsFor(PlannedRole role, SshSite site, List<PlannedRole> asked)
    {
        var hosts =
            site.Roles.TryGetValue(role.Name, out var own)
            || role.Name is "chief" or "scheduler" && site.Roles.TryGetValue("master", out own)
                ? own
                : FreeHosts(site);
        if (own is null && asked.All(other => other.Name != role.Name))
            return
            [
                asked[0].Hosts is [var first, ..] ? first
                : site.Roles.TryGetValue(asked[0].Name, out var theirs) ? theirs[0]
                : hosts[0],
            ];
        if (role.Size <= hosts.Count)
            return [.. hosts.Take(role.Size)];
        var again = Enumerable.Range(0, Math.Min(role.Size, 4)).Select(rank => hosts[rank % hosts.Count]);
        throw new UserException(
            $"role {role.Name} asks for {role.Size} ranks, and site {site.Name} has {hosts.Count} "
                + $"{(hosts.Count == 1 ? "host" : "hosts")} for it: {string.Join(", ", hosts)}",
            $"Ask for fewer, or name the hosts; one that appears twice gets two ranks: --role "
                + $"{role.Name}={string.Join(',', again)}"
        );
    }

    /// <summary>Those that the site keeps for no role; all where none is left.</summary>
    private static IReadOnlyList<string> FreeHosts(SshSite site) =>
        site.Hosts.Except(site.Roles.Values.SelectMany(hosts => hosts)).ToList() is { Count: > 0 } free
            ? free
            : site.Hosts;

    /// <summary>Of those that others wait for, a scheduler or master comes first.</summary>
    private static IReadOnlyList<PlannedRole> Listening(IReadOnlyList<PlannedRole> roles) =>
        [
            .. roles.Where(role => !role.Listens),
            .. roles.Where(role => role.Listens).OrderBy(role => role.Name is "scheduler" or "master" ? 0 : 1),
        ];

    private static Dictionary<string, List<string>> Lines(IReadOnlyList<string> commands)
    {
        var lines = new Dictionary<string, List<string>>();
        foreach (var command in commands)
        {
            var at = command.IndexOf('=');
            if (at <= 0 || command[(at + 1)..].Trim().Length == 0 || command.Contains('\n'))
                throw UserException.Misuse($"'{command}' is no command of a role", "Write --role-command NAME='LINE'.");
            (lines.TryGetValue(command[..at], out var known) ? known : lines[command[..at]] = []).Add(
                command[(at + 1)..]
            );
        }
        return lines;
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,30}\z")]
    private static partial Regex Names();

    [GeneratedRegex(@"\A[0-9]{1,9}[KMGT]?\z")]
    private static partial Regex Sizes();
}
