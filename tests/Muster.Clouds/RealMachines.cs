using System.Diagnostics;

namespace Muster.Clouds;

/// <summary>
/// Machines that can be signed in to: each is a process of <c>tests/lab/machine</c>, which lives as long as the machine
/// runs. It needs root, and names that end in eight digits of their own.
/// </summary>
public sealed class RealMachines(string script) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Process> _running = [];

    /// <param name="ended">It has switched itself off.</param>
    public void Start(WorldMachine machine, string address, Action ended)
    {
        var data = Path.GetTempFileName();
        File.WriteAllText(data, machine.UserData);
        var process = new Process
        {
            StartInfo = new(script, [machine.Name, address, data]) { RedirectStandardOutput = true },
            EnableRaisingEvents = true,
        };
        process.Exited += (_, _) =>
        {
            File.Delete(data);
            lock (_lock)
            {
                if (!_running.Remove(machine.Id))
                    return; // it was us
            }
            ended();
        };
        lock (_lock)
            _running[machine.Id] = process;
        // Its first line says that its address leads to it. All else that it prints is dropped.
        var up = new TaskCompletionSource();
        process.OutputDataReceived += (_, _) => up.TrySetResult();
        process.Start();
        process.BeginOutputReadLine();
        up.Task.Wait(TimeSpan.FromSeconds(20));
    }

    public void Stop(WorldMachine machine)
    {
        Process? process;
        lock (_lock)
            _running.Remove(machine.Id, out process);
        if (process is not null)
            End(process);
    }

    public void Dispose()
    {
        List<Process> all;
        lock (_lock)
        {
            all = [.. _running.Values];
            _running.Clear();
        }
        all.ForEach(End);
    }

    /// <summary>Politely, so that it removes its network.</summary>
    private static void End(Process process)
    {
        using var kill = Process.Start("kill", [$"{process.Id}"]);
        kill.WaitForExit();
        process.WaitForExit(TimeSpan.FromSeconds(20));
    }
}
