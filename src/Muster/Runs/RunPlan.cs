using System.Text.Json.Serialization;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>
/// A run with everything resolved and nothing done. It is stored beside the run on the site, so it holds no secret: of
/// the environment the names, and values only where they are none.
/// </summary>
public sealed record RunPlan
{
    /// <summary>Of what is written here; a plan without a version is of the first.</summary>
    public const int Newest = 1;

    public int Version { get; init; } = Newest;
    public required RunId Id { get; init; }
    public required string Name { get; init; }

    /// <summary>
    /// The name as it was asked for, where an earlier run had it already: <c>train</c> of <c>train-2</c>.
    /// </summary>
    public string? Series { get; init; }
    public required string Site { get; init; }

    /// <summary>The host of an ssh site that was chosen; null where the site has one way in.</summary>
    public string? Host { get; init; }

    /// <summary>What a cloud makes for it; null where machines are always there.</summary>
    public PlannedMachine? Machine { get; init; }

    /// <summary>How long that machine stays after the run, for the next one.</summary>
    public TimeSpan? Keep { get; init; }

    /// <summary>Whoever submitted it wants to be told of its start, after a long wait, and of its end.</summary>
    public bool Notify { get; init; }

    /// <summary>What its host tells by itself, as <c>notify: on</c> calls them.</summary>
    public IReadOnlyList<string> HostTells
    {
        get => field ?? [];
        init;
    }

    /// <summary>Of a start, only after so many seconds of waiting.</summary>
    public int? HostLongWait { get; init; }

    /// <summary>Of several hosts none sees the end of all.</summary>
    [JsonIgnore]
    public bool IsToldByHost => HostTells.Count > 0 && Hosts().Count == 1;
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The command is one line for the shell, as older tools took it.</summary>
    public bool RawLine { get; init; }
    public IReadOnlyList<string> Setup { get; init; } = [];

    /// <summary>The command starts also when a line of the setup has failed.</summary>
    public bool IgnoreSetupErrors { get; init; }

    /// <summary>Shell lines before the command alone, not before what runs beside it.</summary>
    public IReadOnlyList<string> JobLines
    {
        get => field ?? [];
        init;
    }
    public IReadOnlyList<string> EnvironmentNames { get; init; } = [];

    /// <summary>The values among them that are no secret: another time takes them from here.</summary>
    public IReadOnlyDictionary<string, string> Environment
    {
        get => field ?? new Dictionary<string, string>();
        init;
    }

    /// <summary>Where in the code the command starts, as at home.</summary>
    public string Folder { get; init; } = "";
    public IReadOnlyList<PlannedInput> Inputs { get; init; } = [];

    /// <summary>What the command reads; nothing where it is null.</summary>
    public PlannedStdin? Stdin { get; init; }

    /// <summary>It runs at a terminal of this kind, such as <c>xterm-256color</c>; at none where it is null.</summary>
    public string? Tty { get; init; }
    public IReadOnlyList<string> Outputs { get; init; } = [];
    public IReadOnlyList<PlannedPort> Ports { get; init; } = [];
    public IReadOnlyList<Companion> Companions { get; init; } = [];
    public string? Container { get; init; }
    public string? Runtime { get; init; }

    /// <summary>The registry is asked for the image although it is there.</summary>
    public bool PullImage { get; init; }

    /// <summary>The image on each host, filled in when it is at hand there.</summary>
    public IReadOnlyList<PlannedImage> Images
    {
        get => field ?? [];
        init;
    }
    public TimeSpan? Time { get; init; }
    public int? Gpus { get; init; }

    /// <summary>The processors that a rank takes of a host without a scheduler, where it was said.</summary>
    public int? Cpus { get; init; }

    /// <summary>A run that asks for nothing starts at once, as ever; indexes of an array wait their turn.</summary>
    [JsonIgnore]
    public int CpusOfRank => Cpus ?? (Array is null ? 0 : 1);

