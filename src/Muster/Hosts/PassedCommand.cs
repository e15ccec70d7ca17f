using System.Security.Cryptography;
using System.Text;
using Muster.Shell;

namespace Muster.Hosts;

/// <summary>A command on a host whose streams are passed on as they come, byte for byte.</summary>
public static class PassedCommand
{
    /// <summary>Runs <paramref name="script"/> to its end and gives its exit code.</summary>
    /// <param name="input">What it reads; null: its input stays open, and ends when nobody listens any more.</param>
    /// <param name="pass">Told what it prints, and whether on its error stream.</param>
    public static async Task<int> PassAsync(
        this IHost host,
        ShellText script,
        Stream? input,
        Action<ReadOnlyMemory<byte>, bool> pass,
        CancellationToken ct
    )
    {
        // A mark ends the output: what the command leaves behind may keep the stream open. It begins with what no text
        // holds, as what could be its beginning is held back: a letter typed at a terminal must show at once.
        var mark = "muster-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var marked = ShellText.Of($"(\n{script}\n)\nmuster_rc=$?; printf '\\0%s' {mark}; exit $muster_rc");
        await using var channel = await host.OpenAsync(marked, ct);
        channel.HearErrors(bytes => pass(bytes, true));
        if (input is not null)
            _ = Task.Run(() => FeedAsync(channel, input, ct), ct); // reading a terminal or a pipe may block
        var until = new UntilMark(Encoding.ASCII.GetBytes($"\0{mark}"));
        var buffer = new byte[32 * 1024];
        while (!until.Reached && await channel.Output.ReadAsync(buffer, ct) is > 0 and var read)
            pass(until.Add(buffer.AsSpan(0, read)), false);
        pass(until.Rest(), false);
        return (await channel.EndAsync(ct)).ExitCode;
    }

    private static async Task FeedAsync(ShellChannel channel, Stream input, CancellationToken ct)
    {
        try
        {
            var buffer = new byte[32 * 1024];
            while (await input.ReadAsync(buffer, ct) is > 0 and var read)
            {
                await channel.Input.WriteAsync(buffer.AsMemory(0, read), ct);
                await channel.Input.FlushAsync(ct);
            }
            channel.Input.Close();
        }
        // The command did not want it all.
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException) { }
    }
}
