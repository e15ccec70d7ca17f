namespace Muster.Runs;

/// <summary>A run with everything resolved and nothing done. It is stored beside the run on the site, so it holds no secret: of the environment only the names.</summary>
public sealed record RunPlan
{
    public required RunId Id { get; init; }
    public required string Name { get; init; }
    public required string Site { get; init; }

    /// <summary>The host of an ssh site that was chosen; null where the site has one way in.</summary>
    public string? Host { get; init; }
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The command is one line for the shell, as older tools took it.</summary>
    public bool RawLine { get; init; }
    public IReadOnlyList<string> Setup { get; init; } = [];
    /// <summary>Shell lines before the command alone, not before what runs beside it.</summary>
    public IReadOnlyList<string> JobLines { get => field ?? []; init; }
    public IReadOnlyList<string> EnvironmentNames { get; init; } = [];

    /// <summary>Where in the code the command starts, as at home.</summary>
    public string Folder { get; init; } = "";
    public IReadOnlyList<PlannedInput> Inputs { get; init; } = [];
    public IReadOnlyList<string> Outputs { get; init; } = [];
    public IReadOnlyList<PlannedPort> Ports { get; init; } = [];
    public IReadOnlyList<Companion> Companions { get; init; } = [];
    public string? Container { get; init; }
    public string? Runtime { get; init; }
    public TimeSpan? Time { get; init; }
    public int? Gpus { get; init; }
    public ArraySpec? Array { get; init; }
    public IReadOnlyList<PlannedAfter> After { get; init; } = [];
    public TimeSpan? Stay { get; init; }

    /// <summary>For SLURM: the options as they stand in the script.</summary>
    public IReadOnlyList<string> BatchLines { get; init; } = [];
    public bool Snapshot { get; init; } = true;
    public string? CodeMode { get; init; }

    /// <summary>The local folder that the code comes from.</summary>
    public required string WorkingFolder { get; init; }

    /// <summary>What it was made from, where it was no command.</summary>
    public string? Recipe { get; init; }

    /// <summary>Commands of muster for whoever has brought the results home; <c>$OUT</c> stands for their folder.</summary>
    public IReadOnlyList<IReadOnlyList<string>> AfterFetch { get => field ?? []; init; }

    /// <summary>Filled in by the snapshot.</summary>
    public string? Commit { get; init; }
    public string? Branch { get; init; }

    /// <summary>The parts that run: <c>main.0</c>, or one for each index of an array.</summary>
    public IReadOnlyList<string> Ranks() => Array is null ? ["main.0"] : [.. Array.Indices.Select(index => $"main.{index}")];
}

/// <summary>A local file or folder that the run finds as <c>$MUSTER_IN/NAME</c>.</summary>
public sealed record PlannedInput(string Path, string Name)
{
    /// <summary>Patterns of what is taken along of a folder; none for all of it.</summary>
    public IReadOnlyList<string> Only { get => field ?? []; init; }
}

/// <summary>A port of the run: a fixed number, or one that Muster hands to it.</summary>
public sealed record PlannedPort(string Name, int? Number);

/// <summary>Something that runs beside the job and ends with it, such as TensorBoard.</summary>
public sealed record Companion(string Name, string Script);

/// <summary>Another run on the same site that must have ended well before.</summary>
public sealed record PlannedAfter(RunId Id, string? Handle, string? Host);

/// <summary>The indices of an array and how many may run at once.</summary>
public sealed record ArraySpec(string Text, IReadOnlyList<int> Indices, int? AtOnce);
