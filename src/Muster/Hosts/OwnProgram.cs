namespace Muster.Hosts;

/// <summary>
/// How this program starts itself again: as the executable it is, or by the <c>dotnet</c> that runs it.
/// </summary>
internal static class OwnProgram
{
    private const string Name = "muster";

    public static IReadOnlyList<string> Words { get; } =
        Find(Environment.ProcessPath, AppContext.BaseDirectory, File.Exists);

    /// <param name="running">The executable of this process; a test runner's or <c>dotnet</c>, where Muster is a
    /// library in it.</param>
    internal static IReadOnlyList<string> Find(string? running, string folder, Func<string, bool> exists)
    {
        var assembly = Path.Combine(folder, $"{Name}.dll");
        if (running is not null && Path.GetFileNameWithoutExtension(running) == "dotnet" && exists(assembly))
            return [running, assembly];
        // Beside its assembly the executable has its own name; alone, as one file, it may have any.
        var executable = Path.Combine(folder, OperatingSystem.IsWindows() ? $"{Name}.exe" : Name);
        return exists(executable) ? [executable] : [running ?? executable];
    }
}
