using System.Diagnostics;
using System.Globalization;
using Muster.Platforms;

namespace Muster.Hosts;

/// <summary>What a name means to the SSH client: whom it would connect to, and by which way.</summary>
/// <param name="Way">The jump hosts or the proxy command; null for the direct way.</param>
public sealed record SshRoute(string User, string Address, int Port, string? Way)
{
    public override string ToString() =>
        $"{User}@{Address}{(Port == 22 ? "" : $" port {Port}")}{(Way is null ? "" : $" by {Way}")}";

    /// <summary>Asks the client itself, by <c>ssh -G</c>.</summary>
    internal static async Task<SshRoute> ReadAsync(SshTarget target, CancellationToken ct) =>
        Parse(await AskAsync(target, target.Options, ct));

    /// <summary>What <c>ssh -G</c> says with these options.</summary>
    internal static async Task<string> AskAsync(SshTarget target, IReadOnlyList<string> options, CancellationToken ct)
    {
        var start = OwnSession.Command("ssh", [.. options, "-G", target.Alias]);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start) ?? throw new InvalidOperationException("ssh did not start");
            process.StandardInput.Close();
            var said = process.StandardError.ReadToEndAsync(ct);
            var output = await process.StandardOutput.ReadToEndAsync(ct);
            await process.WaitForExitAsync(ct);
            return process.ExitCode == 0
                ? output
                : throw SshFaults.Read(target.Alias, await said, process.ExitCode, target);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw Platform.CannotStart("ssh", missing);
        }
    }

    internal static SshRoute Parse(string output)
    {
        var values = output
            .Split('\n')
            .Select(line => line.TrimEnd('\r').Split(' ', 2))
            .Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0])
            .ToDictionary(pair => pair[0], pair => pair[1]);
        string? Value(string key) => values.TryGetValue(key, out var value) && value is not "none" ? value : null;
        return new(
            Value("user") ?? "",
            Value("hostname") ?? "",
            int.TryParse(Value("port"), CultureInfo.InvariantCulture, out var port) ? port : 22,
            Value("proxyjump") ?? Value("proxycommand")
        );
    }
}
