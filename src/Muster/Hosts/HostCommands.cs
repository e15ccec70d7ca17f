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
    public static Task<ShellAnswer> RunAsync(this IHost host, ShellText script, CancellationToken ct) => host.RunAsync(script, "", ct);

    /// <summary>The same, with <paramref name="input"/> for the script to read.</summary>
    public static async Task<ShellAnswer> RunAsync(this IHost host, ShellText script, string input, CancellationToken ct)
    {
        await using var channel = await host.OpenAsync(script, ct);
        var feeding = FeedAsync(channel, Encoding.UTF8.GetBytes(input), ct);
        using var output = new MemoryStream();
        // The output ends with the script unless something it started keeps the stream open; the script's own end decides.
        var reading = channel.Output.CopyToAsync(output, ct);
        var end = await channel.EndAsync(ct);
        await Task.WhenAny(Task.WhenAll(reading, feeding), Task.Delay(TimeSpan.FromSeconds(5), ct));
        return new(end.ExitCode, Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length), end.Said);
    }

    /// <summary>Runs <paramref name="script"/>, which is expected to end well; otherwise the fault names <paramref name="what"/> failed.</summary>
    public static async Task<string> GetAsync(this IHost host, ShellText script, string what, CancellationToken ct)
    {
        var answer = await host.RunAsync(script, ct);
        return answer.ExitCode == 0 ? answer.Output
            : throw new UserException($"{host.Name}: {what}: {(answer.Said.Length > 0 ? answer.Said : $"exit code {answer.ExitCode}")}",
                "See the message above; `muster sites check` looks at the whole site.");
    }

    private static async Task FeedAsync(ShellChannel channel, byte[] input, CancellationToken ct)
    {
        try
        {
            await channel.Input.WriteAsync(input, ct);
            channel.Input.Close();
        }
        catch (IOException) { }   // the script did not want it all
    }
}
