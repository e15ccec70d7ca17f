using System.Diagnostics;

namespace Muster.Cli.Runs;

/// <summary>Ctrl-C at a run that goes on without the command.</summary>
public sealed class CtrlCTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-ctrl-c-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Who_goes_leaves_the_run_alone_and_who_comes_back_may_end_it()
    {
        var (code, said) = await InterruptedAsync([
            "submit",
            "-s",
            "local",
            "--no-snapshot",
            "--name",
            "long",
            "--",
            "sh",
            "-c",
            "echo up; exec sleep 300",
        ]);
        Assert.True(code == 130, said);
        Assert.Contains("detached    long is still running. Reattach: muster attach ", said, StringComparison.Ordinal);

        (code, said) = await InterruptedAsync(["attach", "long", "--on-interrupt", "cancel"]);
        Assert.True(code == 130, said);
        Assert.Matches("cancelling  long; waiting for its end\ncancelled +", said);
    }

    /// <summary>The command, which gets Ctrl-C once it has shown a line.</summary>
    private async Task<(int Code, string Said)> InterruptedAsync(string[] words)
    {
        var ct = TestContext.Current.CancellationToken;
        // Whoever runs the tests may ignore Ctrl-C, and so would all that they start.
        var start = new ProcessStartInfo(
            "env",
            ["--default-signal=INT", Path.Combine(AppContext.BaseDirectory, "muster"), .. words]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        foreach (var name in (string[])["HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"])
            start.Environment[name] = _folder.FullName;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var said = process.StandardError.ReadToEndAsync(ct);
        Assert.Equal("up", await process.StandardOutput.ReadLineAsync(ct));
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync(ct);
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, await said);
    }
}
