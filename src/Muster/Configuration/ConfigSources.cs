using Muster.Platforms;

namespace Muster.Configuration;

/// <summary>
/// Where the configuration is looked for: the working folder, the environment, and the machine's own file.
/// </summary>
public sealed record ConfigSources(string Folder, IReadOnlyDictionary<string, string> Environment)
{
    public const string FileName = "muster.yaml";

    public string SystemFile { get; init; } = Path.Combine(Platform.SystemFolder, "config.yaml");

    public string? Home => Find("HOME") ?? Find("USERPROFILE");

    /// <summary>The file that <c>MUSTER_CONFIG</c> names in place of the search upward.</summary>
    public string? NamedFile => Find("MUSTER_CONFIG") is { } path ? LocalPath(path, Folder) : null;

    /// <summary>The user's own file, whether it is there or not.</summary>
    public string? UserFile =>
        (Find("XDG_CONFIG_HOME") ?? (Home is null ? null : Path.Combine(Home, ".config"))) is { } folder
            ? Path.Combine(folder, "muster", "config.yaml")
            : null;

    /// <summary>The files to read, the nearest first. A named file is listed even when it is missing.</summary>
    public IReadOnlyList<string> Files()
    {
        IEnumerable<string?> others = [UserFile, SystemFile];
        return [.. others.Where(File.Exists).Prepend(NamedFile ?? ProjectFile()).OfType<string>().Distinct()];
    }

    /// <summary>Every file that is looked for, the nearest first.</summary>
    public IReadOnlyList<ConfigCandidate> Candidates()
    {
        var read = Files();
        var nearest =
            NamedFile is { } named ? new ConfigCandidate(named, "MUSTER_CONFIG", File.Exists(named))
            : ProjectFile() is { } found
                ? new ConfigCandidate(found, "the nearest of this folder and those above", true)
            : new ConfigCandidate(Path.Combine(Folder, FileName), "this folder and those above", false);
        ConfigCandidate?[] others =
        [
            UserFile is { } user ? new(user, "your own", read.Contains(user)) : null,
            new(SystemFile, "the machine's", read.Contains(SystemFile)),
        ];
        return [nearest, .. others.OfType<ConfigCandidate>()];
    }

    /// <summary>Where a new site is written: the nearest <c>muster.yaml</c>, else the user's own file.</summary>
    public string FileToAddTo() => NamedFile ?? ProjectFile() ?? UserFile ?? Path.Combine(Folder, FileName);

    /// <summary>A variable that is set to something.</summary>
    public string? Find(string variable) =>
        Environment.TryGetValue(variable, out var value) && value.Length > 0 ? value : null;

    /// <summary>
    /// A path on this machine, with our own <c>~</c>; <paramref name="beside"/> is where a relative one starts.
    /// </summary>
    public string LocalPath(string path, string beside)
    {
        foreach (var home in (string[])["~", "$HOME", "${HOME}"])
        {
            if (Home is not null && (path == home || path.StartsWith(home + "/", StringComparison.Ordinal)))
            {
                return Path.GetFullPath(Path.Join(Home, path[home.Length..]));
            }
        }
        return Path.GetFullPath(path, Path.GetFullPath(beside));
    }

    /// <summary>How a file is named to the user: as seen from the working folder when it lies below.</summary>
    public string Shown(string path)
    {
        var relative = Path.GetRelativePath(Folder, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private string? ProjectFile()
    {
        for (var folder = new DirectoryInfo(Folder); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, FileName);
            if (File.Exists(path))
                return path;
        }
        return null;
    }
}

/// <summary>A file that the configuration may stand in.</summary>
/// <param name="What">Why it is looked for.</param>
public sealed record ConfigCandidate(string Path, string What, bool IsRead);
