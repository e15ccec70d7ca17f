namespace Muster.Faults;

/// <summary>
/// How long to wait before trying or asking again: longer each time, and never quite the same, so that many of us do
/// not come back at once.
/// </summary>
/// <param name="random">Seeded, it gives the same pauses again.</param>
public sealed class Pause(Random random)
{
    public static Pause Usual { get; } = new(Random.Shared);

    /// <summary>What a pause is to be multiplied by.</summary>
    public double Share() => 0.75 + (random.NextDouble() / 2);

    /// <summary>Up to a quarter more or less than <paramref name="time"/>.</summary>
    public TimeSpan About(TimeSpan time) => time * Share();

    /// <summary>About <paramref name="first"/> after the first try, that much more after each, at most about
    /// <paramref name="most"/>.</summary>
    public TimeSpan After(int tries, TimeSpan first, TimeSpan most) =>
        About(first * tries < most ? first * tries : most);
}
