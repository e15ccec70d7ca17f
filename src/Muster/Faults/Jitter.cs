namespace Muster.Faults;

/// <summary>Pauses that differ, so that those whom one fault has struck together do not come back together.</summary>
public static class Jitter
{
    /// <summary>Half to one and a half of it.</summary>
#pragma warning disable CA5394 // nothing secret depends on it
    public static TimeSpan Jittered(this TimeSpan pause) => pause * (0.5 + Random.Shared.NextDouble());
#pragma warning restore CA5394
}
