namespace Muster.Runs.Submit;

/// <summary>What a person asks for, before the site's defaults are known.</summary>
public sealed record SubmitRequest
{
    public required IReadOnlyList<string> Command { get; init; }
    public string? Name { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    public string? Host { get; init; }
    public int? Gpus { get; init; }
    public int? Cpus { get; init; }
    public string? Memory { get; init; }
    public string? Time { get; init; }
    public int? Nodes { get; init; }
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary><c>NAME=VALUE</c>, or <c>NAME</c> for the value it has here.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>The same, of what is not to be remembered.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Patterns of what of the inputs stays here.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The command reads what is given here as standard input.</summary>
    public bool Stdin { get; init; }

    /// <summary>The kind of terminal that it is to run at; null for none.</summary>
    public string? Tty { get; init; }
    public IReadOnlyList<string> Outputs { get; init; } = [];
    public IReadOnlyList<string> Ports { get; init; } = [];
    public string? TensorBoard { get; init; }
    public string? Container { get; init; }
    public bool PullImage { get; init; }
    public string? Array { get; init; }

    /// <summary>The points of a sweep, one for each index of <see cref="Array"/>.</summary>
    public IReadOnlyList<SweepPoint> Points { get; init; } = [];

    /// <summary>
    /// <c>NAME=COUNT</c>, <c>NAME=HOST,HOST</c> or <c>NAME</c>, with more behind commas: see <see cref="RoleReader"/>.
    /// </summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary><c>NAME=LINE</c>: a shell line for one role.</summary>
    public IReadOnlyList<string> RoleCommands { get; init; } = [];
    public string? Launch { get; init; }
    public string? ReadyWithin { get; init; }
    public IReadOnlyList<string> After { get; init; } = [];
    public string? Stay { get; init; }

    /// <summary>It is not begun before this.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>It ends by this, or is not begun.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>The ends after which it is launched again.</summary>
    public PlannedRetry? Retry { get; init; }

    /// <summary>How long a machine that is made for the run stays after it.</summary>
    public string? Keep { get; init; }

    /// <summary>Tell of its start, after a long wait, and of its end.</summary>
    public bool Notify { get; init; }
    public bool Snapshot { get; init; } = true;
    public bool RawLine { get; init; }
    public required string WorkingFolder { get; init; }

    /// <summary>Where paths of inputs begin, where that is another folder.</summary>
    public string? InputFolder { get; init; }

    /// <summary>
    /// Options from an <c>sbatch.json</c> in the working folder and the like, weaker than <see cref="Set"/>.
    /// </summary>
    public Sites.Schedulers.Slurm.SbatchOptions FolderOptions { get; init; } =
        Sites.Schedulers.Slurm.SbatchOptions.None;
}
