namespace Muster;

/// <summary>Tests that would disturb each other are in one collection, and so run one after the other. Those in none need SLURM, node1 or this machine as others do, and break nothing.</summary>
internal static class Sharing
{
    /// <summary>They break node2 or node3, or count on both.</summary>
    public const string Nodes = "node2 and node3";

    /// <summary>They lay the same stand-ins into the homes of muster-lab.</summary>
    public const string Containers = "containers";

    /// <summary>They kill PostgreSQL or the S3 server, or count on both.</summary>
    public const string Services = "PostgreSQL and S3";

    /// <summary>They break SLURM, or count what it is asked: nothing runs beside them.</summary>
    public const string Scheduler = "the scheduler alone";
}

[CollectionDefinition(Sharing.Scheduler, DisableParallelization = true)]
public sealed class SchedulerAlone;
