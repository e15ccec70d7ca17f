namespace Muster.Runs.Follow;

/// <summary>Something that a follower of a run learns.</summary>
public abstract record RunEvent
{
    private RunEvent() { }

    /// <summary>What is known of the run changed: its state, its ports, its notes.</summary>
    public sealed record Changed(Run Run) : RunEvent;

    /// <summary>Bytes of a log, each exactly once and in order.</summary>
    public sealed record Log(string Name, long Offset, ReadOnlyMemory<byte> Bytes) : RunEvent
    {
        public bool IsError => Name.EndsWith(".err", StringComparison.Ordinal);
    }

    /// <summary>The site stopped answering. The run is not concerned by it.</summary>
    public sealed record ContactLost(DateTimeOffset Since, string Why) : RunEvent;

    public sealed record ContactBack(TimeSpan After) : RunEvent;
}
