using System.Security.Cryptography;
using System.Text;
using Muster.Faults;
using Muster.Shell;

namespace Muster.Hosts;

/// <summary>What a short command answered.</summary>
public sealed record ShellAnswer(int ExitCode, string Output, string Said);

/// <summary>Short commands on any host: run, read everything, done.</summary>
public static class HostCommands
{
    /// <summary>Runs <paramref name="script"/> to its end. Its exit code is an answer, not a fault.</summary>
    public static Task<ShellAnswer> RunAsync(this IHost host, ShellText script, CancellationToken ct) =>
        host.RunAsync(script, "", ct);

    /// <summary>The same, with <paramref name="input"/> for the script to read.</summary>
    public static async Task<ShellAnswer> RunAsync(
        this IHost host,
        ShellText script,
        string input,
        CancellationToken ct
    )
    {
        // A mark ends the output: what the script started may keep the stream open, and a slow link brings it late.
        var mark = "muster-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var marked = ShellText.Of($"(\n{script}\n)\nmuster_rc=$?; printf %s {mark}; exit $muster_rc");
        await using var channel = await host.OpenAsync(marked, ct);
        _ = FeedAsync(channel, Encoding.UTF8.GetBytes(input), ct);
        var output = await ReadAsync(channel.Output, Encoding.UTF8.GetBytes(mark), ct);
        var end = await channel.EndAsync(ct);
        return output is not null
            ? new(end.ExitCode, output, end.Said)
            : throw new HostUnreachableException(
                host.Name,
                ContactFault.Silent,
                $"the connection to {host.Name} ended within an answer",
                "Try again."
            );
    }

    /// <summary>
    /// Runs <paramref name="script"/>, which is expected to end well; otherwise the fault names <paramref name="what"/>
    /// failed.
    /// </summary>
    public static async Task<string> GetAsync(this IHost host, ShellText script, string what, CancellationToken ct)
    {
        var answer = await host.RunAsync(script, ct);
        return answer.ExitCode == 0
            ? answer.Output
            : throw new UserException(
                $"{host.Name}: {what}: {(answer.Said.Length > 0 ? answer.Said : $"exit code {answer.ExitCode}")}",
                "See the message above; `muster sites check` looks at the whole site."
            );
    }

    /// <summary>What stands before the mark; null when the stream ends without it.</summary>
    private static async Task<string?> ReadAsync(Stream stream, byte[] mark, CancellationToken ct)
    {
        using var output = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, ct) is > 0 and var read)
        {
            var from = Math.Max(0, (int)output.Length - mark.Length);
            await output.WriteAsync(buffer.AsMemory(0, read), ct);
            var at = output.GetBuffer().AsSpan(from, (int)output.Length - from).IndexOf(mark);
            if (at >= 0)
                return Encoding.UTF8.GetString(output.GetBuffer(), 0, from + at);
        }
        return null;
    }

    private static async Task FeedAsync(ShellChannel channel, byte[] input, CancellationToken ct)
    {
        try
        {
            await channel.Input.WriteAsync(input, ct);
            channel.Input.Close();
        }
        // The script did not want it all.
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException) { }
    }
}
