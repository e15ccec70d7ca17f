using System.Diagnostics;
using Muster.Platforms;
using Muster.Shell;

namespace Muster.Hosts;

/// <summary>
/// A machine behind SSH, by the system's own client: the user's configuration, agent, jump hosts and second factors
/// come with it.
/// </summary>
public sealed class OpenSshHost(SshTarget target, SshPatience patience) : IHost
{
    private readonly SshMaster _master = new(target, patience);

    public string Name => target.Alias;

    /// <summary>How often a connection was made, for the budget that `sites check` shows.</summary>
    public int ConnectionsOpened => _master.Opened;

    /// <summary>What a person types to get there.</summary>
    public string ByHand => target.ByHand;

    public async Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct)
    {
        await _master.EnsureAsync(ct);
        return await ShellChannel.StartAsync(
            Name,
            length => Client(["-T", Name, ShellChannel.Invitation(length)]),
            script,
            ct,
            target
        );
    }

    public async Task<Stream> ConnectAsync(string address, int port, CancellationToken ct)
    {
        await _master.EnsureAsync(ct);
        var process = ChildProcess.Start(
            Client(["-W", $"{(address.Contains(':') ? $"[{address}]" : address)}:{port}", Name])
        );
        return new DuplexStream(process.Output, process.Input, process);
    }

    /// <summary>The command of an interactive session, for the terminal to become.</summary>
    public IReadOnlyList<string> Interactive(string invitation) =>
        ["ssh", .. target.Options, .. SharedOptions(), "-t", Name, invitation];

    /// <summary>
    /// The words behind <c>ssh</c> for one command over a connection of its own, which may ask for a password at the
    /// terminal.
    /// </summary>
    public IReadOnlyList<string> Once(ShellText command) => [.. target.Options, "-T", Name, command.ToString()];

    /// <summary>Opens the one connection now, so that a second factor is asked before anything else is shown.</summary>
    public Task ConnectAsync(CancellationToken ct) => _master.EnsureAsync(ct);

    /// <summary>Where the client's configuration leads; nothing is connected.</summary>
    public Task<SshRoute> RouteAsync(CancellationToken ct) => SshRoute.ReadAsync(target, ct);

    /// <summary>What another client of SSH has to be told to get there; nothing is connected.</summary>
    public Task<IReadOnlyList<SshSetting>> SettingsAsync(CancellationToken ct) => SshSetting.ReadAsync(target, ct);

    /// <summary>Says that the connection is dead though nobody told us: the next use makes a new one.</summary>
    public Task GiveUpConnectionAsync() => _master.CloseAsync();

    private ProcessStartInfo Client(IEnumerable<string> words)
    {
        var start = OwnSession.Command("ssh", [.. target.Options, .. SharedOptions(), .. words]);
        start.Environment["LC_ALL"] = "C"; // its messages are read
        return start;
    }

    // Without its master a client would quietly make a connection of its own; the proxy command that fails forbids
    // that.
    private IEnumerable<string> SharedOptions() =>
        Platform.SharesConnections
            ?
            [
                "-o",
                $"ControlPath={_master.Socket}",
                "-o",
                "ControlMaster=no",
                "-o",
                "ProxyCommand=exit 255",
                "-o",
                "ConnectTimeout=5",
            ]
            : ["-o", "BatchMode=yes", .. target.Through is { } through ? ["-J", through] : Array.Empty<string>()];
}

/// <summary>What names a machine to the SSH client.</summary>
/// <param name="MayAsk">A person is at the terminal and can be asked for a password or a second factor.</param>
/// <param name="Through">Another host whose connection leads there.</param>
public sealed record SshTarget(
    string Alias,
    string? ConfigFile,
    string? Identity,
    string SocketFolder,
    bool MayAsk,
    string? Through = null
)
{
    /// <summary>What a person types to get there.</summary>
    public string ByHand =>
        string.Join(
            ' ',
            [
                "ssh",
                .. ConfigFile is null ? Array.Empty<string>() : ["-F", ShellText.Quote(ConfigFile)],
                .. Identity is null ? Array.Empty<string>() : ["-i", ShellText.Quote(Identity)],
                .. Through is null ? Array.Empty<string>() : ["-J", Through],
                Alias,
            ]
        );

    /// <summary>Options of every call. Nothing here weakens what the user configured.</summary>
    internal IReadOnlyList<string> Options =>
        [
            .. ConfigFile is null ? Array.Empty<string>() : ["-F", ConfigFile],
            .. Identity is null ? Array.Empty<string>() : ["-i", Identity],
            "-o",
            "ClearAllForwardings=yes",
            "-o",
            "PermitLocalCommand=no",
            "-o",
            "RemoteCommand=none",
            "-o",
            "ForwardX11=no",
        ];
}

/// <summary>How long an unanswering host is waited for.</summary>
public sealed record SshPatience(TimeSpan Connect, TimeSpan Alive)
{
    public static SshPatience Usual { get; } = new(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15));

    /// <summary>While waiting for a broken link to come back: short tries, one after another.</summary>
    public SshPatience Hurried => this with { Connect = TimeSpan.FromSeconds(2) };
}