    /// <summary>The same in megabytes.</summary>
    public int? Memory { get; init; }

    /// <summary>What such a host has, where its site says so.</summary>
    public HostSlots? Slots { get; init; }

    /// <summary>The folder of the line that the hosts' users share.</summary>
    public string? Queue { get; init; }

    /// <summary>The hosts of which the one that is free soonest takes it; none where there is no choice.</summary>
    public IReadOnlyList<string> HostChoices
    {
        get => field ?? [];
        init;
    }

    /// <summary>What each host does of an array that several share; none where one does all.</summary>
    public IReadOnlyList<ArrayPart> ArrayParts
    {
        get => field ?? [];
        init;
    }

    /// <summary>Why it runs on <see cref="Host"/>, where there was a choice.</summary>
    public string? HostReason { get; init; }
    public ArraySpec? Array { get; init; }

    /// <summary>What each index of a sweep is given; none for any other run.</summary>
    public IReadOnlyList<SweepPoint> Points
    {
        get => field ?? [];
        init;
    }

    /// <summary>The first run of the sweep that this one does points of again, or adds points to.</summary>
    public RunId? SweepOf { get; init; }

    /// <summary>Words to find it by, given at submission.</summary>
    public IReadOnlyList<string> Tags
    {
        get => field ?? [];
        init;
    }

    /// <summary>It is not begun before this.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>It ends by this, or is not begun.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>It is launched again by itself after some ends.</summary>
    public PlannedRetry? Retry { get; init; }

    /// <summary>The parts of a run that work together; none for a run of one command.</summary>
    public IReadOnlyList<PlannedRole> Roles
    {
        get => field ?? [];
        init;
    }

    /// <summary>How the ranks of a framework are started: a <see cref="Muster.Runs.Roles.LaunchProfile"/>.</summary>
    public string? Launch { get; init; }

    /// <summary>What its hosts have left as results is one tree.</summary>
    public bool MergeResults { get; init; }

    /// <summary>How long the ranks wait for each other before any begins.</summary>
    public TimeSpan? ReadyWithin { get; init; }
    public IReadOnlyList<PlannedAfter> After { get; init; } = [];
    public TimeSpan? Stay { get; init; }

    /// <summary>For SLURM: the options as they stand in the script.</summary>
    public IReadOnlyList<string> BatchLines { get; init; } = [];

    /// <summary>Its site has one: a job for it always has options.</summary>
    [JsonIgnore]
    public bool HasScheduler => BatchLines.Count > 0;
    public bool Snapshot { get; init; } = true;
    public string? CodeMode { get; init; }

    /// <summary>The local folder that the code comes from.</summary>
    public required string WorkingFolder { get; init; }

    /// <summary>What it was made from, where it was no command.</summary>
    public string? Recipe { get; init; }

    /// <summary>
    /// Commands of muster for whoever has brought the results home; <c>$OUT</c> stands for their folder.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>> AfterFetch
    {
        get => field ?? [];
        init;
    }

    /// <summary>Filled in by the snapshot.</summary>
    public string? Commit { get; init; }
    public string? Branch { get; init; }

    /// <summary>How the line of a batch script begins that names the job.</summary>
    internal const string JobNameLine = "#SBATCH --job-name=";

    /// <summary>The scheduler's name for it: what a person called it, and the id that <c>ps</c> shows. Its comment
    /// holds
    /// the whole id.</summary>
    internal string JobName => $"{Name}-{Id.Short}";

    /// <summary>The same work as another run.</summary>
    public RunPlan As(RunId id) =>
        (
            this with
            {
                Id = id,
                BatchLines =
                [
                    .. BatchLines.Select(line => line.Replace(Id.ToString(), id.ToString(), StringComparison.Ordinal)),
                ],
            }
        ).WithItsJobName();

