using System.Diagnostics;
using System.Text.Json;

namespace Muster.Cli.Demo;

public sealed class DemoCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-demo-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    private (int ExitCode, List<string> Steps, string Said) Play(string? path = null)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, ["demo", "--json"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Whatever is written belongs into the folder of this test; what is still there at the end was left behind.
        start.Environment["TMPDIR"] = _folder.CreateSubdirectory("tmp").FullName;
        start.Environment["HOME"] = _folder.CreateSubdirectory("home").FullName;
        foreach (var variable in (string[])["XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"])
            start.Environment.Remove(variable);
        if (path is not null)
            start.Environment["PATH"] = path;
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        var steps = lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.All(steps, step => Assert.True(step.GetProperty("seen").GetBoolean(), said.Result));
        return (process.ExitCode, [.. steps.Select(step => step.GetProperty("step").GetString()!)], said.Result);
    }

    [Fact]
    public void Each_step_is_seen_and_nothing_is_left()
    {
        var (exitCode, steps, said) = Play();

        Assert.True(exitCode == 0, said);
        Assert.Equal(
            [
                "prepare",
                "submit",
                "untouched",
                "edit",
                "page",
                "end",
                "fetch",
                "serve",
                "hand-in",
                "task",
                "report",
                "clean",
            ],
            steps
        );
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder.FullName, "tmp")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder.FullName, "home")));
    }

    [Fact]
    public void A_machine_without_git_sends_the_plain_folder()
    {
        var programs = _folder.CreateSubdirectory("bin").FullName;
        foreach (
            var program in new[] { "/usr/bin", "/bin" }
                .Where(Directory.Exists)
                .SelectMany(Directory.EnumerateFileSystemEntries)
        )
        {
            var link = Path.Combine(programs, Path.GetFileName(program));
            if (!Path.GetFileName(program).StartsWith("git", StringComparison.Ordinal) && !Path.Exists(link))
                File.CreateSymbolicLink(link, program);
        }

        var (exitCode, steps, said) = Play(programs);

        Assert.True(exitCode == 0, said);
        Assert.Equal(
            ["prepare", "submit", "edit", "page", "end", "fetch", "serve", "hand-in", "task", "report", "clean"],
            steps
        );
    }
}
