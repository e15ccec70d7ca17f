using System.Diagnostics;

namespace Muster;

/// <summary>
/// A real sshd on loopback for whoever runs the tests, with a key and a client's configuration of its own.
/// </summary>
internal sealed class LoopbackSshd : IDisposable
{
    private readonly Process _daemon;

    public LoopbackSshd(string folder)
    {
        Port = Gateway.GatewayProcess.FreePort();
        Config = Path.Combine(folder, "ssh_config");
        foreach (var key in (string[])["host_key", "user_key"])
            Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(folder, key));
        File.Copy(Path.Combine(folder, "user_key.pub"), Path.Combine(folder, "authorized"));
        File.WriteAllText(
            Path.Combine(folder, "known"),
            $"[127.0.0.1]:{Port} {File.ReadAllText(Path.Combine(folder, "host_key.pub"))}"
        );
        File.WriteAllText(
            Config,
            $"""
            Host loop
              HostName 127.0.0.1
              Port {Port}
              IdentityFile {folder}/user_key
              UserKnownHostsFile {folder}/known

            """
        );
        File.WriteAllText(
            Path.Combine(folder, "sshd_config"),
            $"""
            ListenAddress 127.0.0.1:{Port}
            HostKey {folder}/host_key
            AuthorizedKeysFile {folder}/authorized
            PidFile none
            StrictModes no
            UsePAM no
            PermitRootLogin yes

            """
        );
        if (Environment.UserName == "root")
            Directory.CreateDirectory("/run/sshd");
        _daemon = Process.Start(
            new ProcessStartInfo("/usr/sbin/sshd", ["-D", "-e", "-f", Path.Combine(folder, "sshd_config")])
            {
                RedirectStandardError = true,
            }
        )!;
        while (
            _daemon.StandardError.ReadLine() is { } line
            && !line.StartsWith("Server listening", StringComparison.Ordinal)
        )
            continue;
        Assert.False(_daemon.HasExited, "sshd did not start");
        _ = _daemon.StandardError.ReadToEndAsync();
    }

    public int Port { get; }

    /// <summary>For <c>ssh -F</c>; the host is <c>loop</c>.</summary>
    public string Config { get; }

    public void Dispose()
    {
        _daemon.Kill();
        _daemon.WaitForExit();
        _daemon.Dispose();
    }

    private static void Run(string program, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words))!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
