using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Muster.Gateway;

/// <summary>`muster serve` as a process of its own, which can be killed at any moment.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-serve-test-");
    private readonly string[] _arguments;
    private Process? _process;

    public GatewayProcess(params string[] arguments) =>
        _arguments = [
            "serve",
            "--port",
            $"{Port}",
            .. arguments.Contains("--data") ? (string[])[] : ["--data", Path.Combine(_folder.FullName, "data")],
            .. NoDoors(arguments),
            .. arguments,
        ];

    /// <summary>Many run at once, and none takes a port that it was not given.</summary>
    internal static IEnumerable<string> NoDoors(string[] arguments) =>
        ((string[])["--admin-cli-port", "--admin-web-port"])
            .Except(arguments)
            .SelectMany(flag => (string[])[flag, "0"]);

    public int Port { get; } = FreePort();
    public Uri Address => new($"http://127.0.0.1:{Port}/");
    public string Folder => _folder.FullName;
    public string Notes { get; private set; } = "";
    public int Id => _process!.Id;

    /// <summary>How many files it may have open; null for as many as we may.</summary>
    public int? OpenFiles { get; init; }

    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Where its log goes, as a shell says it; null for <see cref="Notes"/>.</summary>
    public string? Log { get; init; }

    /// <summary>Starts it, and answers when it does, with how long that took.</summary>
    public async Task<TimeSpan> StartAsync(string path = "info")
    {
        var began = TimeProvider.System.GetTimestamp();
        Launch();
        using var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(5) };
        while (true)
        {
            try
            {
                using var response = await http.GetAsync(path, TestContext.Current.CancellationToken);
                if (response.IsSuccessStatusCode)
                    return TimeProvider.System.GetElapsedTime(began);
            }
            // Refused, or taken and not answered: it is on its way up, on a machine that may have no time for it.
            catch (Exception e)
                when (e is HttpRequestException or TaskCanceledException { InnerException: TimeoutException }
                    && !_process!.HasExited
                    && TimeProvider.System.GetElapsedTime(began) < TestGateway.Patience
                )
            {
                await Task.Delay(10, TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>Starts what cannot start, and tells its exit code.</summary>
    public async Task<int> EndAsync()
    {
        Launch();
        await _process!.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    private void Launch()
    {
        var program = MusterProgram.Path;
        var before = OpenFiles is { } most ? $"ulimit -n {most}; " : "";
        var (file, arguments) =
            before.Length > 0 || Log is not null
                ? ("bash", (string[])["-c", $"{before}exec \"$0\" \"$@\" {Log}", program, .. _arguments])
                : (program, _arguments);
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.FullName,
        };
        start.Environment["XDG_STATE_HOME"] = start.Environment["HOME"] = _folder.FullName;
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Notes += line.Data + "\n";
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
        await _process.WaitForExitAsync(new CancellationTokenSource(TestGateway.Patience).Token);
        return _process.ExitCode;
    }

    /// <summary>Puts it to sleep (STOP) or wakes it (CONT).</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    private static int _lastPort = 20_000 + (System.Environment.ProcessId % 100 * 100);

    /// <summary>
    /// A port that nobody listens at. Tests that run beside each other get different ones, and no connection takes one
    /// of them for its own end meanwhile: those lie above.
    /// </summary>
    internal static int FreePort()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref _lastPort);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException) { } // it is taken
        }
    }
}
