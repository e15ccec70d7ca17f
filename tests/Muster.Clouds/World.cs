namespace Muster.Clouds;

/// <summary>
/// What all stand-ins share: the time, the chance, all things that cost money, the faults to come, and a diary of every
/// request. It is one for all its providers, so that one test can look at all of them. Everything in it is touched
/// under its lock.
/// </summary>
public sealed class World(TimeProvider clock, int seed)
{
    // Machines that can be signed in to have addresses by their numbers: two worlds on one machine share none.
    private long _lastId = 1_000_000 + (1000 * (seed % 60));

    public Lock Lock { get; } = new();
    public TimeProvider Clock { get; } = clock;
    public DateTimeOffset Now => Clock.GetUtcNow();
    public Random Random { get; } = new(seed);
    public FaultPlan Faults { get; } = new(new Random(seed + 1));
    public Bill Bill { get; } = new();

    /// <summary>Null where a machine is an entry in a list and nothing else.</summary>
    public RealMachines? Real { get; init; }

    /// <summary>All machines that ever were.</summary>
    public List<WorldMachine> Machines { get; } = [];

    /// <summary>What was asked, in order.</summary>
    public List<WorldRequest> Requests { get; } = [];

    public long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>A UUID that the seed decides.</summary>
    public Guid NextUuid()
    {
        var bytes = new byte[16];
        Random.NextBytes(bytes);
        return new(bytes);
    }

    public IEnumerable<WorldMachine> Alive(string provider) =>
        Machines.Where(machine => machine.Provider == provider && machine.Gone is null);

    /// <summary>Requests whose method and path begin so, such as <c>POST /v1/servers</c>.</summary>
    public int Count(string provider, string beginning)
    {
        lock (Lock)
            return Requests.Count(request =>
                request.Provider == provider && request.What.StartsWith(beginning, StringComparison.Ordinal)
            );
    }
}

/// <summary>One request, with what was answered.</summary>
/// <param name="What">Method, path and query.</param>
public sealed record WorldRequest(string Provider, DateTimeOffset At, string What, string Body)
{
    public int? Status { get; set; }
}

/// <summary>A machine of any provider; what only one provider knows of it stands in a class of its own.</summary>
public class WorldMachine
{
    public required string Provider { get; init; }
    public required string Id { get; init; }
    public required string Name { get; set; }
    public required string Type { get; init; }
    public required string Place { get; init; }
    public required DateTimeOffset Created { get; init; }
    public string UserData { get; set; } = "";
    public string? Address { get; set; }

    /// <summary>The provider's own word for what it does.</summary>
    public required string State { get; set; }

    /// <summary>When it was really gone.</summary>
    public DateTimeOffset? Gone { get; set; }
    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();
    public IReadOnlyList<string> Tags { get; set; } = [];
}
