using Muster.Configuration;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>
/// Reads jobs: those below <c>jobs:</c>, and one in a file of its own. A key is an option of `submit` by its name.
/// </summary>
public static class JobReader
{
    public const string FileName = "muster.job.yaml";
    public const string FileEnding = ".job.yaml";

    private static readonly ConfigKey<JobCommand> Command = new(
        "command",
        JobShapes.Command,
        "what to run: a line for the shell, or a list of words"
    );

    private static readonly IReadOnlyList<ConfigKey<IReadOnlyList<string>>> OptionKeys =
    [
        new("site", JobShapes.Text, "where it runs"),
        new("name", JobShapes.Text, "the name of the run; by default the job's"),
        new("tag", JobShapes.Texts, "words to find the run by"),
        new("host", JobShapes.Text, "a host of an ssh site, or a type of machine of a cloud site"),
        new("gpus", JobShapes.Count, "GPUs"),
        new("cpus", JobShapes.Count, "processors"),
        new("memory", JobShapes.Memory, "memory, such as 12G"),
        new("time", JobShapes.Time, "the time limit"),
        new("nodes", JobShapes.Count, "nodes (SLURM)"),
        new("set", JobShapes.Pairs, "sbatch options"),
        new("env", JobShapes.Pairs, "environment variables; one without a value gets that of the submission"),
        new("secret", JobShapes.Names, "the same, for variables whose values are not remembered"),
        new("input", JobShapes.Inputs, "files and folders that the command finds in $MUSTER_IN"),
        new("exclude", JobShapes.Texts, "patterns of files that are left out of the inputs"),
        new("stdin", JobShapes.Flag, "send standard input along"),
        new("output", JobShapes.Texts, "patterns of files to fetch at the end"),
        new("port", JobShapes.Pairs, "ports to forward"),
        new("tensorboard", JobShapes.Text, "the folder that TensorBoard shows"),
        new("container", JobShapes.Text, "the container image"),
        new("pull-image", JobShapes.Flag, "check the registry for a newer image"),
        new("array", JobShapes.Indices, "run once for each index"),
        new("role", JobShapes.Pairs, "ranks that work together"),
        new("role-command", JobShapes.Pairs, "a shell command for each role"),
        new("launch", JobShapes.Text, "how ranks find each other"),
        new("ready-within", JobShapes.Time, "how long ranks wait for each other"),
        new("after", JobShapes.Texts, "runs that must have succeeded first"),
        new("at", JobShapes.Text, "not before this time: 18:30, 2026-12-01 06:00, or 2h from the submission"),
        new("deadline", JobShapes.Text, "not after this time"),
        new("retry", JobShapes.Count, "launch it again up to so many times"),
        new("on", JobShapes.Text, "the ends after which it is launched again"),
        new("grow-memory", JobShapes.Text, "after running out of memory, ask for this many times as much"),
        new("resume", JobShapes.Text, "a shell line that retries run instead of the command"),
        new("any", JobShapes.Flag, "run on the site that begins it soonest"),
        new("tty", JobShapes.Flag, "run it at a terminal"),
        new("stay", JobShapes.Time, "how long TensorBoard stays after the end"),
        new("keep", JobShapes.Time, "how long a cloud's machine stays after the end"),
        new("notify", JobShapes.Flag, "tell me when it ends"),
        new("detach", JobShapes.Flag, "do not follow the run"),
        new("no-snapshot", JobShapes.Flag, "do not send the folder"),
        new("no-fetch", JobShapes.Flag, "do not fetch results"),
        new("raw", JobShapes.Flag, "pass the command to the shell as one string"),
        new("on-interrupt", JobShapes.Interrupt, "what Ctrl-C does"),
    ];

    /// <summary>The names of the options that a job may have.</summary>
    public static IEnumerable<string> OptionNames => OptionKeys.Select(key => key.Name);

    private static ConfigKey[] Keys => [Command, .. OptionKeys];

    /// <summary>A job without its name and folder, as these stand outside of it.</summary>
    internal static readonly ConfigShape<JobDraft> Shape = ConfigShape.Part(
        "a job",
        Keys,
        (section, node, file) => JobOf(section, node, file)
    );

    internal static readonly ConfigShape<IReadOnlyDictionary<string, JobDraft>> Table = ConfigShape.Map(
        "a job's name: use letters, digits, '.', '_' and '-', starting with a letter or digit",
        IsName,
        Shape
    );

    public static bool IsName(string name) =>
        name.Length is > 0 and <= 100
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>The job beside the code: in this folder, or the nearest above it.</summary>
    public static JobDraft? FindBeside(ConfigSources sources)
    {
        for (var folder = new DirectoryInfo(sources.Folder); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, FileName);
            if (File.Exists(path))
                return ReadFile(path, sources);
        }
        return null;
    }

    /// <summary>The one job of a file; throws <see cref="ConfigException"/> with all that is wrong in it.</summary>
    public static JobDraft ReadFile(string path, ConfigSources sources)
    {
        var file = new ConfigFile(path, sources);
        JobDraft? job = null;
        if (file.Load() is { } root)
            Shape.Read(root, file, out job);
        else if (file.Mistakes.Count == 0)
            file.Mistakes.Add(new(new(sources.Shown(path)), "the file is empty; a job needs a `command`"));
        if (file.Mistakes.Count > 0)
            throw new ConfigException([.. file.Mistakes.OrderBy(mistake => mistake.Origin.Line ?? 0)]);
        var name = job!.Options.FirstOrDefault(option => option.Name == "name")?.Values[0];
        var stem = Path.GetFileName(path)[..^FileEnding.Length];
        return job with
        {
            Name = name ?? (Path.GetFileName(path) == FileName ? Path.GetFileName(file.Folder) : stem),
            Folder = file.Folder,
        };
    }

    private static JobDraft JobOf(ConfigSection section, YamlNode node, ConfigFile file)
    {
        var command = section.Has(Command) ? section.Get(Command, null!) : new([], false);
        if (command.Words.Count == 0 && !section.Has(OptionKeys.Single(key => key.Name == "role")))
            file.Mistake(node, "a job needs a `command`");
        return new("", null, file.At(node))
        {
            Command = command.Words,
            IsShellText = command.IsShellText,
            Options = [.. OptionKeys.Where(section.Has).Select(key => new JobOption(key.Name, section.Get(key, [])))],
        };
    }
}
