namespace Muster.Sites.Clouds.Keeping;

/// <summary>A provider that answers as a test says.</summary>
internal sealed class ScriptedCloud : ICloud
{
    public Func<MachineOrder, CreateAnswer> Create { get; set; } = order => new CreateAnswer.Made(Machine(order));
    public Func<MachineOrder, FindAnswer> Find { get; set; } = _ => new FindAnswer.Absent();
    public Func<string, CloudMachine?> Get { get; set; } = _ => null;
    public Func<CloudListing> List { get; set; } = () => new([], []);
    public Func<CloudMachine, bool> Destroy { get; set; } = _ => true;
    public IReadOnlyList<CloudPrice> Prices { get; set; } =
    [
        new("large", "north", 0.30m, "EUR", new(TimeSpan.FromHours(1), TimeSpan.Zero)),
        new("large", "south", 0.40m, "EUR", new(TimeSpan.FromHours(1), TimeSpan.Zero)),
    ];

    /// <summary>Every request, such as <c>create north 1</c>.</summary>
    public List<string> Calls { get; } = [];

    public static CloudMachine Machine(MachineOrder order, CloudState state = CloudState.Running) =>
        new()
        {
            Id = $"i-{order.Attempt}",
            Name = order.Name,
            Place = order.Place,
            Type = order.Type,
            State = state,
            Word = "as scripted",
            PublicAddress = "192.0.2.1",
            Fleet = order.Fleet,
            Order = order.Id,
            Until = order.Until,
        };

    public static CloudException Fault(CloudFault fault, string words) => new(fault, words, "Wait.");

    public Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct) =>
        Task.FromResult(Called($"create {order.Place} {order.Attempt}", () => Create(order)));

    public Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct) =>
        Task.FromResult(Called($"find {order.Place} {order.Attempt}", () => Find(order)));

    public Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct) =>
        Task.FromResult(Called($"get {id}", () => Get(id)));

    public Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct) =>
        Task.FromResult(Called("list", List));

    public Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct) =>
        Task.FromResult(Called($"destroy {machine.Id}", () => Destroy(machine)));

    public Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct) => Task.FromResult(Prices);

    public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<CloudFinding>>([]);

    public void Dispose() { }

    private T Called<T>(string call, Func<T> answer)
    {
        Calls.Add(call);
        return answer();
    }
}
