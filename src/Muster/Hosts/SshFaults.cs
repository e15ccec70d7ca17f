using Muster.Faults;

namespace Muster.Hosts;

/// <summary>What the OpenSSH client's last words mean, and how to mend it. Texts of OpenSSH 7.4 to 10.</summary>
internal static class SshFaults
{
    public static HostUnreachableException Read(string host, string said, int exitCode)
    {
        bool Says(params string[] texts) => texts.Any(text => said.Contains(text, StringComparison.OrdinalIgnoreCase));
        var last = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? $"ssh ended with {exitCode}";

        if (Says("REMOTE HOST IDENTIFICATION HAS CHANGED", "Offending "))
            return Of(ContactFault.HostKey, $"{host} shows another host key than the one you accepted before",
                $"If the machine was set up anew, remove the old key with `ssh-keygen -R {host}` and connect once with `ssh {host}`; otherwise somebody may be in between.");
        if (Says("Host key verification failed", "No matching host key", "host key is known for"))
            return Of(ContactFault.HostKey, $"the host key of {host} is not known here", $"Connect once with `ssh {host}` and compare the fingerprint it shows.");
        if (Says("Could not resolve hostname", "Name or service not known", "nodename nor servname"))
            return Of(ContactFault.Unresolved, $"the name '{host}' is not known", "Correct `host:` of the site, or add the host to ~/.ssh/config.");
        if (Says("Too many authentication failures"))
            return Of(ContactFault.Refused, $"{host} refused after too many keys", $"Set `IdentitiesOnly yes` and one `IdentityFile` for {host} in ~/.ssh/config.");
        if (Says("Permission denied", "no more authentication methods", "UNPROTECTED PRIVATE KEY"))
            return Of(ContactFault.Refused, $"{host} refused to let us in: {last}",
                $"Try `ssh {host}`; add your public key to ~/.ssh/authorized_keys there, or unlock it with `ssh-add`.");
        if (Says("Bad configuration option", "terminating, ", "Can't open user config file"))
            return Of(ContactFault.Unresolved, $"ssh cannot read its configuration: {last}", "Correct the ssh config file it names.");
        return Of(ContactFault.Silent, $"{host} cannot be reached: {last}", $"Try `ssh {host}`; Muster keeps trying where it waits for a run.");

        HostUnreachableException Of(ContactFault fault, string what, string mend) =>
            new(host, fault, what, mend) { ExitCode = fault is ContactFault.Refused or ContactFault.HostKey ? ExitCodes.AuthenticationNeeded : ExitCodes.Unknown };
    }
}
