namespace Muster.Sites.Clouds.Keeping;

/// <summary>How the machines of one site are kept.</summary>
public sealed record KeeperOptions
{
    public required string Site { get; init; }

    /// <summary>Most machines at once, with those that are only asked for.</summary>
    public required int Limit { get; init; }

    /// <summary>Most that the site may cost in any hour of the clock, in the currency of its prices.</summary>
    public decimal? HourBudget { get; init; }
    public decimal? DayBudget { get; init; }
    public decimal? MonthBudget { get; init; }

    /// <summary>What a machine gets with it when it boots; made anew for each attempt.</summary>
    public required Func<MachineRecord, FirstBoot> FirstBoot { get; init; }

    /// <summary>Takes secrets out of what providers say.</summary>
    public required Func<string, string> Redact { get; init; }

    /// <summary>Is told each event once it is stored.</summary>
    public Action<MachineRecord, MachineEvent>? Said { get; init; }

    /// <summary>How long after a doubtful call it can still turn out that a machine was made.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>An answer that nothing is there may be about a machine that a provider does not show yet.</summary>
    public TimeSpan Settling { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a machine may take until somebody was inside.</summary>
    public TimeSpan Boot { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long setting it up may take.</summary>
    public TimeSpan Prepare { get; init; } = TimeSpan.FromMinutes(30);
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long beyond its end the budget counts a machine, as a provider may not delete it at once.</summary>
    public TimeSpan Overrun { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>What a machine gets with it when it boots.</summary>
/// <param name="HostKey">The public half of the host key that is in the user data.</param>
public sealed record FirstBoot(string UserData, string HostKey);
