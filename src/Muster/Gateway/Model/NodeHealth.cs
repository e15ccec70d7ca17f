namespace Muster.Gateway.Model;

/// <summary>
/// How a node has answered lately. One missed answer keeps new work away; only several make it offline.
/// </summary>
public sealed record NodeHealth
{
    public const int MissesUntilOffline = 3;
    public static readonly TimeSpan AwayUntilOffline = TimeSpan.FromSeconds(15);

    public static readonly NodeHealth Unknown = new();

    public DateTimeOffset? AnsweredAt { get; init; }
    public TimeSpan? Latency { get; init; }

    /// <summary>Answers missed in a row.</summary>
    public int Missed { get; init; }
    public DateTimeOffset? MissingSince { get; init; }
    public string? Fault { get; init; }

    /// <summary>It answered when it was last asked.</summary>
    public bool Answers => AnsweredAt is not null && Missed == 0;

    public bool IsOnline(DateTimeOffset now) =>
        AnsweredAt is not null && !(Missed >= MissesUntilOffline && Away(now) >= AwayUntilOffline);

    public TimeSpan Away(DateTimeOffset now) => MissingSince is { } since ? now - since : TimeSpan.Zero;

    /// <summary>How long the next answer is waited for: a busy node gets more time, not less.</summary>
    public TimeSpan Patience =>
        TimeSpan.FromSeconds(
            Missed switch
            {
                0 => 5,
                1 => 10,
                2 => 15,
                _ => 30,
            }
        );

    /// <summary>When it is asked again. A silent node is asked less and less often, down to twice a minute.</summary>
    public TimeSpan Pause(TimeSpan usual) =>
        Missed <= MissesUntilOffline
            ? usual
            : TimeSpan.FromSeconds(Math.Min(30, usual.TotalSeconds * (Missed - MissesUntilOffline + 1)));

    public static NodeHealth Well(TimeSpan latency, DateTimeOffset now) =>
        new() { AnsweredAt = now, Latency = latency };

    public NodeHealth MissedAnswer(string fault, DateTimeOffset now) =>
        this with
        {
            Missed = Missed + 1,
            MissingSince = MissingSince ?? now,
            Fault = fault,
        };
}
