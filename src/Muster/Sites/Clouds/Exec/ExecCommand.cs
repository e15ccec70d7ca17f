using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Muster.Hosts;
using Muster.Platforms;

namespace Muster.Sites.Clouds.Exec;

/// <summary>
/// Runs one of the user's commands: without a shell, in the folder of the configuration, with the site's environment
/// and
/// none of our secrets. One document goes in, one comes out.
/// </summary>
internal sealed partial class ExecCommand(CloudSettings settings, TimeProvider clock)
{
    private const int LongestAnswer = 8 << 20;
    private static readonly TimeSpan BetweenTermAndKill = TimeSpan.FromSeconds(10);

    /// <summary>What a command needs to find its own programs and files; all else has to stand in <c>env</c>.</summary>
    private static readonly string[] Passed =
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "SSH_AUTH_SOCK",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SystemRoot",
        "USERPROFILE",
    ];

    /// <summary>Null when it could not even be started, and so has done nothing.</summary>
    public async Task<ExecResult?> RunAsync(
        IReadOnlyList<string> command,
        byte[] input,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        if (Find(command[0]) is not { } program)
            return null;
        using var process = new Process { StartInfo = StartInfo(program, command) };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return null;
        }
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var output = ReadAsync(process.StandardOutput.BaseStream, either.Token);
        var errors = ReadAsync(process.StandardError.BaseStream, either.Token);
        try
        {
            try
            {
                await process.StandardInput.BaseStream.WriteAsync(input, either.Token);
                process.StandardInput.Close();
            }
            catch (IOException) { } // it did not want to know
            await process.WaitForExitAsync(either.Token);
            return new(process.ExitCode, await output, Text(await errors));
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
            ct.ThrowIfCancellationRequested();
            return new(null, [], $"it did not end within {patience.TotalSeconds:0} s");
        }
        finally
        {
            await ((Task)Task.WhenAll(output, errors)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A word such as <c>./cloud</c> is meant as seen from the configuration's folder.</summary>
    private string? Find(string word) =>
        word.Contains('/')
            ? ((string[])[Path.GetFullPath(word, settings.Folder)]).FirstOrDefault(File.Exists)
            : (settings.Env.GetValueOrDefault("PATH") ?? Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(Path.PathSeparator)
                .Select(folder => Path.Combine(folder, word))
                .FirstOrDefault(File.Exists);

    private ProcessStartInfo StartInfo(string program, IReadOnlyList<string> command)
    {
        var start = OwnSession.Command(program, command.Skip(1));
        start.WorkingDirectory = settings.Folder;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        var kept = Passed
            .Where(start.Environment.ContainsKey)
            .ToDictionary(name => name, name => start.Environment[name]);
        start.Environment.Clear();
        foreach (
            var (name, value) in kept.Concat(
                settings.Env.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))
            )
        )
            start.Environment[name] = value;
        return start;
    }

    /// <summary>The whole group, first politely.</summary>
    private async Task EndAsync(Process process)
    {
        if (Platform.Setsid is null)
        {
            process.Kill(entireProcessTree: true);
            return;
        }
        _ = Kill(-process.Id, SigTerm);
        using var limit = new CancellationTokenSource(BetweenTermAndKill, clock);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) { }
        _ = Kill(-process.Id, SigKill);
    }

    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken ct)
    {
        using var kept = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (await stream.ReadAsync(buffer, ct) is > 0 and var count)
        {
            if (kept.Length < LongestAnswer)
                await kept.WriteAsync(buffer.AsMemory(0, count), ct);
        }
        return kept.ToArray();
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes).Trim();

    private const int SigTerm = 15,
        SigKill = 9;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>How a command ended.</summary>
/// <param name="Code">Null when it was ended by us.</param>
/// <param name="Said">Its standard error.</param>
internal sealed record ExecResult(int? Code, byte[] Output, string Said);
