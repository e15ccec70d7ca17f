using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Platforms;
using Muster.Shell;

namespace Muster.Hosts;

/// <summary>What the OpenSSH client's last words mean, and how to fix it. Texts of OpenSSH 7.4 to 10.</summary>
internal static partial class SshFaults
{
    /// <param name="target">How the host is reached; null where nothing but its name leads there.</param>
    public static HostUnreachableException Read(string host, string said, int exitCode, SshTarget? target) =>
        Read(host, said, exitCode, target, Platform.SharesConnections);

    /// <param name="mayShare">One connection serves all commands, and so may ask when it is made.</param>
    internal static HostUnreachableException Read(
        string host,
        string said,
        int exitCode,
        SshTarget? target,
        bool mayShare
    )
    {
        bool Says(params string[] texts) => texts.Any(text => said.Contains(text, StringComparison.OrdinalIgnoreCase));
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var last = lines.LastOrDefault() ?? $"ssh ended with {exitCode}";
        var ssh = target?.ByHand ?? $"ssh {host}";
        var file = target?.ConfigFile ?? "~/.ssh/config";

        if (Says("REMOTE HOST IDENTIFICATION HAS CHANGED", "Offending "))
            return Of(
                ContactFault.HostKey,
                $"{host} shows another host key than the one you accepted before",
                $"If the machine was reinstalled, remove the old key with `{Removal(host, said)}` and connect once "
                    + $"with `{ssh}`; otherwise this may be a man-in-the-middle attack."
            );
        if (Says("Host key verification failed", "No matching host key", "host key is known for"))
            return Of(
                ContactFault.HostKey,
                $"the host key of {host} is not known here",
                $"Connect once with `{ssh}` and compare the fingerprint it shows."
            );
        if (Says("Could not resolve hostname", "Name or service not known", "nodename nor servname"))
            return Of(
                ContactFault.Unresolved,
                $"the name '{host}' is not known",
                $"Correct `host:` of the site, or add the host to {file}."
            );
        if (Says("Too many authentication failures"))
            return Of(
                ContactFault.Refused,
                $"{host} refused after too many keys",
                $"Set `IdentitiesOnly yes` and one `IdentityFile` for {host} in {file}."
            );
        if (Says("Permission denied", "no more authentication methods", "UNPROTECTED PRIVATE KEY"))
            return Of(
                ContactFault.Refused,
                $"{host} denied access: {last}",
                !mayShare && Says("password", "keyboard-interactive")
                    ? "Each command connects anew on Windows, so Muster cannot ask for a password or a second factor. "
                        + $"Use a key: append its public half to ~/.ssh/authorized_keys on {host}, and give it to "
                        + $"`ssh-add` once the service ssh-agent runs. `{ssh}` must then connect without a question. "
                        + "If the host insists on a second factor, use Muster in WSL."
                    : $"Try `{ssh}`; add your public key to ~/.ssh/authorized_keys there, or unlock it with `ssh-add`."
            );
        if (Says("Bad configuration option", "terminating, ", "Can't open user config file"))
            return Of(
                ContactFault.Unresolved,
                $"ssh cannot read its configuration: {last}",
                "Correct the ssh config file it names."
            );
        return Of(
            ContactFault.Silent,
            $"{host} cannot be reached: {last}",
            $"Try `{ssh}`; Muster keeps trying where it waits for a run."
        );

        HostUnreachableException Of(ContactFault fault, string what, string fix)
        {
            var asks = fault is ContactFault.Refused or ContactFault.HostKey;
            return new(host, fault, what, fix) { ExitCode = asks ? ExitCodes.AuthenticationNeeded : ExitCodes.Unknown };
        }
    }

    /// <summary>
    /// A key may be in any file, under the name that the configuration gives the host: the client says both.
    /// </summary>
    private static string Removal(string host, string said)
    {
        var file = Offending().Match(said) is { Success: true } line ? line.Groups["file"].Value : null;
        var name = Changed().Match(said) is { Success: true } changed ? changed.Groups["name"].Value : host;
        return $"ssh-keygen {(file is null ? "" : $"-f {ShellText.Quote(file)} ")}-R {ShellText.Quote(name)}";
    }

    [GeneratedRegex(@"Offending \S+ key in (?<file>\S[^\r\n]*):[0-9]+")]
    private static partial Regex Offending();

    [GeneratedRegex(@"Host key for (?<name>\S+) has changed")]
    private static partial Regex Changed();
}
