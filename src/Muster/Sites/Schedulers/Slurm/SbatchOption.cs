using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>What Muster does with an option of <c>sbatch</c>.</summary>
internal enum SbatchFate
{
    /// <summary>Written into the job script.</summary>
    Passed,

    /// <summary>Left out with a warning, as Muster sets it by itself.</summary>
    SetAside,

    /// <summary>Stops the submission, as the job would not be what Muster believes it to be.</summary>
    Refused,
}

/// <summary>An option of <c>sbatch</c> that Muster knows, and how its value must look.</summary>
internal sealed partial record SbatchOption(string Name)
{
    public char? Short { get; init; }
    public Func<string, bool>? Accepts { get; init; }
    public string Example { get; init; } = "";
    public bool TakesValue { get; init; } = true;
    public bool NeedsValue { get; init; } = true;
    public SbatchFate Fate { get; init; } = SbatchFate.Passed;
    public string Reason { get; init; } = "";

    /// <summary>
    /// Of the options that share an alternative SLURM accepts one, so the later one replaces the earlier.
    /// </summary>
    public string? Alternative { get; init; }

    public static readonly IReadOnlyList<SbatchOption> Known =
    [
        Text("account", 'A'),
        new("array")
        {
            Short = 'a',
            Accepts = text => Array().IsMatch(text),
            Example = "0-9:2%3",
        },
        Text("begin", 'b'),
        SetAside("chdir", 'D', "a job starts in its run's own folder"),
        Text("clusters", 'M'),
        SetAside("comment", null, "the comment carries the run's id, by which Muster finds the job again"),
        Expression("constraint", 'C'),
        Expression("cluster-constraint", null),
        Expression("prefer", null),
        Switch("contiguous", null),
        Count("core-spec", 'S'),
        Count("cores-per-socket", null),
        Count("cpus-per-gpu", null),
        Count("cpus-per-task", 'c'),
        new("dependency")
        {
            Short = 'd',
            Accepts = text => Dependency().IsMatch(text),
            Example = "afterok:1234",
        },
        Text("distribution", 'm'),
        SetAside("error", 'e', "output is kept in the run's own logs"),
        Text("exclude", 'x'),
        Optional("exclusive", null) with
        {
            Alternative = "sharing",
        },
        SetAside("export", null, "a job's environment is written as `env` and `setup` of the site"),
        SetAside("export-file", null, "a job's environment is written as `env` and `setup` of the site"),
        Text("extra-node-info", 'B'),
        Gpus("gpus", 'G'),
        Gpus("gpus-per-node", null),
        Gpus("gpus-per-socket", null),
        Gpus("gpus-per-task", null),
        new("gres") { Accepts = text => Gres().IsMatch(text), Example = "gpu:1" },
        Refused("help", 'h', "it submits nothing"),
        Switch("hold", 'H'),
        SetAside("input", 'i', "a job reads nothing; let the command open its input"),
        SetAside("job-name", 'J', "the job is named after the run; give the run a name with `--name`"),
        Text("licenses", 'L'),
        Memory("mem") with
        {
            Alternative = "memory",
        },
        Memory("mem-per-cpu") with
        {
            Alternative = "memory",
        },
        Memory("mem-per-gpu") with
        {
            Alternative = "memory",
        },
        Count("mincpus", null),
        new("nice")
        {
            NeedsValue = false,
            Accepts = text => SignedNumber().IsMatch(text),
            Example = "100",
        },
        Switch("no-kill", 'k'),
        Switch("no-requeue", null) with
        {
            Alternative = "requeue",
        },
        Text("nodefile", 'F'),
        Text("nodelist", 'w'),
        new("nodes")
        {
            Short = 'N',
            Accepts = text => Nodes().IsMatch(text),
            Example = "2",
        },
        Count("ntasks", 'n'),
        Count("ntasks-per-core", null),
        Count("ntasks-per-gpu", null),
        Count("ntasks-per-node", null),
        Count("ntasks-per-socket", null),
        SetAside("open-mode", null, "output is kept in the run's own logs"),
        SetAside("output", 'o', "output is kept in the run's own logs"),
        Switch("overcommit", 'O'),
        Switch("oversubscribe", 's') with
        {
            Alternative = "sharing",
        },
        SetAside("parsable", null, "Muster asks for it by itself"),
        Text("partition", 'p'),
        Text("qos", 'q'),
        SetAside("quiet", 'Q', "Muster reads what sbatch says"),
        Switch("reboot", null),
        Switch("requeue", null) with
        {
            Alternative = "requeue",
        },
        Text("reservation", null),
        new("signal") { Accepts = text => Signal().IsMatch(text), Example = "B:USR1@120" },
        Count("sockets-per-node", null),
        Refused("test-only", null, "it submits nothing; `--dry-run` shows the script"),
        Count("threads-per-core", null),
        Time("time", 't'),
        Time("time-min", null),
        Memory("tmp"),
        Refused("usage", null, "it submits nothing"),
        SetAside("verbose", 'v', "Muster reads what sbatch says"),
        Refused("version", 'V', "it submits nothing"),
        Refused("wait", 'W', "sbatch would not return before the job has ended; `muster wait` waits"),
        Refused("wrap", null, "the command comes from `muster submit`"),
    ];

