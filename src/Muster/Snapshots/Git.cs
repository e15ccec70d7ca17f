using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Muster.Faults;

namespace Muster.Snapshots;

/// <summary>
/// Runs the git program in one folder. With variables of ours, the caller's own that point elsewhere do not reach it.
/// </summary>
public sealed class Git(string folder, params IReadOnlyList<(string Name, string Value)> variables)
{
    /// <summary>
    /// What <c>git rev-parse --local-env-vars</c> lists, less the configuration a user may give that way.
    /// </summary>
    private static readonly string[] Relocating =
    [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_PREFIX",
        "GIT_NAMESPACE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_GRAFT_FILE",
        "GIT_SHALLOW_FILE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_REPLACE_REF_BASE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_LITERAL_PATHSPECS",
        "GIT_TRACE",
    ];

    /// <summary>
    /// Nothing of the user's is run, refreshed or logged, and what is written need not survive a power cut.
    /// </summary>
    private static readonly string[] Quiet =
    [
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.splitIndex=false",
        "-c",
        "core.safecrlf=false",
        "-c",
        "core.fsync=none",
        "-c",
        "core.looseCompression=1",
        "-c",
        "core.logAllRefUpdates=false",
        "-c",
        "advice.addEmbeddedRepo=false",
        "-c",
        "gc.auto=0",
        "-c",
        "submodule.recurse=false",
        "--no-pager",
    ];

    /// <summary>There is a git program on this machine.</summary>
    public static bool IsInstalled =>
        field
        || (
            field = (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .Any(folder => File.Exists(Path.Combine(folder, OperatingSystem.IsWindows() ? "git.exe" : "git")))
        );

    public string Folder => folder;

    public Git With(params IReadOnlyList<(string Name, string Value)> more) => new(folder, [.. variables, .. more]);

    /// <summary>Runs git with <paramref name="input"/> and gives its whole answer, whichever it is.</summary>
    public async Task<GitAnswer> AskAsync(
        ReadOnlyMemory<byte> input,
        CancellationToken ct,
        params IReadOnlyList<string> arguments
    )
    {
        using var process = Start(arguments);
        try
        {
            var feeding = FeedAsync(process, input, ct);
            var said = process.StandardError.ReadToEndAsync(ct);
            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output, ct);
            await feeding;
            await process.WaitForExitAsync(ct);
            return new(process.ExitCode, output.ToArray(), (await said).Trim());
        }
        catch
        {
            process.Kill();
            throw;
        }
    }

    /// <summary>The output of a command that has no reason to fail but those git names itself.</summary>
    public async Task<byte[]> GetAsync(
        ReadOnlyMemory<byte> input,
        CancellationToken ct,
        params IReadOnlyList<string> arguments
    )
    {
        var answer = await AskAsync(input, ct, arguments);
        return answer.ExitCode == 0 ? answer.Output : throw Fault(arguments[0], answer);
    }

    public Task<byte[]> GetAsync(CancellationToken ct, params IReadOnlyList<string> arguments) =>
        GetAsync(default, ct, arguments);

    public async Task<string> LineAsync(CancellationToken ct, params IReadOnlyList<string> arguments) =>
        Encoding.UTF8.GetString(await GetAsync(ct, arguments)).TrimEnd('\n');

    public Process Start(params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("git")
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in Quiet.Concat(arguments))
            start.ArgumentList.Add(argument);
        if (variables.Count > 0)
            foreach (var name in Relocating)
                start.Environment.Remove(name);
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault) when (Directory.Exists(folder))
        {
            throw new UserException("the program `git` is not found", "Install git, or put it on PATH.", fault);
        }
    }

    public UserException Fault(string command, GitAnswer answer)
    {
        var said =
            answer
                .Said.Split('\n')
                .LastOrDefault(line =>
                    line.StartsWith("fatal: ", StringComparison.Ordinal)
                    || line.StartsWith("error: ", StringComparison.Ordinal)
                )
            ?? answer.Said;
        var fix =
            answer.Said.Contains("dubious ownership")
                ? $"Allow it with `git config --global --add safe.directory {folder}`."
            : answer.Said.Contains("does not have a commit checked out")
                ? "Commit something in that nested repository, or add it to .gitignore."
            : answer.Said.Contains("ermission denied") ? "Make the file readable, or add it to .gitignore."
            : $"Try `git {command}` in {folder}.";
        return new(
            $"git {command} in {folder}: "
                + $"{(answer.Said.Contains('\n') && answer.Said != said ? answer.Said.Replace("\n", "; ") : said)}",
            fix
        );
    }

    private static async Task FeedAsync(Process process, ReadOnlyMemory<byte> input, CancellationToken ct)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, ct);
            process.StandardInput.Close();
        }
        catch (IOException) { } // git ended first, and says why
    }
}

public sealed record GitAnswer(int ExitCode, byte[] Output, string Said);
