using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Muster.Faults;
using Muster.Shell;

namespace Muster.Hosts;

/// <summary>
/// A script running on a host: its streams, and how it ended. Disposing ends our side of it, never work it started.
/// </summary>
/// <remarks>
/// The script itself travels ahead of the caller's input, so that neither its length nor the login shell's quoting
/// rules matter and
/// nothing of it shows in a process list. A mark on both streams tells our output from a site's banners, and a last
/// line on the
/// error stream tells the script's own end from a broken connection.
/// </remarks>
public sealed class ShellChannel : IAsyncDisposable
{
    private const int Kept = 64 * 1024;

    private readonly IShellProcess _process;
    private readonly Func<string, int, HostUnreachableException> _broken;
    private readonly string _mark;
    private readonly MarkedStream _output;
    private readonly Lock _turn = new();
    private readonly UntilMark _begin;
    private readonly UntilMark _end;
    private readonly MemoryStream _unheard = new();
    private Action<ReadOnlyMemory<byte>>? _hear;
    private readonly TaskCompletionSource<Ending> _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ShellChannel(IShellProcess process, string mark, Func<string, int, HostUnreachableException> broken)
    {
        (_process, _mark, _broken) = (process, mark, broken);
        _output = new MarkedStream(process.Output, Encoding.ASCII.GetBytes(mark + "\n"));
        (_begin, _end) = (new(Encoding.ASCII.GetBytes(mark + "\n")), new(Encoding.ASCII.GetBytes($"\0{mark} ")));
        _ = ReadErrorsAsync();
    }

    /// <summary>What the script reads.</summary>
    public Stream Input => _process.Input;

    /// <summary>What the script prints, from its first byte on.</summary>
    public Stream Output => _output;

    /// <summary>
    /// What the login shell printed before it; known once something was read from <see cref="Output"/>.
    /// </summary>
    public string Banner => _output.Before;

    /// <summary>
    /// Gives what the script says on its error stream as it comes, from its first byte on, and no banner of a login
    /// shell.
    /// </summary>
    public void HearErrors(Action<ReadOnlyMemory<byte>> hear)
    {
        lock (_turn)
        {
            _hear = hear;
            if (_unheard.Length > 0)
                hear(_unheard.ToArray());
            _unheard.SetLength(0);
        }
    }

    /// <summary>
    /// The command that makes any login shell run our script: it reads as many bytes as the script has, and no more.
    /// </summary>
    internal static string Invitation(int scriptLength) =>
        $"exec sh -c 'eval \"$(dd bs=1 count={scriptLength} 2>/dev/null)\"'";

    /// <param name="target">How the host is reached, so that an error can say what to type; null for this one.</param>
    internal static Task<ShellChannel> StartAsync(
        string host,
        Func<int, ProcessStartInfo> command,
        ShellText script,
        CancellationToken ct,
        SshTarget? target = null
    ) =>
        StartAsync(
            length => Task.FromResult<IShellProcess>(ChildProcess.Start(command(length))),
            (said, exitCode) => SshFaults.Read(host, said, exitCode, target),
            script,
            ct
        );

    /// <param name="open">Starts a shell that runs the <see cref="Invitation"/> to a script of so many bytes.</param>
    /// <param name="broken">What it means that the shell ended before the script: what was said last, and its exit
    /// code.</param>
    internal static async Task<ShellChannel> StartAsync(
        Func<int, Task<IShellProcess>> open,
        Func<string, int, HostUnreachableException> broken,
        ShellText script,
        CancellationToken ct
    )
    {
        var mark = "muster-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        // The subshell keeps an `exit` or `exec` of the script from skipping the last line; a reader who went away must
        // not end it half-way. The last line begins with what no text holds: what could be its beginning is held back.
        var text =
            $"trap '' PIPE HUP; echo {mark}; echo {mark} >&2\n(\n{script}\n)\nmuster_rc=$?; printf '\\0%s %d\\n' "
            + $"{mark} $muster_rc >&2; exit 0\n";
        var bytes = Encoding.UTF8.GetBytes(text);
        var channel = new ShellChannel(await open(bytes.Length), mark, broken);
        try
        {
            await channel.Input.WriteAsync(bytes, ct);
            await channel.Input.FlushAsync(ct);
            return channel;
        }
        catch (IOException) // it ended already; EndAsync says why
        {
            return channel;
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Waits for the script's own end: its exit code and what it said on its error stream. Throws when the connection
    /// ended first.
    /// </summary>
    public async Task<ShellEnd> EndAsync(CancellationToken ct)
    {
        var ending = await _ending.Task.WaitAsync(ct);
        if (ending.ExitCode is { } code)
            return new(code, ending.Said);
        throw _broken(ending.Said, await _process.ExitCodeAsync(ct));
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private sealed record Ending(int? ExitCode, string Said);

    private async Task ReadErrorsAsync()
    {
        var seen = new StringBuilder();
        var decoder = Encoding.UTF8.GetDecoder();
        var bytes = new byte[8 * 1024];
        var chars = new char[8 * 1024];
        try
        {
            int read;
            while ((read = await _process.Errors.ReadAsync(bytes)) > 0)
            {
                Hear(bytes.AsSpan(0, read));
                seen.Append(chars, 0, decoder.GetChars(bytes.AsSpan(0, read), chars, flush: false));
                if (seen.Length > 2 * Kept)
                    seen.Remove(0, seen.Length - Kept);
                if (Parse(seen.ToString()) is { ExitCode: not null } ended)
                {
                    _ending.TrySetResult(ended);
                    return;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or InvalidOperationException) { }
        Tell(_end.Rest());
        _ending.TrySetResult(Parse(seen.ToString()));
    }

    private void Hear(ReadOnlySpan<byte> bytes)
    {
        if (!_begin.Reached)
        {
            _begin.Add(bytes); // a banner
            bytes = _begin.Behind.Span;
        }
        Tell(_end.Add(bytes));
    }

    private void Tell(ReadOnlyMemory<byte> bytes)
    {
        lock (_turn)
        {
            if (_hear is not null && !bytes.IsEmpty)
                _hear(bytes);
            else if (_unheard.Length < Kept)
                _unheard.Write(bytes.Span);
        }
    }

    private Ending Parse(string seen)
    {
        var begin = seen.IndexOf(_mark + "\n", StringComparison.Ordinal);
        var said = begin < 0 ? seen : seen[(begin + _mark.Length + 1)..];
        var end = said.LastIndexOf("\0" + _mark + " ", StringComparison.Ordinal);
        if (end < 0)
            return new(null, said.Trim());
        var line = said[(end + _mark.Length + 2)..];
        return line.EndsWith('\n') && int.TryParse(line.AsSpan().Trim(), CultureInfo.InvariantCulture, out var code)
            ? new(code, said[..end].Trim())
            : new(null, said[..end].Trim());
    }
}

/// <summary>How a script ended, and what it said on its error stream.</summary>
public sealed record ShellEnd(int ExitCode, string Said);