    private static readonly Dictionary<string, SbatchOption> ByName = Known.ToDictionary(option => option.Name);
    private static readonly Dictionary<char, SbatchOption> ByLetter = Known
        .Where(option => option.Short is not null)
        .ToDictionary(option => option.Short!.Value);

    public static SbatchOption? Find(string name) => ByName.GetValueOrDefault(name);

    public static SbatchOption? Find(char letter) => ByLetter.GetValueOrDefault(letter);

    private static SbatchOption Text(string name, char? letter) => new(name) { Short = letter };

    private static SbatchOption Optional(string name, char? letter) => new(name) { Short = letter, NeedsValue = false };

    private static SbatchOption Switch(string name, char? letter) =>
        new(name)
        {
            Short = letter,
            TakesValue = false,
            NeedsValue = false,
        };

    private static SbatchOption Count(string name, char? letter) =>
        new(name)
        {
            Short = letter,
            Accepts = text => Number().IsMatch(text),
            Example = "4",
        };

    private static SbatchOption Memory(string name) =>
        new(name) { Accepts = text => Bytes().IsMatch(text), Example = "12G" };

    private static SbatchOption Gpus(string name, char? letter) =>
        new(name)
        {
            Short = letter,
            Accepts = text => GpuCount().IsMatch(text),
            Example = "a100:2",
        };

    private static SbatchOption Time(string name, char? letter) =>
        new(name)
        {
            Short = letter,
            Accepts = text => TimeLimit.TryParse(text, out _),
            Example = "10:00:00, or 2-12:00:00",
        };

    private static SbatchOption Expression(string name, char? letter) =>
        new(name)
        {
            Short = letter,
            Accepts = text => Features().IsMatch(text),
            Example = "intel&gpu",
        };

    private static SbatchOption SetAside(string name, char? letter, string reason) =>
        Optional(name, letter) with
        {
            Fate = SbatchFate.SetAside,
            Reason = reason,
        };

    private static SbatchOption Refused(string name, char? letter, string reason) =>
        Optional(name, letter) with
        {
            Fate = SbatchFate.Refused,
            Reason = reason,
        };

    [GeneratedRegex(@"\A[0-9]{1,9}\z")]
    private static partial Regex Number();

    [GeneratedRegex(@"\A-?[0-9]{1,10}\z")]
    private static partial Regex SignedNumber();

    [GeneratedRegex(@"\A[0-9]{1,12}(?:[KMGTkmgt][Bb]?)?\z")]
    private static partial Regex Bytes();

    [GeneratedRegex(@"\A[0-9]{1,9}[KMkm]?(?:[-,:][0-9]{1,9}[KMkm]?)*\z")]
    private static partial Regex Nodes();

    // `gpu`, `gpu:2`, `gpu:a100:2`, `gres/gpu:1`, `tmpfs:100G`, and lists of them.
    [GeneratedRegex(
        @"\A[A-Za-z][A-Za-z0-9_./-]*(?::[A-Za-z0-9_.-]+){0,2}(?:,[A-Za-z][A-Za-z0-9_./-]*(?::[A-Za-z0-9_.-]+){0,2})*\z"
    )]
    private static partial Regex Gres();

    [GeneratedRegex(@"\A(?:[A-Za-z0-9_.-]+:)?[0-9]{1,6}(?:,(?:[A-Za-z0-9_.-]+:)?[0-9]{1,6})*\z")]
    private static partial Regex GpuCount();

    [GeneratedRegex(@"\A[0-9]+(?:-[0-9]+(?::[0-9]+)?)?(?:%[0-9]+)?(?:,[0-9]+(?:-[0-9]+(?::[0-9]+)?)?(?:%[0-9]+)?)*\z")]
    private static partial Regex Array();

    [GeneratedRegex(
        @"\A(?:singleton|(?:after(?:any|ok|notok|corr|burstbuffer)?|expand)(?::[0-9]+(?:_(?:[0-9]+|\*))?(?:\+[0-9]+)?)+)(?:[,?](?:singleton|(?:after(?:any|ok|notok|corr|burstbuffer)?|expand)(?::[0-9]+(?:_(?:[0-9]+|\*))?(?:\+[0-9]+)?)+))*\z"
    )]
    private static partial Regex Dependency();

    [GeneratedRegex(@"\A(?:[BR]{1,2}:)?(?:[A-Za-z][A-Za-z0-9+-]*|[0-9]{1,2})(?:@[0-9]{1,5})?\z")]
    private static partial Regex Signal();

    // The only values in which `&` and `|` mean something to SLURM; the line is a comment to the shell.
    [GeneratedRegex(@"\A[A-Za-z0-9_.,:=@*%&|!()\[\]-]+\z")]
    private static partial Regex Features();
}
