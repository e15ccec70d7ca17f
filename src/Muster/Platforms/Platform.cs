using Muster.Faults;

namespace Muster.Platforms;

/// <summary>What this machine can do, asked once.</summary>
internal static class Platform
{
    public static string Name { get; } =
        OperatingSystem.IsWindows() ? "Windows"
        : OperatingSystem.IsMacOS() ? "macOS"
        : "Linux";

    /// <summary>The scripts that start and watch runs need Linux here as well as over there.</summary>
    public static bool RunsWork { get; } = OperatingSystem.IsLinux();

    /// <summary>Windows' OpenSSH has no shared connections: there, each operation connects.</summary>
    public static bool SharesConnections { get; } = !OperatingSystem.IsWindows();

    /// <summary>Starts a command in a session of its own; macOS and Windows have no such program.</summary>
    public static string? Setsid { get; } = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);

    /// <summary>Configuration for everybody on this machine.</summary>
    public static string SystemFolder { get; } =
        OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "muster")
            : "/etc/muster";

    /// <summary>A program that others bring is missing.</summary>
    public static UserException Lacks(string program, Exception missing) =>
        new(
            $"the program `{program}` is not on this machine",
            (program, Name) switch
            {
                ("ssh", "Windows") => "Install OpenSSH's client: Settings, System, Optional features.",
                ("ssh", "Linux") => "Install OpenSSH's client, for example: apt install openssh-client",
                _ => $"Install {program}, or put it on PATH.",
            },
            missing
        );

    /// <summary>Work that was to run on this machine, which cannot run it.</summary>
    public static UserException RunsNoWork() =>
        new(
            $"this machine runs {Name}, and Muster runs work on Linux only",
            "Name another site with -s: hosts behind SSH, or a SLURM cluster. `muster sites add` makes one."
        );
}
