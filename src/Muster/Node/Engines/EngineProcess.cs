using System.Diagnostics;
using System.Globalization;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Node.Engines;

/// <summary>
/// An engine's program in a session of its own. It outlives a node that is killed, and writes its output and its exit
/// code into files by itself;
/// so the next node goes on with it. Whoever ends it waits until nothing of it is left.
/// </summary>
internal static class EngineProcess
{
    public const string Mark = "MUSTER_TASK";
    public const string ProgressPort = "MUSTER_PROGRESS_PORT";
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <param name="tick">Called now and then while it runs.</param>
    /// <param name="clean">Ends what a program leaves elsewhere, such as a container.</param>
    /// <returns>The exit code; -1 when the program vanished without one.</returns>
    public static async Task<int> RunAsync(
        EngineWork work,
        EngineCommand command,
        Action tick,
        Func<Task> clean,
        CancellationToken ct
    )
    {
        if (!OperatingSystem.IsLinux())
            return await ChildAsync(work, command, ct);
        var (pid, exit) = (Path.Combine(work.Notes, "pid"), Path.Combine(work.Notes, "exit"));
        var isThere = IsRunning(work.Uuid, pid) || File.Exists(exit);
        if (!isThere)
        {
            await EndAsync(work, clean); // of a start that a killed node did not see through
            ct.ThrowIfCancellationRequested();
        }
        try
        {
            if (!isThere)
                await StartAsync(work, command, ct);
            while (!File.Exists(exit))
            {
                // The exit record may come between the two looks.
                if (!IsRunning(work.Uuid, pid) && !File.Exists(exit))
                    return -1;
                tick();
                await Task.Delay(Step, ct);
            }
            tick();
            return int.Parse(await File.ReadAllTextAsync(exit, ct), CultureInfo.InvariantCulture);
        }
        finally
        {
            // The program may have left others behind; they end with it.
            await EndAsync(work, clean);
            File.Delete(pid);
            // The record of an end stays: should the node be killed before the result is packed, the next one need not
            // compute again.
            if (ct.IsCancellationRequested)
                File.Delete(exit);
        }
    }

    private static async Task StartAsync(EngineWork work, EngineCommand command, CancellationToken ct)
    {
        Directory.CreateDirectory(work.Notes);
        var start = OwnSession.Command(
            "sh",
            ["-c", ShellScripts.Read("Node/Engines/engine.sh"), "engine", work.Notes, .. command.Words]
        );
        Prepare(start, work, command);
        using var process = Process.Start(start)!;
        // The shell writes its number as its first act; without it nobody could find it again.
        while (!File.Exists(Path.Combine(work.Notes, "pid")) && !process.HasExited)
            await Task.Delay(1, ct);
    }

    private static void Prepare(ProcessStartInfo start, EngineWork work, EngineCommand command)
    {
        start.WorkingDirectory = command.Folder;
        EngineEnvironment.Limit(start.Environment);
        start.Environment[Mark] = work.Uuid;
        start.Environment[ProgressPort] = work.ProgressPort.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
    }

    /// <summary>
    /// Where processes cannot be found by their environment: a plain child, which ends with its node.
    /// </summary>
    internal static async Task<int> ChildAsync(EngineWork work, EngineCommand command, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command.Words[0], command.Words.Skip(1)) { RedirectStandardOutput = true };
        Prepare(start, work, command);
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, said) =>
        {
            if (said.Data is { } line)
                work.Output.Say(line);
        };
        process.Start();
        process.BeginOutputReadLine();
        try
        {
            await process.WaitForExitAsync(ct);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static bool IsRunning(string uuid, string pidFile) =>
        File.Exists(pidFile)
        && int.TryParse(File.ReadAllText(pidFile), out var pid)
        && LinuxProcesses.IsAlive(pid)
        && LinuxProcesses.HasInEnvironment(pid, $"{Mark}={uuid}");

    /// <summary>
    /// TERM to all that belongs to the task, KILL to what is left after a while, until there is nothing.
    /// </summary>
    private static async Task EndAsync(EngineWork work, Func<Task> clean)
    {
        var told = Stopwatch.StartNew();
        var termed = new HashSet<int>();
        while (LinuxProcesses.Marked($"{Mark}={work.Uuid}") is { Count: > 0 } left)
        {
            foreach (var pid in left)
            {
                if (told.Elapsed > work.EndPatience)
                    LinuxProcesses.Kill(pid);
                else if (termed.Add(pid))
                    LinuxProcesses.Terminate(pid);
            }
            await Task.Delay(Step);
        }
        await clean();
    }
}

/// <summary>A program and its arguments, never a line for a shell.</summary>
internal sealed record EngineCommand(IReadOnlyList<string> Words, string Folder)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
