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

    public async Task SubmitAsync(string name, string script, params string[] more)
    {
        using var process = Start([
            "submit",
            "--no-snapshot",
            "--no-fetch",
            "--name",
            name,
            .. more,
            "--",
            "sh",
            "-c",
            script,
        ]);
        await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_ui is { HasExited: false })
            _ui.Kill();
        if (_ui is not null)
            await _ui.WaitForExitAsync(CancellationToken.None);
        _ui?.Dispose();
        _home.Delete(recursive: true);
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _home.FullName,
        };
        foreach (var name in (string[])["HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"])
            start.Environment[name] = _home.FullName;
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        return process;
    }
}
