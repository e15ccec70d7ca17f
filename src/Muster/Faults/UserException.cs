namespace Muster.Faults;

/// <summary>
/// A fault that the user can fix: what went wrong and where, and the next step. Never holds a secret.
/// </summary>
public class UserException(string what, string fix, Exception? inner = null) : Exception(what, inner)
{
    public string Fix { get; } = fix;

    /// <summary>How the command line ends with it.</summary>
    public int ExitCode { get; init; } = ExitCodes.Fault;
}
