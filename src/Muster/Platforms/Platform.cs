using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Muster.Faults;

namespace Muster.Platforms;

/// <summary>What this machine can do, asked once.</summary>
internal static partial class Platform
{
    public static string Name { get; } =
        OperatingSystem.IsWindows() ? "Windows"
        : OperatingSystem.IsMacOS() ? "macOS"
        : "Linux";

    /// <summary>The scripts that start and watch runs need Linux here as well as over there.</summary>
    public static bool RunsWork { get; } = OperatingSystem.IsLinux();

    /// <summary>Windows' OpenSSH has no shared connections: there, each operation connects.</summary>
    public static bool SharesConnections { get; } = !OperatingSystem.IsWindows();

    /// <summary>A double click started this program: Windows made a console for it alone.</summary>
    public static bool HasConsoleAlone { get; } = OperatingSystem.IsWindows() && ConsoleProcesses(new uint[2], 2) == 1;

    [LibraryImport("kernel32", EntryPoint = "GetConsoleProcessList")]
    private static partial uint ConsoleProcesses([Out] uint[] processes, uint most);

    /// <summary>Starts a command in a session of its own; macOS and Windows have no such program.</summary>
    public static string? Setsid { get; } = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);

    /// <summary>Configuration for everybody on this machine.</summary>
    public static string SystemFolder { get; } =
        OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "muster")
            : "/etc/muster";

    /// <summary>A program could not be started because it is not there; sockets have faults of this kind too.</summary>
    public static bool IsMissing(Win32Exception fault) => fault is not SocketException && fault.NativeErrorCode == 2;

    /// <summary>A program that others bring could not be started.</summary>
    public static UserException CannotStart(string program, Win32Exception fault) =>
        !IsMissing(fault)
            ? new(
                $"the program `{program}` could not be started: {new Win32Exception(fault.NativeErrorCode).Message}",
                $"Check that `{program}` runs in a terminal on this machine.",
                fault
            )
            : new(
                $"the program `{program}` is not installed on this machine",
                (program, Name) switch
                {
                    ("ssh", "Windows") => "Install the OpenSSH client: Settings, System, Optional features.",
                    ("ssh", "Linux") => "Install the OpenSSH client, for example: apt install openssh-client",
                    _ => $"Install {program}, or put it on PATH.",
                },
                fault
            );

    /// <summary>A job was to run on this machine, which cannot run any.</summary>
    public static UserException RunsNoWork() =>
        new(
            $"jobs cannot run on this machine: it runs {Name}, and jobs need Linux",
            "Choose another site with -s: SSH hosts or a SLURM cluster. Add one with `muster sites add`."
        );
}
