namespace Muster.Faults;

/// <summary>
/// A fault that the user can mend: what went wrong and where, and the next step. Never holds a secret.
/// </summary>
public class UserException(string what, string mend, Exception? inner = null) : Exception(what, inner)
{
    public string Mend { get; } = mend;

    /// <summary>How the command line ends with it.</summary>
    public int ExitCode { get; init; } = ExitCodes.Fault;
}
