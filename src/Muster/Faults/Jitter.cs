namespace Muster.Faults;

/// <summary>Pauses that differ, so that those whom one fault has struck together do not come back together.</summary>
public static class Jitter
{
    public static TimeSpan Jittered(this TimeSpan pause) => Pause.Usual.About(pause);
}
