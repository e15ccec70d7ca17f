using System.Diagnostics;

namespace Muster;

/// <summary>Somebody's runs on this machine, in a home of their own, and `muster ui` that shows them.</summary>
internal sealed class OwnRuns : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("muster-own-");
    private Process? _ui;

    /// <summary>Works once.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The same without what works once.</summary>
    public string Base => Address[..Address.IndexOf('#')];

    public async Task ShowAsync()
    {
        _ui = Start("ui", "--no-open");
        Address = (await _ui.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!;
    }

    /// <summary>A folder of code, of which nothing is sent unless it is submitted.</summary>
    public DirectoryInfo Code => _home.CreateSubdirectory("code");

    public Task SubmitAsync(string name, string script, params string[] more) =>
        EndAsync(Start(["submit", "--no-snapshot", "--no-fetch", "--name", name, .. more, "--", "sh", "-c", script]));

    /// <summary>Submits the code as it is now, with a command that runs in it.</summary>
    public Task SubmitCodeAsync(string name, params string[] command) =>
        EndAsync(StartIn(Code.FullName, "muster", ["submit", "--no-fetch", "--name", name, "--", .. command]));

    public Task GitAsync(params string[] arguments) => EndAsync(StartIn(Code.FullName, "git", arguments));

    public async ValueTask DisposeAsync()
    {
        if (_ui is { HasExited: false })
            _ui.Kill();
        if (_ui is not null)
            await _ui.WaitForExitAsync(CancellationToken.None);
        _ui?.Dispose();
        _home.Delete(recursive: true);
    }

    private static async Task EndAsync(Process process)
    {
        using (process)
        {
            await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private Process Start(params string[] arguments) => StartIn(_home.FullName, "muster", arguments);

    private Process StartIn(string folder, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program == "muster" ? MusterProgram.Path : program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var name in (string[])["HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"])
            start.Environment[name] = _home.FullName;
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        return process;
    }
}
