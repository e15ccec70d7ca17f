using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Muster.Platforms;
using Muster.Shell;
using Muster.Storage;

namespace Muster.Hosts;

/// <summary>The one connection to a host that every command shares, also across processes of ours.</summary>
internal sealed class SshMaster
{
    /// <summary>Somebody may have to find a second factor before the first connection is there.</summary>
    private static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(10);

    private readonly SshTarget _target;
    private readonly SshPatience _patience;

    public SshMaster(SshTarget target, SshPatience patience)
    {
        (_target, _patience) = (target, patience);
        Socket = SocketOf(target);
    }

    public string Socket { get; }
    public int Opened { get; private set; }

    /// <summary>
    /// Makes sure that there is a connection. One of us makes it; the others, here or in other processes, wait for it.
    /// </summary>
    public async Task EnsureAsync(CancellationToken ct)
    {
        if (!Platform.SharesConnections || await AnswersAsync(ct))
            return;
        using var turn = await LockAsync(ct);
        if (await AnswersAsync(ct))
            return;
        File.Delete(Socket);
        await OpenAsync(ct);
        Opened++;
    }

    /// <summary>Ends the connection. Runs are not touched by it.</summary>
    public async Task CloseAsync()
    {
        if (!Platform.SharesConnections || !File.Exists(Socket))
            return;
        var start = new ProcessStartInfo("ssh") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var word in (string[])[.. _target.Options, "-o", $"ControlPath={Socket}", "-O", "exit", _target.Alias])
            start.ArgumentList.Add(word);
        using var process = Process.Start(start);
        if (process is not null)
            await process.WaitForExitAsync(CancellationToken.None);
        File.Delete(Socket);
    }

    private static string SocketOf(SshTarget target)
    {
        var identity = $"{target.Alias}\n{target.Through}\n{target.ConfigFile}\n{target.Identity}";
        return Path.Combine(
            target.SocketFolder,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..16]
        );
    }

    /// <summary>Through another host's connection, so that the way there is not paid for twice.</summary>
    private string[] Way()
    {
        if (_target.Through is not { } through)
            return [];
        var before = _target with { Alias = through, Through = null };
        string[] words =
        [
            "ssh",
            .. before.Options,
            "-o",
            $"ControlPath={SocketOf(before)}",
            "-o",
            "BatchMode=yes",
            "-W",
            "%h:%p",
            through,
        ];
        return ["-o", "ProxyCommand=" + string.Join(' ', words.Select(ShellText.Quote))];
    }

    private async Task OpenAsync(CancellationToken ct)
    {
        var words = Path.Combine(_target.SocketFolder, $"{Path.GetFileName(Socket)}.{Environment.ProcessId}.said");
        var alive = Math.Max(1, (int)(_patience.Alive.TotalSeconds / 3));
        string[] arguments =
        [
            "ssh",
            .. _target.Options,
            .. Way(),
            "-M",
            "-o",
            $"ControlPath={Socket}",
            "-o",
            "ControlPersist=30m",
            "-E",
            words,
            "-o",
            $"ServerAliveInterval={alive}",
            "-o",
            "ServerAliveCountMax=3",
            "-o",
            "TCPKeepAlive=yes",
            "-o",
            $"ConnectTimeout={Math.Max(1, (int)_patience.Connect.TotalSeconds)}",
            .. _target.MayAsk ? Array.Empty<string>() : ["-o", "BatchMode=yes"],
            "-f",
            "-N",
            _target.Alias,
        ];
        // With a terminal, ssh asks its questions there; without one it must not take ours.
        var start = _target.MayAsk ? Plain(arguments) : OwnSession.Command(arguments[0], arguments[1..]);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start) ?? throw new InvalidOperationException("ssh did not start");
            try
            {
                process.StandardInput.Close();
                await process.WaitForExitAsync(ct);
            }
            catch
            {
                if (!process.HasExited)
                    process.Kill();
                throw;
            }
            if (process.ExitCode == 0)
                return;
            var said = File.Exists(words) ? await File.ReadAllTextAsync(words, ct) : "";
            // What comes before the log file is opened, such as a bad option, is on the error stream.
            if (said.Trim().Length == 0)
                said = await process.StandardError.ReadToEndAsync(ct);
            throw SshFaults.Read(_target.Alias, said, process.ExitCode, _target);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw Platform.CannotStart("ssh", missing);
        }
        finally
        {
            File.Delete(words);
        }
    }

    private static ProcessStartInfo Plain(string[] arguments)
    {
        var start = new ProcessStartInfo(arguments[0]);
        foreach (var argument in arguments[1..])
            start.ArgumentList.Add(argument);
        return start;
    }

    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        if (!File.Exists(Socket))
            return false;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(Socket), ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private Task<FileStream> LockAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(_target.SocketFolder);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                _target.SocketFolder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
        return FileLock.TakeAsync($"{Socket}.lock", $"is connecting to {_target.Alias}", LockPatience, ct);
    }
}
