namespace Muster.Faults;

/// <summary>How `muster` itself ends. Attached commands end with the run's own code instead.</summary>
public static class ExitCodes
{
    public const int Done = 0;
    public const int Fault = 1;
    public const int Usage = 2;
    public const int AuthenticationNeeded = 4;
    public const int Bug = 70;
    public const int TimedOutWaiting = 124;
    public const int Unknown = 125;

    /// <summary>The command to be run is not there; shells say so, too.</summary>
    public const int NoCommand = 127;
    public const int Interrupted = 130;
}
