using Xunit.Sdk;
using Xunit.v3;

[assembly: CollectionBehavior(MaxParallelThreads = 5)] // they wait more than they compute
[assembly: TestCollectionOrderer(typeof(Muster.LongestFirst))]

namespace Muster;

/// <summary>
/// Tests that would disturb each other are in one collection, and so run one after the other. Those in none need SLURM,
/// node1 or this machine as others do, and break nothing.
/// </summary>
internal static class Sharing
{
    /// <summary>They break node2 or node3, or count on both.</summary>
    public const string Nodes = "node2 and node3";

    /// <summary>They break node5 or node6, or count on node4 to node6.</summary>
    public const string Roles = "node4 to node6";

    /// <summary>They pull with the same stand-in for Apptainer, into the home of muster-lab on node1.</summary>
    public const string Containers = "containers";

    /// <summary>They change the program and the images of DROID-SLAM on node7.</summary>
    public const string Droid = "DROID-SLAM";

    /// <summary>They kill PostgreSQL or the S3 server, or count on both.</summary>
    public const string Services = "PostgreSQL and S3";

    /// <summary>They compute for long, with all the processors.</summary>
    public const string Processors = "the processors";

    /// <summary>A trait of those that compute for minutes: `./test soak` runs them, `./test` does not.</summary>
    public const string Takes = "Takes",
        Long = "long";

    /// <summary>They break SLURM, or count what it is asked: nothing runs beside them.</summary>
    public const string Scheduler = "the scheduler alone";
}

[CollectionDefinition(Sharing.Scheduler, DisableParallelization = true)]
public sealed class SchedulerAlone;

/// <summary>What begins last and takes long is waited for alone.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        Sharing.Roles,
        Sharing.Droid,
        Sharing.Containers,
        Sharing.Nodes,
        Sharing.Processors,
        Sharing.Services,
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections
    )
        where TTestCollection : ITestCollection =>
        [
            .. testCollections.OrderBy(collection =>
                Array.IndexOf(Longest, collection.TestCollectionDisplayName) is >= 0 and var at ? at : Longest.Length
            ),
        ];
}
