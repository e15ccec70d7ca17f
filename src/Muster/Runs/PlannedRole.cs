namespace Muster.Runs;

/// <summary>Ranks of a run that do the same: <c>worker.0</c>, <c>worker.1</c> …</summary>
public sealed record PlannedRole(string Name, int Size)
{
    /// <summary>The host of each rank, on a site with several.</summary>
    public IReadOnlyList<string> Hosts
    {
        get => field ?? [];
        init;
    }

    /// <summary>
    /// Shell lines of its own: one for all of its ranks, or one for each; none for the run's command.
    /// </summary>
    public IReadOnlyList<string> Lines
    {
        get => field ?? [];
        init;
    }

    /// <summary>
    /// How many of its first ranks do the work. When all such ranks have ended well, the others have served and are
    /// ended.
    /// </summary>
    public int Working { get; init; } = Size;

    /// <summary>The roles behind it begin when each of its ranks listens on its port.</summary>
    public bool Listens { get; init; }
    public int? Gpus { get; init; }
    public int? Cpus { get; init; }
    public string? Memory { get; init; }

    public IEnumerable<string> Ranks(int? most = null) =>
        Enumerable.Range(0, most ?? Size).Select(index => $"{Name}.{index}");

    /// <summary>What one rank gets of a machine.</summary>
    internal (int?, int?, string?) Share => (Gpus, Cpus, Memory);
}
