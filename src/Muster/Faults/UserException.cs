namespace Muster.Faults;

/// <summary>
/// A fault that the user can fix: what went wrong and where, and the next step. Never holds a secret.
/// </summary>
public class UserException(string what, string fix, Exception? inner = null) : Exception(what, inner)
{
    public string Fix { get; } = fix;

    /// <summary>What was typed or configured makes no sense: the exit code is that of wrong usage.</summary>
    public static UserException Misuse(string what, string fix, Exception? inner = null) =>
        new(what, fix, inner) { ExitCode = ExitCodes.Usage };

    /// <summary>How the command line ends with it.</summary>
    public int ExitCode { get; init; } = ExitCodes.Fault;
}
