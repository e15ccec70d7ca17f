using System.Diagnostics;

namespace Muster.Bench;

/// <summary>
/// What a benchmark stands on: the built program with a state of its own, the lab, and whole commands that are timed.
/// </summary>
internal sealed class Bed : IDisposable
{
    private readonly Dictionary<string, string> _environment;

    public Bed()
    {
        Folder = Directory.CreateTempSubdirectory("muster-bench-").FullName;
        Repository = Root(AppContext.BaseDirectory);
        LabRun =
            Environment.GetEnvironmentVariable("MUSTER_LAB_RUN") ?? Path.Combine(Repository, "tests", "lab", "run");
        SshConfig = Path.Combine(LabRun, "ssh_config");
        Muster = Path.Combine(Repository, ".build", "muster", "muster");
        _environment = new()
        {
            ["XDG_STATE_HOME"] = Path.Combine(Folder, "state"),
            ["XDG_CACHE_HOME"] = Path.Combine(Folder, "cache"),
            ["XDG_RUNTIME_DIR"] = Folder,
            ["MUSTER_CONFIG"] = Path.Combine(LabRun, "muster.yaml"),
            ["LC_ALL"] = "C",
        };
    }

    public string Folder { get; }

    /// <summary>A server to measure in place of our own gateway.</summary>
    public Uri? Server { get; set; }
    public string Repository { get; }
    public string LabRun { get; }
    public string SshConfig { get; }
    public string StateFolder => Path.Combine(Folder, "state", "muster");
    public string CacheFolder => Path.Combine(Folder, "cache", "muster");

    /// <summary>The program that is measured.</summary>
    public string Muster { get; set; }

    /// <summary>The one open connection that peers use too, as a careful user would set it up.</summary>
    public string Ssh(string host) =>
        $"ssh -F {SshConfig} -o ControlPath={Folder}/peer-{host} -o ControlMaster=auto -o ControlPersist=600 {host}";

    public string SshOptions(string host) =>
        $"-F {SshConfig} -o ControlPath={Folder}/peer-{host} -o ControlMaster=auto -o ControlPersist=600";

    public void EndPeer(string host) =>
        Run($"ssh -F {SshConfig} -o ControlPath={Folder}/peer-{host} -O exit {host} 2>/dev/null; :");

    public Process Start(string shell, string? folder = null)
    {
        var start = new ProcessStartInfo("bash")
        {
            WorkingDirectory = folder ?? Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(shell);
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Runs a whole command to its end and gives what it printed.</summary>
    public string Run(string shell, string? folder = null)
    {
        using var process = Start(shell, folder);
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"`{shell}` ended with {process.ExitCode}: {errors.Result}");
    }

    /// <summary>The median time of a whole command in seconds.</summary>
    public double Time(string shell, int times = 3, string? before = null, string? folder = null)
    {
        var seconds = new List<double>();
        for (var i = 0; i < times; i++)
        {
            if (before is not null)
                Run(before, folder);
            var began = Stopwatch.GetTimestamp();
            Run(shell, folder);
            seconds.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        return seconds.Order().ElementAt(times / 2);
    }

    /// <summary>
    /// The median times of several whole commands, run in turn so that what else the machine does falls on all alike.
    /// </summary>
    public IReadOnlyList<double> TimeInTurn(int times, string before, params IReadOnlyList<string> shells)
    {
        var rounds = Enumerable
            .Range(0, times)
            .Select(_ => shells.Select(shell => Time(shell, 1, before)).ToList())
            .ToList();
        return [.. shells.Select((_, at) => rounds.Select(round => round[at]).Order().ElementAt(times / 2))];
    }

    public void Lab(string words) => Run($"{Repository}/tests/lab/lab {words}");

    public void Dispose()
    {
        foreach (var host in (string[])["node1", "login"])
            EndPeer(host);
        Directory.Delete(Folder, recursive: true);
    }

    private static string Root(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Muster.slnx")))
                return folder.FullName;
        }
        throw new InvalidOperationException("run it from the repository");
    }
}
