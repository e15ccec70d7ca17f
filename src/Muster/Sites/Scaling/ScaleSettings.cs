using Muster.Storage;

namespace Muster.Sites.Scaling;

/// <summary>Which sites give machines to a gateway, how many, and what they may cost.</summary>
public sealed record ScaleSettings
{
    /// <summary>In the order of preference.</summary>
    public required IReadOnlyList<ScalePool> Pools { get; init; }
    public ScaleOrder Order { get; init; } = ScaleOrder.Preference;

    /// <summary>Machines of all pools at once; null for what the pools allow.</summary>
    public int? Most { get; init; }
    public ScaleBudget Budget { get; init; } = new(null, null, null);
}

/// <summary>Which pool is asked first where several would do.</summary>
public enum ScaleOrder
{
    Preference,
    Price,
}

/// <summary>What all machines together may cost in an hour, a day and a month.</summary>
public sealed record ScaleBudget(decimal? Hour, decimal? Day, decimal? Month)
{
    public bool IsSet => (Hour ?? Day ?? Month) is not null;
}

/// <summary>One site as a giver of machines.</summary>
public sealed record ScalePool
{
    public required string Site { get; init; }

    /// <summary>Machines at once.</summary>
    public required int Most { get; init; }

    /// <summary>Machines that are kept while nothing waits.</summary>
    public int Least { get; init; }

    /// <summary>Tasks of fewer images start no machine.</summary>
    public int? MinImages { get; init; }

    /// <summary>The smallest first.</summary>
    public IReadOnlyList<MachineSize> Sizes { get; init; } = [new()];

    /// <summary>How long a machine may be without work before it is given back.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a machine that runs may take until its node answers.</summary>
    public TimeSpan Boot { get; init; } = TimeSpan.FromMinutes(10);
    public int StartsPerMinute { get; init; } = 10;

    /// <summary>When machines may be started, in this machine's time; null for always.</summary>
    public DayHours? Hours { get; init; }
    public PoolNode Node { get; init; } = new();
}

/// <summary>What runs on a machine of the pool.</summary>
public sealed record PoolNode
{
    /// <summary>What processes tasks there.</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>The image that holds ODM; null for what is installed there.</summary>
    public string? Image { get; init; }

    /// <summary>The machine's folder for tasks; null for one that goes with the machine's run.</summary>
    public string? Data { get; init; }

    /// <summary>Where the node puts archives, beside giving them to the gateway.</summary>
    public S3Place? Bucket { get; init; }

    /// <summary>Tasks at once on one machine.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Muster's program for the site's machines, on this machine; null sends the one that runs here.</summary>
    public string? Program { get; init; }
}

/// <summary>A kind of machine, and the tasks that it is for.</summary>
public sealed record MachineSize
{
    /// <summary>The most images of a task; null for any number.</summary>
    public int? Images { get; init; }

    /// <summary>The provider's name for it, on a cloud site.</summary>
    public string? Type { get; init; }
    public int? Cpus { get; init; }
    public int? Gpus { get; init; }

    /// <summary>In bytes.</summary>
    public long? Memory { get; init; }

    /// <summary>How long one may be had; null as the site has it.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>What it costs in an hour.</summary>
    public decimal Price { get; init; }

    /// <summary>For people.</summary>
    public override string ToString() =>
        string.Join(
            ", ",
            new[]
            {
                Type,
                Cpus is { } cpus ? $"{cpus} cores" : null,
                Gpus is { } gpus ? $"{gpus} GPUs" : null,
                Memory is { } memory ? $"{memory / (double)(1L << 30):0.#} GB" : null,
                Time is { } time ? $"for {time.TotalHours:0.##} h" : null,
                Images is { } images ? $"tasks up to {images} images" : "tasks of any size",
                Price > 0 ? $"{Price} an hour" : null,
            }.OfType<string>()
        );
}

/// <summary>From one time of the day to another, over midnight where the second is the earlier.</summary>
public sealed record DayHours(TimeOnly From, TimeOnly To)
{
    public bool Holds(TimeOnly time) => From <= To ? time >= From && time < To : time >= From || time < To;

    public override string ToString() => $"{From:HH:mm}-{To:HH:mm}";
}
