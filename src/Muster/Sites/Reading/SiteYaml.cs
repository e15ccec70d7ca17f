using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Sites.Reading;

/// <summary>Writes a site as the lines of YAML that would make it.</summary>
internal static partial class SiteYaml
{
    public static IReadOnlyList<string> Lines(Site site) =>
        [$"{site.Name}:", .. Keys(site).Select(line => "  " + line)];

    private static IEnumerable<string> Keys(Site site) =>
        site switch
        {
            LocalSite => Common("local", site, []),
            SshSite ssh => Common(
                "ssh",
                site,
                [
                    $"hosts: {List(ssh.Hosts)}",
                    .. Map("roles", ssh.Roles.Select(role => (role.Key, List(role.Value)))),
                    .. Text("this-machine", ssh.ThisMachine),
                    .. Text("ssh-config", ssh.SshConfig),
                    .. Text("identity", ssh.Identity),
                    .. ssh.CheckPairs ? ["check-pairs: true"] : Array.Empty<string>(),
                ]
            ),
            SlurmSite slurm => Common(
                "slurm",
                site,
                [
                    .. Text("host", slurm.Host),
                    .. Text("ssh-config", slurm.SshConfig),
                    .. Text("identity", slurm.Identity),
                    .. Map(
                        "sbatch",
                        slurm.Sbatch.Entries.Select(entry =>
                            (entry.Key, entry.Value is null ? "true" : Word(entry.Value))
                        )
                    ),
                ]
            ),
            _ => throw new UserException(
                $"site {site.Name} cannot be written: its token would be stored in the file",
                "Write it by hand, with the token as ${VARIABLE}."
            ),
        };

    private static IEnumerable<string> Common(string kind, Site site, IEnumerable<string> own) =>
        [
            $"kind: {kind}",
            .. own,
            $"root: {Word(site.Root)}",
            .. site.Setup.Count is 1
                ? [$"setup: {Quoted(site.Setup[0])}"]
                : Block("setup", site.Setup.Select(line => $"- {Quoted(line)}")),
            .. site.SetupErrors is SetupErrors.End
                ? []
                : Text("setup-errors", site.SetupErrors.ToString().ToLowerInvariant()),
            .. Map("env", site.Env.Select(entry => (entry.Key, Word(entry.Value)))),
            .. Text("container", site.Container),
            .. Text("runtime", site.Runtime?.ToString().ToLowerInvariant()),
            .. site.Code is CodeMode.Auto ? [] : Text("code", site.Code.ToString().ToLowerInvariant()),
        ];

    private static IEnumerable<string> Text(string key, string? value) =>
        value is null ? [] : [$"{key}: {Word(value)}"];

    private static string List(IEnumerable<string> words) => $"[{string.Join(", ", words.Select(Word))}]";

    private static IEnumerable<string> Map(string key, IEnumerable<(string Key, string Value)> entries) =>
        Block(key, entries.Select(entry => $"{entry.Key}: {entry.Value}"));

    private static IEnumerable<string> Block(string key, IEnumerable<string> lines)
    {
        var inner = lines.ToList();
        return inner.Count == 0 ? [] : [$"{key}:", .. inner.Select(line => "  " + line)];
    }

    /// <summary>A value in which <c>${…}</c> stands for itself.</summary>
    private static string Word(string text)
    {
        var literal = text.Replace("${", "$${", StringComparison.Ordinal);
        return Plain().IsMatch(literal) && literal is not ("true" or "false" or "null") ? literal : Quoted(literal);
    }

    private static string Quoted(string text) =>
        "\""
        + text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\t", "\\t", StringComparison.Ordinal)
        + "\"";

    // What no reader of YAML takes for a number, a time or a word of its own.
    [GeneratedRegex(@"\A(?:~?/[A-Za-z0-9_./@-]*|[A-Za-z][A-Za-z0-9_./@-]*)\z")]
    private static partial Regex Plain();
}
