using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Muster.Platforms;

namespace Muster.Hosts;

/// <summary>A process of ours whose streams are all ours. Disposing it ends it.</summary>
internal sealed partial class ChildProcess : IShellProcess
{
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public Stream Input => _process.StandardInput.BaseStream;
    public Stream Output => _process.StandardOutput.BaseStream;
    public Stream Errors => _process.StandardError.BaseStream;

    public static ChildProcess Start(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        }
        catch (Win32Exception missing)
        {
            throw Platform.CannotStart(start.FileName, missing);
        }
        var child = new ChildProcess(process);
        if (OperatingSystem.IsLinux() && child.Input is PipeStream pipe)
            _ = SetPipeSize(pipe.SafePipeHandle, SetSize, PipeBytes); // a refusal costs speed and nothing else
        return child;
    }

    public async Task<int> ExitCodeAsync(CancellationToken ct)
    {
        await _process.WaitForExitAsync(ct);
        return _process.ExitCode;
    }

    public ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
                _process.Kill();
        }
        catch (InvalidOperationException) { } // it ended in between
        _process.Dispose();
        return ValueTask.CompletedTask;
    }

    // A pipe holds 64 KB unless told otherwise: at a gigabit the two sides would wake each other two thousand times a
    // second.
    private const int SetSize = 1031,
        PipeBytes = 1 << 20;

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int SetPipeSize(SafeHandle pipe, int command, int bytes);
}
