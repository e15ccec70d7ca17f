namespace Muster.Cli.Context;

/// <summary>Where Muster keeps things on this machine.</summary>
public sealed record LocalFolders(string State, string Cache, string Sockets)
{
    public static LocalFolders Find()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsWindows())
        {
            var local = Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
                "muster"
            );
            return new(local, Path.Combine(local, "cache"), Path.Combine(local, "sockets"));
        }
        return new(
            Path.Combine(Variable("XDG_STATE_HOME") ?? Path.Combine(home, ".local", "state"), "muster"),
            Path.Combine(Variable("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "muster"),
            SocketFolder()
        );
    }

    // A socket's path has little room: 90 characters until OpenSSH has added its own.
    private static string SocketFolder()
    {
        var wanted = Variable("XDG_RUNTIME_DIR") is { } runtime ? Path.Combine(runtime, "muster") : null;
        return wanted is { Length: < 60 } && Directory.Exists(Path.GetDirectoryName(wanted))
            ? wanted
            : $"/tmp/muster-{Environment.UserName}";
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value && Path.IsPathRooted(value) ? value : null;
}