    /// <summary>Only some of the indices of an array, which keep their numbers.</summary>
    internal RunPlan Only(IReadOnlyList<int> indices)
    {
        var array = new ArraySpec(
            string.Join(',', indices) + (Array?.AtOnce is { } cap ? $"%{cap}" : ""),
            indices,
            Array?.AtOnce
        );
        return this with
        {
            Array = array,
            Points = [.. Points.Where(point => indices.Contains(point.Index))],
            BatchLines =
            [
                .. BatchLines.Select(line =>
                    line.StartsWith(ArrayLine, StringComparison.Ordinal) ? ArrayLine + array.Text : line
                ),
            ],
        };
    }

    /// <summary>Other points of the same sweep.</summary>
    internal RunPlan WithPoints(IReadOnlyList<SweepPoint> points) =>
        Only([.. points.Select(point => point.Index)]) with
        {
            Points = points,
        };

    private const string ArrayLine = "#SBATCH --array=";

    /// <summary>The same under another name, which is the next of a series.</summary>
    internal RunPlan Called(string name, string series) =>
        (this with { Name = name, Series = series }).WithItsJobName();

    private RunPlan WithItsJobName() =>
        this with
        {
            BatchLines =
            [
                .. BatchLines.Select(line =>
                    line.StartsWith(JobNameLine, StringComparison.Ordinal) ? JobNameLine + JobName : line
                ),
            ],
        };

    /// <summary>The parts that run: <c>main.0</c>, one for each index of an array, or the ranks of the roles.</summary>
    public IReadOnlyList<string> Ranks() =>
        Roles.Count > 0 ? [.. Roles.SelectMany(role => role.Ranks())]
        : Array is null ? ["main.0"]
        : [.. Array.Indices.Select(index => $"main.{index}")];

    /// <summary>The ports it may listen on, by name.</summary>
    public IReadOnlyList<string> PortNames() =>
        [.. Ports.Select(port => port.Name).Concat(Companions.Select(companion => companion.Name))];

    /// <summary>What has logs of its own: the ranks, and what runs beside them.</summary>
    public IReadOnlyList<string> LogNames() =>
        [
            .. Ranks()
                .SelectMany(rank =>
                    Companions.Select(companion => companion.Name + rank[rank.LastIndexOf('.')..]).Prepend(rank)
                )
                .Distinct(),
        ];

    /// <summary>The hosts that have a folder of this run, each once; the first is <see cref="Host"/>.</summary>
    public IReadOnlyList<string?> Hosts() =>
        Roles.Any(role => role.Hosts.Count > 0) ? [.. Roles.SelectMany(role => role.Hosts).Prepend(Host!).Distinct()]
        : ArrayParts.Count > 0 ? [.. ArrayParts.Select(part => part.Host)]
        : [Host];

    /// <summary>The ranks that one of its hosts runs.</summary>
    public IEnumerable<string> RanksOn(string? host) =>
        ArrayParts.FirstOrDefault(part => part.Host == host) is { } own ? own.Indices.Select(index => $"main.{index}")
        : Roles.Count > 0 ? Ranks().Where(rank => HostOf(rank) == host)
        : Ranks();

    /// <summary>Where a rank runs, as far as the plan says.</summary>
    public string? HostOf(string rank) =>
        Roles.FirstOrDefault(role => rank.StartsWith(role.Name + ".", StringComparison.Ordinal))
            is { Hosts.Count: > 0 } role
        && int.TryParse(
            rank.AsSpan(role.Name.Length + 1),
            System.Globalization.CultureInfo.InvariantCulture,
            out var index
        )
        && index < role.Hosts.Count
            ? role.Hosts[index]
        : ArrayParts.FirstOrDefault(part => part.Indices.Any(one => rank == $"main.{one}")) is { } own ? own.Host
        : Host;

    /// <summary>
    /// The folder's name below <c>runs/</c> on one of the hosts. They differ, as hosts may share their disk.
    /// </summary>
    public string FolderOn(string? host) =>
        Hosts().ToList().IndexOf(host) is > 0 and var at ? $"{Id}.{at}" : Id.ToString();
}
