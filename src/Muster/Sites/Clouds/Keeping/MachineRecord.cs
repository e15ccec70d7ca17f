using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// What is known here about one machine, from the wish for it to the proof that it is gone. It is also its line in the
/// ledger: what it costs, since when, until when.
/// </summary>
public sealed record MachineRecord
{
    /// <summary>The newest events are kept, and so many of them.</summary>
    private const int MostEvents = 40;

    public required MachineRequest Request { get; init; }
    public required string Site { get; init; }
    public required string Fleet { get; init; }
    public required DateTimeOffset Created { get; init; }
    public MachineState State { get; init; } = new MachineState.Planned();

    /// <summary>When it is looked at next.</summary>
    public required DateTimeOffset NextAt { get; init; }

    /// <summary>Attempts so far; the next one is one more.</summary>
    public int Attempts { get; init; }

    /// <summary>Nobody needs it any more, for this reason. It is kept until it is carried out.</summary>
    public string? Released { get; init; }

    /// <summary>Its absolute end, whatever happens. It moves with each attempt, as no machine lives before.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>As it was last seen, with every part that was ever seen with it.</summary>
    public CloudMachine? Machine { get; init; }

    /// <summary>Since when the provider has shown nothing of it, and how many times.</summary>
    public Absence? Missing { get; init; }

    /// <summary>The public half of its host key, which alone is accepted from it.</summary>
    public string? HostKey { get; init; }

    /// <summary>What it costs; before it is made, the price for which the budget was asked.</summary>
    public CloudPrice? Price { get; init; }

    /// <summary>When its cost begins; null while there is nothing that costs.</summary>
    public DateTimeOffset? MeterFrom { get; init; }

    /// <summary>When its cost ended: with the proof that it was gone.</summary>
    public DateTimeOffset? MeterTo { get; init; }

    /// <summary>When the provider last showed it.</summary>
    public DateTimeOffset? SeenAt { get; init; }

    /// <summary>Calls in a row that the provider was too busy for, since when.</summary>
    public Absence? Held { get; init; }
    public IReadOnlyList<MachineEvent> Events { get; init; } = [];

    /// <summary>
    /// What <c>cloud-init</c> gets in the attempt that is under way. It holds the machine's private host key, so it is
    /// stored apart, and forgotten as soon as it is known what became of the attempt.
    /// </summary>
    [JsonIgnore]
    public string? UserData { get; init; }

    [JsonIgnore]
    public Guid Id => Request.Id;

    [JsonIgnore]
    public bool IsGone => State is MachineState.Gone;

    /// <summary>It runs, or will: what a plan may count on.</summary>
    [JsonIgnore]
    public bool IsCapacity => Released is null && State is not (MachineState.Destroying or MachineState.Gone);

    [JsonIgnore]
    public string Name => MachineOrder.NameOf(Request.NamePrefix, Id);

    /// <summary>The last thing that happened, in words.</summary>
    [JsonIgnore]
    public string? Why => Events is [.., var last] ? last.Text : null;

    /// <summary>The attempt under way, as it was sent.</summary>
    [JsonIgnore]
    public MachineOrder? Order =>
        State switch
        {
            MachineState.Asking(var order, _) => order with { UserData = UserData ?? "" },
            MachineState.Doubtful(var order, _, _, _) => order with { UserData = UserData ?? "" },
            _ => null,
        };

    /// <summary>The same in another state, and why.</summary>
    internal MachineRecord To(MachineState state, DateTimeOffset now, string why) =>
        this with
        {
            State = state,
            NextAt = now,
            Held = null,
            MeterTo = state is MachineState.Gone ? MeterTo ?? now : MeterTo,
            UserData = state is MachineState.Asking or MachineState.Doubtful ? UserData : null,
            Events = Said(now, state.Word, why),
        };

    /// <summary>The same at another time, and why, where that is not what was said last.</summary>
    internal MachineRecord Later(DateTimeOffset next, DateTimeOffset now, string? why = null) =>
        this with
        {
            NextAt = next,
            Events = why is null || why == Why ? Events : Said(now, State.Word, why),
        };

    /// <summary>As it was seen now. Parts that were seen before are not forgotten: some show no more.</summary>
    internal MachineRecord Seen(CloudMachine machine, DateTimeOffset now) =>
        this with
        {
            Machine = machine with
            {
                Parts = [.. (Machine?.Parts ?? []).UnionBy(machine.Parts, part => (part.Kind, part.Id, part.Place))],
                Created = machine.Created ?? Machine?.Created,
                Lost = machine.Lost ?? Machine?.Lost,
            },
            Missing = null,
            SeenAt = now,
        };

    private MachineEvent[] Said(DateTimeOffset now, string word, string why) =>
        [.. Events.TakeLast(MostEvents - 1), new(now, word, why)];
}

/// <summary>Something that happened to a machine, with its reason in words.</summary>
public sealed record MachineEvent(DateTimeOffset At, string Word, string Text);

/// <summary>How often the same was seen in a row, and since when.</summary>
public sealed record Absence(DateTimeOffset First, int Count)
{
    internal static Absence Again(Absence? before, DateTimeOffset now) =>
        before is null ? new(now, 1) : before with { Count = before.Count + 1 };
}
