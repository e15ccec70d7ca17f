using Muster.Sites.Schedulers;

namespace Muster.Sites.Clouds;

/// <summary>
/// A provider of machines: each has a folder of its own. Nothing here repeats a call that creates; who asks decides
/// about repeats, as only the store knows what was asked for. Every fault is a <see cref="CloudException"/>.
/// </summary>
public interface ICloud : IDisposable
{
    /// <summary>
    /// One attempt to make a machine, in one place. It never throws for what the provider or the network does: a call
    /// that was sent and not answered is <see cref="CreateAnswer.Doubtful"/>.
    /// </summary>
    Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct);

    /// <summary>
    /// What became of an attempt: the machine that bears its name and mark. An empty answer proves nothing before the
    /// grace time is over.
    /// </summary>
    Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct);

    /// <summary>The machine as it is now; null when the provider says that there is none.</summary>
    Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct);

    /// <summary>
    /// Everything with the fleet's mark, in all places that the site names and all of <paramref name="alsoIn"/>, all
    /// pages, all kinds. Throws rather than leave out what it could not see.
    /// </summary>
    Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct);

    /// <summary>
    /// Brings a machine and everything that came with it one step nearer to its end; may be called at any moment, as
    /// often as one likes. True once all of it is proved gone.
    /// </summary>
    Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct);

    /// <summary>What the machine wrote on its console, where the provider keeps that.</summary>
    Task<string?> ConsoleAsync(string place, string id, CancellationToken ct);

    /// <summary>What the types cost in the places that the site names.</summary>
    Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct);

    /// <summary>
    /// Everything that is wrong with the site, at once, by reads and calls that cannot succeed; at most ten requests.
    /// </summary>
    Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct);
}

/// <summary>
/// One attempt to make a machine. What stands here is stored before it is sent; a repeat sends the same.
/// </summary>
public sealed record MachineOrder
{
    /// <summary>Of the machine that is wanted, whatever the attempts for it.</summary>
    public required Guid Id { get; init; }

    /// <summary>Counts from 1; each attempt has a token of its own.</summary>
    public required int Attempt { get; init; }

    /// <summary>Who ordered it: twelve hexadecimal digits, made once for each installation.</summary>
    public required string Fleet { get; init; }

    /// <summary>Its absolute end, whatever happens.</summary>
    public required DateTimeOffset Until { get; init; }
    public required string Place { get; init; }
    public required string Type { get; init; }
    public required string Image { get; init; }
    public int? DiskGb { get; init; }
    public bool Spot { get; init; }
    public decimal? SpotPrice { get; init; }

    /// <summary>What <c>cloud-init</c> gets. It holds the machine's private host key, and no other secret.</summary>
    public required string UserData { get; init; }

    /// <summary>The public half of the key with which we come in.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Labels that the user wants beside our marks.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public string NamePrefix { get; init; } = "muster";

    /// <summary>The machine's name: the same for all attempts, and fit for every provider.</summary>
    public string Name => NameOf(NamePrefix, Id);

    public static string NameOf(string prefix, Guid id) => $"{prefix}-{id.ToString("N")[^12..]}";
}

/// <summary>What became of an attempt to make a machine.</summary>
public abstract record CreateAnswer
{
    private CreateAnswer() { }

    public sealed record Made(CloudMachine Machine) : CreateAnswer;

    /// <summary>Nothing was made, and the provider said so.</summary>
    public sealed record Refused(CloudException Fault) : CreateAnswer;

    /// <summary>It was sent, and nobody knows what became of it.</summary>
    public sealed record Doubtful(string Why) : CreateAnswer;

    /// <summary>What a fault of the one call that creates means.</summary>
    public static CreateAnswer After(CloudException fault) =>
        fault is { Fault: CloudFault.Upstream, NeverSent: false } ? new Doubtful(fault.Message) : new Refused(fault);
}

/// <summary>What is known of an attempt by its name and mark.</summary>
public abstract record FindAnswer
{
    private FindAnswer() { }

    public sealed record Made(CloudMachine Machine) : FindAnswer;

    /// <summary>The provider lists nothing of it. A proof only when the grace time is over.</summary>
    public sealed record Absent : FindAnswer;

    public sealed record Unknown(CloudException Fault) : FindAnswer;
}

/// <summary>A machine at a provider, as it was last seen.</summary>
public sealed record CloudMachine
{
    /// <summary>The provider's.</summary>
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Place { get; init; }
    public required string Type { get; init; }
    public required CloudState State { get; init; }

    /// <summary>The provider's own word for its state.</summary>
    public required string Word { get; init; }
    public DateTimeOffset? Created { get; init; }

    /// <summary>What it waits for until it runs, in the provider's words.</summary>
    public string? Waits { get; init; }

    /// <summary>How a run on it ended, where the provider itself ended the machine and said why.</summary>
    public Outcome? Lost { get; init; }

    /// <summary>An address; of a pod, its name.</summary>
    public string? PublicAddress { get; init; }
    public string? PrivateAddress { get; init; }

    /// <summary>From its marks; null where they are missing.</summary>
    public string? Fleet { get; init; }
    public Guid? Order { get; init; }
    public DateTimeOffset? Until { get; init; }

    /// <summary>What came with it and may outlive it. Parts made by the provider bear no mark.</summary>
    public IReadOnlyList<CloudPart> Parts { get; init; } = [];

    /// <summary>Known of this machine alone, where it differs from the site's.</summary>
    public CloudPrice? Price { get; init; }
}

/// <summary>A volume, an address, a network interface or a key beside a machine.</summary>
/// <param name="Kind">The provider's word, such as <c>sbs_volume</c> or <c>primary_ip</c>.</param>
public sealed record CloudPart(string Kind, string Id, string Place, string? Name = null);

/// <summary>What a machine is doing. A word that is not known is <see cref="Unclear"/>, never gone.</summary>
public enum CloudState
{
    Starting,
    Running,
    Stopping,
    Stopped,
    Deleting,
    Broken,
    Unclear,
}

/// <summary>All machines and leftovers of a fleet.</summary>
public sealed record CloudListing(IReadOnlyList<CloudMachine> Machines, IReadOnlyList<CloudPart> Leftovers);

/// <summary>What a machine of a type costs in a place.</summary>
/// <param name="PerHour">With its address and disk.</param>
public sealed record CloudPrice(string Type, string Place, decimal PerHour, string Currency, BillingUnit Unit)
{
    /// <summary>The type of a price that holds for all of them.</summary>
    public const string EveryType = "";

    public bool IsOf(string type) => Type is EveryType || Type == type;
}

/// <summary>How a provider counts time: begun units cost a whole one, and no machine less than the least.</summary>
public sealed record BillingUnit(TimeSpan Step, TimeSpan Least, decimal LeastCost = 0, decimal? MonthlyCap = null);

/// <summary>Something that a look at a cloud site found.</summary>
public sealed record CloudFinding(bool IsError, string What, string Fix);
