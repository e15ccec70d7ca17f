using System.Globalization;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>How the machines of a site are reached by SSH.</summary>
/// <param name="Folder">A private folder for what the SSH client has to read.</param>
/// <param name="SocketFolder">Where its shared connections are.</param>
/// <param name="Identity">The private key to come in with; null leaves it to the agent.</param>
public sealed record MachineAccess(string Folder, string SocketFolder, string? Identity, string User, int Port = 22)
{
    /// <summary>The private address, where we are in the same network.</summary>
    public bool IsPrivate { get; init; }

    /// <summary>
    /// A target for the SSH client. It takes no host key but the machine's own, under its own name: an address that a
    /// provider gives again to another machine is no trap.
    /// </summary>
    public SshTarget Of(MachineRecord record)
    {
        var machine = record.Machine;
        var address =
            (IsPrivate ? machine?.PrivateAddress : machine?.PublicAddress ?? machine?.PrivateAddress)
            ?? throw new UserException(
                $"{record.Name} has no {(IsPrivate ? "private " : "")}address",
                "Set `address: public` or `address: private` of the site to the one that its machines get."
            );
        if (record.HostKey is not { } key)
            throw new UserException(
                $"the host key of {record.Name} is not known",
                "Set `host-key` of the site: images without cloud-init cannot be given one."
            );
        var known = Path.Combine(Folder, record.Name + ".known");
        var config = ConfigOf(record.Name);
        Directory.CreateDirectory(Folder);
        File.WriteAllText(known, $"{record.Name} {key}\n");
        File.WriteAllText(
            config,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                Host {record.Name}
                  HostName {address}
                  Port {Port}
                  User {User}
                  HostKeyAlias {record.Name}
                  CheckHostIP no
                  StrictHostKeyChecking yes
                  UserKnownHostsFile "{known}"
                  GlobalKnownHostsFile /dev/null
                  IdentitiesOnly {(Identity is null ? "no" : "yes")}

                """
            )
        );
        return Known(record.Name);
    }

    /// <summary>A machine that was reached before.</summary>
    public SshTarget Known(string name) => new(name, ConfigOf(name), Identity, SocketFolder, MayAsk: false);

    /// <summary>Forgets a machine that is gone.</summary>
    public void Forget(MachineRecord record)
    {
        File.Delete(Path.Combine(Folder, record.Name + ".known"));
        File.Delete(ConfigOf(record.Name));
    }

    private string ConfigOf(string name) => Path.Combine(Folder, name + ".conf");
}
